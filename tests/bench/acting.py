"""One signed act against writing its rows by hand and checking one signature."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import Any

from kernel.acts.gate import perform, prepare
from kernel.crypto import canonical, suites
from kernel.storage.database import transaction
from kernel.testing_office import Office
from tests.bench.measure import Clock, Result, side_by_side
from tests.bench.office import CLERK
from tests.bench.replay import Copy, Statement, Transaction, recording

ACTS = 20
"""How many acts a round performs."""


class Acting:
    """``errands.finish``: a signed act with an opinion, a state, a task done, and its leaf.

    :ivar floors: what no gate can leave out, round by round.
    """

    def __init__(self, office: Office, count: int) -> None:
        self.office, self.count = office, count
        self.desk = office.desk(CLERK)
        self.key = suites.new_key()
        self.signature = suites.sign(self.key, bytes(900))
        self.written: list[Transaction] = []
        self.asked: list[Statement] = []
        self.signed: list[bytes] = []
        self.floors: list[Clock] = []
        self.copies: list[Copy] = []

    def ours(self, clock: Clock) -> None:
        from plugins.errands.acts import new

        with transaction():
            errands = [new(self.desk, f"跑腿 {number}") for number in range(2 * self.count)]
        folder = self.office.settings.instance
        self.copies = [Copy(folder / name) for name in ("raw.db", "least.db")]
        # What is recorded is not what is timed: to note each statement takes its time as well.
        self.asked, self.signed = [], []
        with recording(self.asked) as self.written:
            for errand in errands[: self.count]:
                self.signed.append(self.finished(errand, Clock()))
        for errand in errands[self.count :]:
            self.finished(errand, clock)

    def finished(self, errand: Any, clock: Clock) -> bytes:
        """Prepare, sign, perform; the signing is the person's and not timed."""
        from plugins.errands.acts import finish

        with clock.running():
            prepared = prepare(self.desk, finish, errand, remark="已办结。")
        signature = self.office.sign(self.desk, prepared)
        with clock.running():
            perform(self.desk, prepared, signature)
        return prepared.statement.bytes

    def raw(self, clock: Clock) -> None:
        assert len(self.written) == 2 * self.count
        raw, least = self.copies
        public = self.key.public_key()
        with clock.running():
            for number in range(self.count):
                raw.write(self.written[2 * number : 2 * number + 2])
                suites.verify(public, bytes(900), self.signature)
        self.floors.append(Clock())
        self.least(least, self.floors[-1])
        raw.close()
        least.close()

    def least(self, copy: Copy, clock: Clock) -> None:
        """Only what no gate can leave out, and no answer looked at: besides the rows and the
        signature every question by a bare cursor, and the signed text written, read and hashed."""
        each = len(self.asked) // self.count
        public = self.key.public_key()
        values = [canonical.loads(data) for data in self.signed]
        with clock.running():
            for number in range(self.count):
                copy.ask(self.asked[each * number : each * number + each])
                copy.write(self.written[2 * number : 2 * number + 2])
                canonical.digest(canonical.dumps(values[number]))
                canonical.loads(self.signed[number])
                suites.verify(public, bytes(900), self.signature)


def signed_act(office: Office, rounds: int, size: float = 1) -> list[Result]:
    """Prepare and perform, without the signing, which is the person's."""
    bench = Acting(office, max(2, int(ACTS * size)))
    pair = side_by_side(rounds, bench.ours, bench.raw, bench.count)
    line = pair.result("signed act: prepare and perform", 1.5)
    floors = zip(bench.floors[1:], pair.raw, strict=True)
    least = statistics.median(floor.wall / raw.wall for floor, raw in floors)
    return [replace(line, more={**line.more, "floor_ratio": least})]
