"""Clocks that jump by an hour or a day, forwards and backwards, while people work."""

from __future__ import annotations

import mmap
import random
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

from kernel.acts import clock as standing
from kernel.acts import outbox
from kernel.acts.house import timing
from kernel.acts.models import Act
from kernel.crypto import canonical, ids
from kernel.crypto.ids import parse_stamp
from kernel.node import open_node
from kernel.storage.database import connection
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.load import Load
from tests.faults.run import Options, Row, note

JUMPS = [timedelta(hours=1), timedelta(days=1), timedelta(minutes=3), timedelta(seconds=30)]
SMALL = ("acts.expired", "acts.used", "node.clock", "keys.not_yet")
"""What a person may be told when the clock jumps: over his two minutes, or behind the log. He has
the clock set right where he was told so, and starts anew."""
BEHIND = SMALL[2:]


def clock_jumps(options: Options, row: Row) -> None:
    """The clock jumps while each step runs; at the end it is right again, and all must end."""
    total = options.count(4, 200)
    for number in range(total):
        place = options.bench.fresh()
        clock = _Clock(number)
        with forked_signer(place, clock.now):
            child = Child(lambda say, at=(place, number, clock): _work(options, *at, say))
            child.end()
        refused = [code for code in child.facts("refused") if code not in SMALL]
        found = child.facts("defect") + [f"I7 refused: {code}" for code in refused]
        found += child.facts("late") + options.look(place, child.said, number)
        options.bench.drop(place)
        if note(options, row, total, found, f"round {number}"):
            return


class _Clock:
    """The clock of the machine, seen by the node and by the signer, which are two processes."""

    def __init__(self, seed: int) -> None:
        self._shared = mmap.mmap(-1, 8)
        self._draw = random.Random(seed)

    def now(self) -> datetime:
        """What the clock says."""
        (seconds,) = struct.unpack("q", self._shared[:8])
        return ids._system_clock() + timedelta(seconds=seconds)

    def jumping(self) -> datetime:
        """The same, and now and then it jumps, also in the middle of an act."""
        if self._draw.random() < 0.02:
            self.set(self._draw.choice([timedelta(0), *JUMPS, *(-jump for jump in JUMPS)]))
        return self.now()

    def set(self, ahead: timedelta) -> None:
        """Let it be that far ahead."""
        self._shared[:8] = struct.pack("q", int(ahead.total_seconds()))


def _work(options: Options, place: Path, seed: int, clock: _Clock, say: Say) -> None:
    options.plant()
    with open_node(options.bench.settings(place)):
        ids.set_clock(clock.jumping)
        load = Load(options.bench.facts, say)
        for step in load.mixed(seed):
            for _ in range(4):  # a person who is told to start anew does so
                before = len(load.refused)
                load.run([step])
                if len(load.refused) == before or load.refused[-1] not in SMALL:
                    break
                if load.refused[-1] in BEHIND:
                    clock.set(timedelta(0))
                    _accept(clock)
        clock.set(timedelta(0))
        ids.set_clock(clock.now)
        _accept(clock)
        _back_to_normal(say)
        with connection():
            for found in _in_order():
                say(late=found)


def _accept(clock: _Clock) -> None:
    """What an operator does: where the clock is right and the log was ahead, he says so."""
    ids.set_clock(clock.now)
    try:
        if standing.is_behind():
            timing.accept()
    finally:
        ids.set_clock(clock.jumping)


def _in_order() -> Iterator[str]:
    """Times of acts never go back, but where an act of the node says so; nor do signatures."""
    last: Act | None = None
    for row in Act.select().order_by(Act.id):
        said = canonical.loads(bytes(row.bytes))
        late = timedelta(minutes=2, seconds=5)
        if row.weight == "signed" and abs(row.at - parse_stamp(said["issued"])) > late:
            yield f"T {row.verb} was signed at {said['issued']} and taken at {row.at}"
        if last is not None and row.at < last.at and row.verb != standing.ACCEPT:
            yield f"T {row.verb} at {row.at} comes after {last.verb} at {last.at}"
        last = row


def _back_to_normal(say: Say) -> None:
    """With the right clock all is done within twice the longest wait, not a day later. The worker
    looks at once, and again and again: what a clock an hour ahead has put off is not put off then.
    """
    within = 2 * (timedelta(seconds=outbox.LONGEST_WAIT) + outbox.LEASE)
    ids.set_clock(None)
    outbox.drain()
    ids.set_clock(lambda: ids._system_clock() + within)
    try:
        outbox.drain()
        if outbox.waiting():
            say(late=f"I7 {outbox.waiting()} effects wait longer than they may")
    finally:
        ids.set_clock(None)
