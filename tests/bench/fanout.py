"""One dispatch to 1000 boxes: the transaction that lays it there, and the whole way."""

from __future__ import annotations

import statistics

from kernel.acts import outbox
from kernel.acts.gate import perform, prepare
from kernel.crypto import canonical
from kernel.exchange.models import Delivery, Package
from kernel.exchange.outbound import Letter, Recipient, plan
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.bench.measure import Clock, Result, side_by_side
from tests.bench.office import CLERK, add_boxes
from tests.bench.replay import Copy, Transaction, recording

BOXES = 1000


class FanOut:
    """An errand passed on to many organs at once; the same way as a notice goes."""

    def __init__(self, office: Office, boxes: int) -> None:
        self.office, self.boxes = office, boxes
        self.desk = office.desk(CLERK)
        self.recipients = [Recipient(code) for code in add_boxes(boxes)]
        self.whole: list[Clock] = []
        self.copy: Copy | None = None
        self.laid = Transaction()

    def planned(self) -> tuple[object, Package]:
        from plugins.errands.acts import new

        with transaction():
            errand = new(self.desk, "请各单位报送材料")
            payload = {"text": "材料" * 500}
            letter = Letter("errands.errand", errand.text, payload=payload)
            return errand, plan(self.desk, errand, letter, self.recipients)

    def ours(self, clock: Clock) -> None:
        """All of it is done; what counts here is the transaction with the deliveries."""
        from plugins.errands.acts import send

        errand, package = self.planned()
        whole = Clock()
        self.copy = Copy(self.office.settings.instance / "copy.db")
        envelope = canonical.digest(bytes(package.envelope))
        prepared = prepare(self.desk, send, errand, package=str(package.uid), envelope=envelope)
        signature = self.office.sign(self.desk, prepared)
        with recording() as written, whole.running():
            done = perform(self.desk, prepared, signature)
            assert outbox.settle(done.uid)
        with connection():
            laid = Delivery.select().where(Delivery.package == package.uid).count()
        assert laid == self.boxes, f"{laid} deliveries"
        self.written = written
        self.laid = max(written, key=lambda one: one.clock.wall)
        clock.wall, clock.cpu = self.laid.clock.wall, self.laid.clock.cpu
        self.whole.append(whole)

    def raw(self, clock: Clock) -> None:
        """The transactions before it are written too, untimed, so that the rows are the same."""
        assert self.copy is not None
        at = self.written.index(self.laid)
        self.copy.write(self.written[:at])
        with clock.running():
            self.copy.write([self.laid])
        self.copy.close()


def fan_out(office: Office, rounds: int, size: float = 1) -> list[Result]:
    """Two lines: the transaction against the same rows by executemany, and the whole way."""
    bench = FanOut(office, max(3, int(BOXES * size)))
    pair = side_by_side(rounds, bench.ours, bench.raw)
    whole = statistics.median(one.wall for one in bench.whole[1:]) * 1000
    cpu = statistics.median(one.cpu for one in bench.whole[1:]) * 1000
    return [
        pair.result(f"fan-out to {bench.boxes}: the transaction", 1.5),
        Result(
            f"fan-out to {bench.boxes}: sign, build, evidence, commit", whole, "ms", 2000.0,
            whole / 2000, "<= 2000 ms", whole <= 2000, {"cpu_ms": cpu, "rounds": rounds},
        ),
    ]  # fmt: skip
