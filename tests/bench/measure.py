"""Two ways to do the same thing, measured side by side in one process.

The raw way sets the measure: both run in the same rounds, one after the other, so that a busy
machine slows both. What is compared is the median over the rounds; CPU time stands beside it.
"""

from __future__ import annotations

import gc
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

ROUNDS = 7


@dataclass
class Clock:
    """Adds up wall and CPU time of the parts that count.

    :ivar wall: seconds. :ivar cpu: seconds of this process, all threads.
    """

    wall: float = 0.0
    cpu: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        cpu, wall = time.process_time(), time.perf_counter()
        yield
        self.wall += time.perf_counter() - wall
        self.cpu += time.process_time() - cpu


@dataclass(frozen=True)
class Result:
    """One line of the report.

    :ivar name: of the bench. :ivar value: the median of ours. :ivar baseline: the median of the
        raw way; None where the goal is absolute. :ivar ratio: ours to raw, or ours to the goal's
        unit. :ivar goal: what it must hold, in words. :ivar cpu, cpu_baseline: CPU beside wall.
    """

    name: str
    value: float
    unit: str
    baseline: float | None
    ratio: float | None
    goal: str
    ok: bool
    more: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass
class Pair:
    """The rounds of a bench: per operation, ours and the raw way, in milliseconds."""

    ours: list[Clock] = field(default_factory=list)
    raw: list[Clock] = field(default_factory=list)
    count: int = 1

    def median(self, which: str, what: str) -> float:
        clocks: list[Clock] = getattr(self, which)
        return statistics.median(getattr(one, what) for one in clocks) * 1000 / self.count

    def ratio(self, what: str) -> float:
        """The median of the rounds' ratios: noise that hits a whole round falls out."""
        pairs = zip(self.ours, self.raw, strict=True)
        return statistics.median(getattr(a, what) / getattr(b, what) for a, b in pairs)

    def result(self, name: str, at_most: float) -> Result:
        """Judged by wall time, as the goal is; CPU beside it."""
        ratio = self.ratio("wall")
        more = {
            "cpu_ms": self.median("ours", "cpu"),
            "cpu_baseline_ms": self.median("raw", "cpu"),
            "cpu_ratio": self.ratio("cpu"),
            "rounds": len(self.ours),
        }
        return Result(
            name, self.median("ours", "wall"), "ms", self.median("raw", "wall"), ratio,
            f"<= {at_most} x", ratio <= at_most, more,
        )  # fmt: skip


def side_by_side(
    rounds: int, ours: Callable[[Clock], object], raw: Callable[[Clock], object], count: int = 1
) -> Pair:
    """Run both in each round, first the one, then the other; the first round warms up only.

    :param count: how many operations a round does.
    """
    pair = Pair(count=count)
    for number in range(rounds + 1):
        clocks = Clock(), Clock()
        gc.collect()
        ours(clocks[0])
        gc.collect()
        raw(clocks[1])
        if number:
            pair.ours.append(clocks[0])
            pair.raw.append(clocks[1])
    return pair
