"""kill -9: at a random moment, at every step of Python, at every write that reaches the kernel."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from kernel.cli.running import Worker
from kernel.crypto import ids
from kernel.node import open_node
from tests.faults import steps
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.load import Load
from tests.faults.run import Options, Row, note

BURST = 5
"""Kills on the same copy of the node before it is looked through."""
LATER = timedelta(minutes=20)
WRITES = "pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir"
"""The calls of the kernel by which anything of a process outlives it."""


def kill_at_random(options: Options, row: Row) -> None:
    """Three people and the worker, as threads of one process, killed at a random moment; then the
    next process on the same node, which first has to recover, and so on; then the check."""
    total = options.count(15, 2000)
    row.note = f"{BURST} kills between two checks"
    for number in range(-(-total // BURST)):
        place = options.bench.fresh()
        with forked_signer(place) as signer:
            said = _burst(options, place, number, signer)
        found = [one["defect"] for one in said if "defect" in one]
        found += options.look(place, said, number)
        options.bench.drop(place)
        row.runs += BURST - 1
        if note(options, row, total, found, f"round {number}"):
            return


def _burst(options: Options, place: Path, number: int, signer: Child) -> list[dict[str, Any]]:
    draw = options.random("kill", number)
    said: list[dict[str, Any]] = []
    for turn in range(BURST):
        child = Child(lambda say, turn=turn: _at_work(options, place, turn, say))
        child.until("open")
        child.hear(draw.uniform(0, 0.7))
        # Now and then the signer dies first: the node must ask again.
        if draw.random() < 0.02:
            signer.kill()
            child.hear(draw.uniform(0, 0.05))
        child.kill()
        said += child.said
    return said


def _at_work(options: Options, place: Path, turn: int, say: Say) -> None:
    options.plant()
    # Later each time, so that the leases of those who died have run out.
    ids.set_clock(lambda: ids._system_clock() + turn * LATER)
    with open_node(options.bench.settings(place)):
        load = Load(options.bench.facts, say)
        chains = list(load.chains().values())
        halves = [chains[0] + chains[3], chains[1] + chains[4], chains[2]]
        say(open=True)
        with Worker():
            people = [threading.Thread(target=load.run, args=(half,)) for half in halves]
            for person in people:
                person.start()
            for person in people:
                person.join()
        say(over=True)


# ── at every step ───────────────────────────────────────────────────────────────────────


class _Counter:
    """Counts the steps that leave something behind, and dies at one of them."""

    def __init__(self, deadly: int) -> None:
        self.count = 0
        self._deadly = deadly

    def __call__(self, when: str, what: str) -> None:
        word = what.lstrip().split(maxsplit=1)[0].upper()
        # What only reads leaves nothing; after a step nothing happens until the next one,
        # except that somebody is told.
        if word in ("SELECT", "PRAGMA", "OPEN") or (when == "after" and word != "COMMIT"):
            return
        self.count += 1
        if self.count == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)


def kill_at_steps(options: Options, row: Row) -> None:
    """One process does everything in turn; it dies before each statement, after each commit and
    before each fsync and rename, one after the other."""
    points = _steps_of(options, 0)[1]
    chosen = options.chosen(points, quick=14)
    row.note = f"{points} points" + ("" if len(chosen) == points else f", {len(chosen)} drawn")
    for number, point in enumerate(chosen):
        child, _, place = _dying_round(options, point)
        found = child.facts("defect") + options.look(place, child.said, number)
        if not _killed(child):
            found.append(f"X it did not die at step {point}")
        options.bench.drop(place)
        if note(options, row, len(chosen), found, f"step {point}"):
            return


def _killed(child: Child) -> bool:
    return os.WTERMSIG(child.status or 0) == signal.SIGKILL


def _dying_round(options: Options, point: int) -> tuple[Child, int, Path]:
    """A round that comes to its step; near the end one may take a step less, and is done anew."""
    for _ in range(2):
        child, count, place = _steps_of_round(options, point)
        if _killed(child):
            return child, count, place
        options.bench.drop(place)
    return _steps_of_round(options, point)


def _steps_of(options: Options, point: int) -> tuple[Child, int]:
    child, count, place = _steps_of_round(options, point)
    options.bench.drop(place)
    assert child.facts("steps"), child.facts("defect")
    return child, count


def _steps_of_round(options: Options, point: int) -> tuple[Child, int, Path]:
    place = options.bench.fresh()
    with forked_signer(place):
        child = Child(lambda say: _step_by_step(options, place, point, say))
        child.end()
    return child, sum(child.facts("steps")), place


def _step_by_step(options: Options, place: Path, point: int, say: Say) -> None:
    options.plant()
    counter = _Counter(point)
    with open_node(options.bench.settings(place)):
        load = Load(options.bench.facts, say)
        with steps.watched(counter), steps.file_steps(counter):
            load.run(short(load, options.focus))
            for thread in set(threading.enumerate()) - {threading.current_thread()}:
                thread.join(5)
    say(steps=counter.count)


def short(load: Load, focus: str = "") -> list[Callable[[], None]]:
    """Each kind of act once, in a fixed order; or one kind alone."""
    chains = load.chains()
    if focus:
        return FOCUS[focus](load, chains)
    return [
        chains["numbers"][0],
        *chains["dispatch"],
        chains["receipts"][1],
        load.sequence,
        *chains["recall"],
        *chains["errand"][:2],
        load.sequence,
    ]


Steps = list[Callable[[], None]]
FOCUS: dict[str, Callable[[Load, dict[str, Steps]], Steps]] = {
    "number": lambda load, chains: chains["numbers"][:1],
    "dispatch": lambda load, chains: chains["dispatch"][:1],
    "receipt": lambda load, chains: chains["receipts"][1:2],
    "errand": lambda load, chains: chains["errand"],
    "log": lambda load, chains: [load.sequence, chains["receipts"][1], load.sequence],
}
"""Parts of the load, for planted bugs that show in one of them."""


# ── at every write ──────────────────────────────────────────────────────────────────────


@contextmanager
def straced(pid: int, *options: str) -> Iterator[subprocess.Popen[Any]]:
    """strace at a process (and its threads) until the block ends."""
    process = subprocess.Popen(
        ["strace", "-f", "-p", str(pid), *options],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    assert process.stderr is not None
    try:
        said = b""
        while b"attached" not in said:
            line = process.stderr.readline()
            said += line
            if not line:
                raise RuntimeError(f"strace: {said.decode(errors='replace')}")
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()


def held(job: Callable[[Say], None]) -> tuple[Child, Callable[[], None]]:
    """A child that waits until it is let go."""
    wait, go = os.pipe()

    def first_wait(say: Say) -> None:
        os.close(go)
        os.read(wait, 1)
        job(say)

    child = Child(first_wait)
    os.close(wait)

    def let_go() -> None:
        os.write(go, b".")
        os.close(go)

    return child, let_go


def count_writes(log: Path) -> int:
    """How many calls a strace log holds that leave something behind."""
    names = WRITES.replace(",", "|")
    return len(re.findall(rf"^(?:\d+ +)?(?:{names})\(", log.read_text(errors="replace"), re.M))


def kill_at_writes(options: Options, row: Row) -> None:
    """The node dies at the entry of each call that writes, syncs, renames or removes a file."""
    _at_writes(options, row, node=True)


def kill_signer_at_writes(options: Options, row: Row) -> None:
    """The signer dies at each of its own writes: its journal; the node asks a new one again."""
    _at_writes(options, row, node=False)


def _at_writes(options: Options, row: Row, node: bool) -> None:
    points = _written(options, 0, node)[0]
    chosen = options.chosen(points, quick=8 if node else 3)
    row.note = f"{points} writes" + ("" if len(chosen) == points else f", {len(chosen)} drawn")
    for number, point in enumerate(chosen):
        _, child, place = _written(options, point, node)
        found = child.facts("defect") + options.look(place, child.said, number)
        options.bench.drop(place)
        if note(options, row, len(chosen), found, f"write {point}"):
            return


def _written(options: Options, point: int, node: bool) -> tuple[int, Child, Path]:
    place = options.bench.fresh()
    log = place / "strace.log"
    kill = [f"--inject={WRITES}:signal=SIGKILL:when={point}"] if point else []
    with forked_signer(place) as signer:
        child, let_go = held(lambda say: _in_turn(options, place, say))
        victim = child if node else signer
        with straced(victim.pid, "-o", str(log), f"--trace={WRITES}", *kill):
            let_go()
            child.end()
    count = count_writes(log)
    if not point:
        options.bench.drop(place)
    return count, child, place


def _in_turn(options: Options, place: Path, say: Say) -> None:
    options.plant()
    with open_node(options.bench.settings(place)):
        load = Load(options.bench.facts, say)
        load.run(short(load, options.focus))
    say(over=True)
