"""What every fault run shares: how long, with which seed, and what is counted."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.bench import Bench
from tests.faults.recovery import Plant, Round, look_through


@dataclass
class Row:
    """One line of the table."""

    name: str
    title: str
    title_en: str
    database: str = "sqlite"
    runs: int = 0
    violations: list[str] = field(default_factory=list)
    seconds: float = 0.0
    seed: int = 0
    note: str = ""


@dataclass
class Options:
    """How the runs are done.

    :ivar runs: rounds of each fault; 0 takes what the fault itself says.
    :ivar quick: seconds instead of minutes; points are drawn instead of enumerated.
    :ivar plant: a planted bug, applied in the processes of a round; see :mod:`plants`.
    :ivar stop: end a fault with its first violation.
    :ivar expect: the invariants whose violation ends it; empty for any.
    :ivar focus: only this part of the load, see :data:`tests.faults.scenes.FOCUS`.
    """

    bench: Bench
    known: frozenset[str]
    seed: int = 1
    runs: int = 0
    quick: bool = False
    plant: Plant = lambda: None
    stop: bool = False
    focus: str = ""
    expect: tuple[str, ...] = ()
    watch: Callable[[str, int, int, int], None] = lambda name, done, total, wrong: None

    def count(self, quick: int, full: int) -> int:
        """How many rounds: as asked for, or the fault's own number."""
        return self.runs or (quick if self.quick else full)

    def random(self, *about: object) -> random.Random:
        """Random numbers that the seed and the words about them give."""
        return random.Random(f"{self.seed} {about}")

    def chosen(self, points: int, quick: int) -> list[int]:
        """All points from 1 on, or as many as asked for, spread over them; in no order where the
        first violation is the end."""
        most = min(points, self.runs or (quick if self.quick else points))
        drawn = self.random("points", points).sample(range(1, points + 1), most)
        return drawn if self.stop else sorted(drawn)

    def look(
        self,
        place: Path,
        said: list[dict[str, object]],
        number: int,
        known: frozenset[str] = frozenset(),
    ) -> list[str]:
        """The violations after one round; every fourth one is worked to the end.

        :param said: everything that the processes of the round said.
        :param known: digests of what was verified in this round's beginning.
        """
        again = number % 4 == 0
        one = Round(self.bench, place, self.known | known, self.plant, again, seed=number)
        return look_through(one, said)


Fault = Callable[[Options, Row], None]


def run_fault(fault: Fault, row: Row, options: Options) -> Row:
    """Run one fault and fill its row."""
    started = time.monotonic()
    row.seed = options.seed
    fault(options, row)
    row.seconds = round(time.monotonic() - started, 1)
    return row


def note(options: Options, row: Row, total: int, found: list[str], about: str) -> bool:
    """Count a round; True when the fault should end with it."""
    row.runs += 1
    row.violations += [f"[{row.name} {about}] {one}" for one in found]
    options.watch(row.name, row.runs, total, len(row.violations))
    return options.stop and any(one.startswith(options.expect or "") for one in found)
