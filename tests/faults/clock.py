"""Clocks that jump by an hour or a day, forwards and backwards, while people work."""

from __future__ import annotations

import mmap
import random
import struct
from datetime import datetime, timedelta
from pathlib import Path

from kernel.acts import outbox
from kernel.crypto import ids
from kernel.node import open_node
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.load import Load
from tests.faults.run import Options, Row, note

JUMPS = [timedelta(hours=1), timedelta(days=1), timedelta(minutes=3), timedelta(seconds=30)]
SMALL = ("acts.expired", "acts.used")
"""What a person may be told when the clock jumps over his two minutes; he starts anew."""


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
        clock.set(timedelta(0))
        _back_to_normal(say)


def _back_to_normal(say: Say) -> None:
    """With the right clock all is done within the longest wait, not a day later."""
    within = timedelta(seconds=outbox.LONGEST_WAIT) + outbox.LEASE
    ids.set_clock(lambda: ids._system_clock() + within)
    try:
        outbox.drain()
        if outbox.waiting():
            say(late=f"I7 {outbox.waiting()} effects wait longer than they may")
    finally:
        ids.set_clock(None)
