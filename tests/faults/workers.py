"""Two workers at the same effects: one stops in the middle, its lease runs out, another takes over,
and then the first one comes back and goes on as if nothing had been.

It stops (SIGSTOP, as of a machine that is suspended or swaps) before each statement that writes,
after each commit and before each fsync and rename of its work. Where it holds a transaction open
meanwhile, the other one may have to wait for it; both go on then.
"""

from __future__ import annotations

import os
import signal
from datetime import datetime
from pathlib import Path

from kernel.acts import outbox
from kernel.acts.gate import Done
from kernel.crypto import ids
from kernel.node import open_node
from kernel.storage import log
from kernel.storage.database import in_transaction
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.kills import LATER
from tests.faults.load import COUNTY, GFIN, Load
from tests.faults.run import Options, Row, note
from tests.faults.shapes import Seen, shape
from tests.faults.steps import Counter, file_steps, watched

PATIENCE = {False: 30.0, True: 0.7}
"""Seconds that the second worker has; fewer where the first one stopped within a transaction."""
ERRAND = "取三月简报"


def two_workers(options: Options, row: Row) -> None:
    """The first worker stops at each step of its work; see the head of this file."""
    with_effects = options.bench.fresh()
    before = _decided(options, with_effects)
    points = _round(options, with_effects, 0)[1]
    chosen = options.chosen(points, quick=10)
    over, seen = 0, Seen()
    for point in chosen:
        said, _, took_over, place = _round(options, with_effects, point)
        over += took_over
        told = [*before, *said]
        state, found = shape(options.bench, place, told)
        found += [one["defect"] for one in said if "defect" in one]
        # Whether the other one had to wait makes a difference of its own.
        if not seen.enough(f"{took_over} {state}"):
            found += options.look(place, told, seen.looked)
        options.bench.drop(place)
        drawn = "" if len(chosen) == points else f", {len(chosen)} drawn"
        row.note = f"{points} steps{drawn}; {over} × taken over while the first one stood still"
        row.note += f"; {seen.looked} looked through whole"
        if note(options, row, len(chosen), found, f"step {point}"):
            break
    options.bench.drop(with_effects)


class _Waiting(Load):
    """People who act while no worker runs."""

    def settled(self, done: Done) -> bool:
        """Nothing is, yet."""
        return False


def _decided(options: Options, place: Path) -> list[dict[str, object]]:
    """Leave the node with many effects of different kinds in its outbox."""
    with forked_signer(place):
        child = Child(lambda say: _decide(options, place, say))
        child.end()
    assert not child.facts("defect") + child.facts("refused"), child.said
    return child.said


def _decide(options: Options, place: Path, say: Say) -> None:
    with open_node(options.bench.settings(place)):
        done, waiting = Load(options.bench.facts, say), _Waiting(options.bench.facts, say)
        first, second = options.bench.facts["sent"]
        done.run(
            [
                lambda: done.ask(ERRAND),
                lambda: done.pass_on(ERRAND),
                lambda: done.sign_for(second, GFIN),
            ]
        )
        waiting.run([lambda: waiting.sign_for_errand(ERRAND)])
        if not options.focus:
            waiting.run(
                [
                    lambda: waiting.dispatch(options.bench.facts["sealed"][0]),
                    lambda: waiting.sign_for(first, GFIN),
                    lambda: waiting.send_back(first, COUNTY),
                    lambda: waiting.recall(second),
                ]
            )


def _round(
    options: Options, origin: Path, point: int
) -> tuple[list[dict[str, object]], int, bool, Path]:
    place = options.bench.fresh(origin)
    took_over = False
    with forked_signer(place):
        first = Child(lambda say: _first(options, place, point, say))
        if point and first.until("stopped"):
            os.waitpid(first.pid, os.WUNTRACED)
            second = Child(lambda say: _second(options, place, say))
            took_over = second.until("over", PATIENCE[first.facts("stopped")[0]])
            os.kill(first.pid, signal.SIGCONT)
            first.end()
            second.end()
            said = first.said + second.said
        else:
            first.end()
            said = [*first.said, *([{"defect": f"X no step {point}"}] if point else [])]
    return said, sum(first.facts("steps")), took_over, place


def _later() -> datetime:
    """The time at which the lease of the first worker has run out."""
    return ids._system_clock() + LATER


def _first(options: Options, place: Path, point: int, say: Say) -> None:
    def stop() -> None:
        say(stopped=in_transaction())
        os.kill(os.getpid(), signal.SIGSTOP)
        ids.set_clock(_later)  # time went on for this one, too

    options.plant()
    counter = Counter(point, stop)
    with open_node(options.bench.settings(place)):
        with watched(counter), file_steps(counter):
            outbox.drain()
            if log.integrate():
                log.checkpoint()
    say(steps=counter.count)


def _second(options: Options, place: Path, say: Say) -> None:
    options.plant()
    ids.set_clock(_later)
    with open_node(options.bench.settings(place)):
        outbox.drain()
        if log.integrate():
            log.checkpoint()
    say(over=True)
