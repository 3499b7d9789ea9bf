"""One signed act against writing its rows by hand and checking one signature."""

from __future__ import annotations

from kernel.acts.gate import perform, prepare
from kernel.crypto import suites
from kernel.storage.database import transaction
from kernel.testing_office import Office
from tests.bench.measure import Clock, Result, side_by_side
from tests.bench.office import CLERK
from tests.bench.replay import Copy, Transaction, recording

ACTS = 20
"""How many acts a round performs."""


class Acting:
    """``errands.finish``: a signed act with an opinion, a state, a task done, and its leaf."""

    def __init__(self, office: Office, count: int) -> None:
        self.office, self.count = office, count
        self.desk = office.desk(CLERK)
        self.key = suites.new_key()
        self.signature = suites.sign(self.key, bytes(900))
        self.written: list[Transaction] = []
        self.copy: Copy | None = None

    def ours(self, clock: Clock) -> None:
        from plugins.errands.acts import finish, new

        with transaction():
            errands = [new(self.desk, f"跑腿 {number}") for number in range(self.count)]
        self.copy = Copy(self.office.settings.instance / "copy.db")
        with recording() as self.written:
            for errand in errands:
                with clock.running():
                    prepared = prepare(self.desk, finish, errand, remark="已办结。")
                signature = self.office.sign(self.desk, prepared)
                with clock.running():
                    perform(self.desk, prepared, signature)

    def raw(self, clock: Clock) -> None:
        assert self.copy is not None and len(self.written) == 2 * self.count
        public = self.key.public_key()
        with clock.running():
            for number in range(self.count):
                self.copy.write(self.written[2 * number : 2 * number + 2])
                suites.verify(public, bytes(900), self.signature)
        self.copy.close()


def signed_act(office: Office, rounds: int, size: float = 1) -> list[Result]:
    """Prepare and perform, without the signing, which is the person's."""
    bench = Acting(office, max(2, int(ACTS * size)))
    pair = side_by_side(rounds, bench.ours, bench.raw, bench.count)
    return [pair.result("signed act: prepare and perform", 1.5)]
