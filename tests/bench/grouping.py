"""What waits is written together: commits, each of which waits for the disk, against one each."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

from kernel.acts import outbox
from kernel.acts.batch import perform_batch, prepare_batch
from kernel.acts.gate import perform, prepare
from kernel.acts.models import Effect
from kernel.crypto.ids import uuid7
from kernel.storage.database import db, transaction
from kernel.storage.log import append
from kernel.testing_office import Office
from tests.bench.measure import Clock, Result, side_by_side
from tests.bench.office import CLERK

ACTS, EFFECTS, CLERKS = 50, 50, 20
GOAL = 0.5
"""Commits against one by one; the acts of a crowd are grouped as they happen to come."""


@contextmanager
def counted() -> Iterator[list[None]]:
    """One entry for each commit meanwhile."""
    made: list[None] = []
    database: Any = db.obj
    commit = database.commit

    def count() -> Any:
        made.append(None)
        return commit()

    database.commit = count
    try:
        yield made
    finally:
        del database.commit


class Grouping:
    """Three crowds: acts of one batch, effects of the outbox, clerks who sign at once."""

    def __init__(self, office: Office, size: float) -> None:
        self.office, self.desk = office, office.desk(CLERK)
        self.acts, self.effects, self.clerks = (
            max(3, int(count * size)) for count in (ACTS, EFFECTS, CLERKS)
        )
        self.commits: dict[str, int] = {}

    @contextmanager
    def _measured(self, clock: Clock, name: str) -> Iterator[None]:
        with counted() as made, clock.running():
            yield
        self.commits[name] = len(made)

    def _errands(self, count: int) -> list[Any]:
        from plugins.errands.acts import new

        with transaction():
            return [new(self.desk, f"跑腿 {number}") for number in range(count)]

    def _prepared(self, count: int) -> list[tuple[Any, Any]]:
        from plugins.errands.acts import finish

        found = []
        for errand in self._errands(count):
            act = prepare(self.desk, finish, errand, remark="已办结。")
            found.append((act, self.office.sign(self.desk, act)))
        return found

    def batch(self, clock: Clock) -> None:
        from plugins.errands.acts import finish

        chosen = [(one, {"remark": "已办结。"}) for one in self._errands(self.acts)]
        batch = prepare_batch(self.desk, finish, chosen)
        signature = self.office.sign(self.desk, batch)  # type: ignore[arg-type]  # has a statement
        with self._measured(clock, "batch"):
            items = perform_batch(self.desk, batch, signature)
        assert all(item.act for item in items)

    def one_by_one(self, clock: Clock, count: int) -> None:
        ready = self._prepared(count)
        with self._measured(clock, "one by one"):
            for act, signature in ready:
                perform(self.desk, act, signature)

    def crowd(self, clock: Clock) -> None:
        ready = self._prepared(self.clerks)
        threads = [
            threading.Thread(target=partial(perform, self.desk, *each), daemon=True)
            for each in ready
        ]
        with self._measured(clock, "crowd"):
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()

    def drain(self, clock: Clock, handler: Callable[..., Any]) -> None:
        """Effects that write a line into the log each, as a receipt does."""
        before = outbox.handlers()
        while outbox.drain():  # what earlier benches left, which is no matter of this one
            pass
        outbox.handlers.fill(outbox.Handlers({"bench": handler}))
        try:
            with transaction():
                for _ in range(self.effects):
                    key = uuid7()
                    Effect.create(handler="bench", key=key, payload={"key": key})
            with self._measured(clock, "drain"):
                assert outbox.drain() >= self.effects  # and who hears of it
        finally:
            outbox.handlers.fill(before)


def _write(payload: dict[str, Any]) -> None:
    append("bench", payload["key"], payload)


def _alone(payload: dict[str, Any]) -> None:
    with transaction():
        _write(payload)


def grouping(office: Office, rounds: int, size: float = 1) -> list[Result]:
    """Three lines: value and baseline are commits; wall time beside them."""
    bench = Grouping(office, size)
    several = outbox.TwoSteps(lambda payload: partial(_write, payload))
    ways: list[tuple[str, int, Callable[[Clock], None], Callable[[Clock], None]]] = [
        (f"batch of {bench.acts} signed acts", bench.acts, bench.batch,
         partial(bench.one_by_one, count=bench.acts)),
        (f"outbox: {bench.effects} receipts", bench.effects,
         partial(bench.drain, handler=several), partial(bench.drain, handler=_alone)),
        (f"{bench.clerks} clerks sign at once", bench.clerks, bench.crowd,
         partial(bench.one_by_one, count=bench.clerks)),
    ]  # fmt: skip
    return [_line(bench, rounds, *way) for way in ways]


def _line(
    bench: Grouping,
    rounds: int,
    name: str,
    count: int,
    ours: Callable[[Clock], None],
    raw: Callable[[Clock], None],
) -> Result:
    made: tuple[list[int], list[int]] = ([], [])

    def counting(which: int, way: Callable[[Clock], None]) -> Callable[[Clock], None]:
        def run(clock: Clock) -> None:
            way(clock)
            made[which].append(next(reversed(bench.commits.values())))
            bench.commits.clear()

        return run

    pair = side_by_side(rounds, counting(0, ours), counting(1, raw), count)
    value, baseline = (sum(each[1:]) / rounds for each in made)
    ratio = value / baseline
    more = {
        "each_ms": pair.median("ours", "wall"),
        "each_alone_ms": pair.median("raw", "wall"),
        "per_commit": count / value,
        "rounds": rounds,
    }
    return Result(
        f"{name}: commits", value, "", baseline, ratio, f"<= {GOAL} x one by one",
        ratio <= GOAL, more,
    )  # fmt: skip
