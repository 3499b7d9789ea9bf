"""Two or more calls at the same moment, in every order: threads that stop at statement boundaries.

::

    def scene():
        frozen.restore()
        return [lambda: recall_it(), lambda: sign_for_it()]

    for run in every_order(scene):
        assert [one.code for one in run.refused] == ["exchange.settled"], run.order

On SQLite a writing transaction is one step, because nobody sees anything of it before its commit
and nobody else writes meanwhile; a reading statement outside of it is a step of its own. So the
orders can be enumerated, and those that only exchange two readings are left out (sleep sets,
Godefroid 1996). On PostgreSQL every statement is a step, rows are locked by the database, and the
orders are drawn with a seed.

Group commit on SQLite (:mod:`kernel.storage.grouping`) is part of it: a call that has handed in its
piece stops before it takes the lead, so that in some orders another one writes both.
"""

from __future__ import annotations

import queue
import random
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from kernel.errors import OfficeError
from kernel.storage import grouping
from tests.faults.steps import is_sqlite, watched

Call = Callable[[], object]
Scene = Callable[[], Sequence[Call]]
"""Puts the state back to the beginning and gives the calls that race."""
PATIENCE = 20.0
"""Seconds after which a thread that does not come back is a defect."""
LOCKED = 0.05
"""Seconds after which a thread on PostgreSQL is taken to wait for a row of another one."""
WRITES, READS, ENDS = "writes", "reads", "ends"


@dataclass
class Run:
    """One order and what came of it.

    :ivar order: which call took each step. :ivar results: what each call returned, or raised.
    """

    order: tuple[int, ...] = ()
    results: list[Any] = field(default_factory=list)

    @property
    def refused(self) -> list[OfficeError]:
        """The refusals, in the order of the calls."""
        return [one for one in self.results if isinstance(one, OfficeError)]

    @property
    def defects(self) -> list[BaseException]:
        """What was raised and is no refusal."""
        wrong = [one for one in self.results if isinstance(one, BaseException)]
        return [one for one in wrong if not isinstance(one, OfficeError)]


class _Actor(threading.Thread):
    def __init__(self, index: int, call: Call, events: queue.SimpleQueue[tuple[int, str]]) -> None:
        super().__init__(daemon=True, name=f"actor-{index}")
        self.index = index
        self.result: Any = None
        self._call = call
        self._events = events
        self._go = threading.Semaphore(0)
        self._whole = 0

    def let_go(self) -> None:
        self._go.release()

    def at(self, when: str, sql: str) -> None:
        """Called in this thread around each of its statements."""
        word = sql.lstrip().split(maxsplit=1)[0].upper()
        if is_sqlite():
            # From BEGIN to COMMIT it is one step: see the head of this file.
            if when == "after":
                self._whole += {"BEGIN": 1, "COMMIT": -1, "ROLLBACK": -(" TO " not in sql)}.get(
                    word, 0
                )
                return
            if self._whole:
                return
        elif when == "after":
            return
        self.stop(READS if word == "SELECT" else WRITES)

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """Stop, and then do all of the block in one step."""
        self.stop(WRITES)
        self._whole += 1
        try:
            yield
        finally:
            self._whole -= 1

    def stop(self, kind: str) -> None:
        self._events.put((self.index, kind))
        self._go.acquire()

    def run(self) -> None:
        self.stop(READS)
        try:
            self.result = self._call()
        except BaseException as error:
            self.result = error
        self._events.put((self.index, ENDS))


class _Turn:
    """Stands for the lock of group commit: whoever wants to write has handed in what he has, and
    stops; whoever goes on first writes it with his own. Nobody stops while he leads a group."""

    def __init__(self) -> None:
        self._plain = threading.Lock()
        self._held = threading.local()

    def __enter__(self) -> None:
        actor = threading.current_thread()
        self._held.by = actor.at_once() if isinstance(actor, _Actor) else self._plain
        self._held.by.__enter__()

    def __exit__(self, *error: Any) -> None:
        self._held.by.__exit__(*error)


class _Race:
    """The threads of one run, and where each of them stands."""

    def __init__(self, calls: Sequence[Call]) -> None:
        self._events: queue.SimpleQueue[tuple[int, str]] = queue.SimpleQueue()
        self.actors = [_Actor(number, call, self._events) for number, call in enumerate(calls)]
        self.ready: dict[int, str] = {}
        self._away = set(range(len(calls)))
        self.order: list[int] = []

    def start(self) -> None:
        for actor in self.actors:
            actor.start()
        while self._away:
            self._take(PATIENCE)

    def hook(self, when: str, sql: str) -> None:
        actor = threading.current_thread()
        if isinstance(actor, _Actor):
            actor.at(when, sql)

    def step(self, chosen: int) -> None:
        """Let one thread do one step; others that waited for its locks come on as well."""
        del self.ready[chosen]
        self.order.append(chosen)
        self._away.add(chosen)
        self.actors[chosen].let_go()
        if is_sqlite():
            self._take(PATIENCE)
        else:
            self._settle()

    def _settle(self) -> None:
        """Wait until all are at a boundary, or wait for each other; not longer than need be."""
        while self._away:
            try:
                self._take(LOCKED if self.ready else PATIENCE)
            except TimeoutError:
                return

    def _take(self, patience: float) -> None:
        try:
            index, kind = self._events.get(timeout=patience)
        except queue.Empty:
            if patience < PATIENCE:
                raise TimeoutError from None
            names = ", ".join(self.actors[one].name for one in self._away)
            raise AssertionError(f"these do not come back: {names} after {self.order}") from None
        self._away.discard(index)
        if kind != ENDS:
            self.ready[index] = kind


def race(calls: Sequence[Call], choose: Callable[[dict[int, str]], int]) -> Run:
    """Run the calls once; ``choose`` says who takes the next step, of those that are ready.

    :param choose: is given index → ``reads`` or ``writes`` of the step that comes next.
    """
    one = _Race(calls)
    with watched(one.hook), _turns():
        one.start()
        while one.ready:
            one.step(choose(dict(sorted(one.ready.items()))))
        for actor in one.actors:
            actor.join(PATIENCE)
    return Run(tuple(one.order), [actor.result for actor in one.actors])


@contextmanager
def _turns() -> Iterator[None]:
    module: Any = grouping
    plain = module._writing
    module._writing = _Turn()
    try:
        yield
    finally:
        module._writing = plain


def seeded_orders(scene: Scene, runs: int, seed: int = 0) -> Iterator[Run]:
    """As many random orders as asked for; the same seed gives the same ones on SQLite."""
    draw = random.Random(seed)
    for _ in range(runs):
        yield race(scene(), lambda ready: draw.choice(list(ready)))


@dataclass
class _Node:
    """One point of the tree of orders: who could go on, who was tried, who need not be."""

    ready: dict[int, str]
    sleep: set[int]
    tried: list[int] = field(default_factory=list)

    def next(self) -> int | None:
        return next((one for one in self.ready if one not in self.sleep | {*self.tried}), None)


class _Tree:
    """Depth first through the orders, each run from the beginning."""

    def __init__(self) -> None:
        self._path: list[_Node] = []
        self._depth = 0

    def begin(self) -> None:
        self._depth = 0

    def choose(self, ready: dict[int, str]) -> int:
        if self._depth == len(self._path):
            self._path.append(_Node(ready, self._asleep(ready)))
        node = self._path[self._depth]
        self._depth += 1
        if self._depth < len(self._path):
            return node.tried[-1]
        # Where all are asleep the rest of this order is known already; it is run all the same.
        chosen = node.next()
        chosen = next(iter(ready)) if chosen is None else chosen
        node.tried.append(chosen)
        return chosen

    def _asleep(self, ready: dict[int, str]) -> set[int]:
        """Whose step may as well come later: tried before, and it does not touch this one's."""
        if not self._path:
            return set()
        above = self._path[-1]
        done, before = above.tried[-1], {*above.sleep, *above.tried[:-1]}
        if done in above.sleep:
            return set(ready)  # nothing below here is new
        if above.ready[done] == WRITES:
            return set()
        return {one for one in before if above.ready.get(one) == READS and one in ready}

    def advance(self) -> bool:
        """Go to the next order; False when there is none."""
        del self._path[self._depth :]
        while self._path and self._path[-1].next() is None:
            self._path.pop()
        return bool(self._path)


def every_order(scene: Scene, most: int = 10_000) -> Iterator[Run]:
    """Every order that can make a difference, on SQLite.

    :raises AssertionError: there are more than ``most``; use :func:`seeded_orders` then.
    """
    assert is_sqlite(), "on PostgreSQL the orders are drawn: seeded_orders"
    tree, count = _Tree(), 0
    while True:
        tree.begin()
        yield race(scene(), tree.choose)
        count += 1
        if not tree.advance():
            return
        assert count < most, f"more than {most} orders"
