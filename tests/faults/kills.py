"""kill -9: at a random moment, at every step of Python, at every write that reaches the kernel."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
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
from tests.faults.scenes import Scene, play, scenes
from tests.faults.shapes import Seen, shape

BURST = 10
"""Kills on the same copy of the node before it is looked through."""
LONGEST = 0.45
"""Seconds after its opening at which a process is dead at the latest; the work takes two."""
LATER = timedelta(minutes=20)
WRITES = "pwrite64,write,fsync,fdatasync,ftruncate,rename,renameat,renameat2,unlink,unlinkat,mkdir"
"""The calls of the kernel by which anything of a process outlives it."""


def kill_at_random(options: Options, row: Row) -> None:
    """Three people and the worker, as threads of one process, killed at a random moment; then the
    next process on the same node, which first has to recover, and so on; then the check.

    Only those count that struck a process in its opening or at work: who had done all is let go.
    """
    total = options.count(16, 2000)
    number = opening = signers = 0
    while row.runs < total:
        place = options.bench.fresh()
        with forked_signer(place) as signer:
            burst = _burst(options, place, number, signer)
        found = [one["defect"] for one in burst.said if "defect" in one]
        found += options.look(place, burst.said, number)
        options.bench.drop(place)
        row.runs += burst.kills - 1
        opening, signers = opening + burst.opening, signers + burst.signers
        row.note = f"all in mid-operation: {opening} while opening, {signers} with the signer"
        number += 1
        if note(options, row, total, found, f"round {number - 1}"):
            return


@dataclass
class _Burst:
    """Kills on one copy. :ivar opening: those before the node was open. :ivar signers: those
    shortly before which the signer was killed."""

    said: list[dict[str, Any]] = field(default_factory=list)
    kills: int = 0
    opening: int = 0
    signers: int = 0


def _burst(options: Options, place: Path, number: int, signer: Child) -> _Burst:
    draw = options.random("kill", number)
    burst = _Burst()
    for turn in range(BURST):
        child = Child(lambda say, turn=turn: _at_work(options, place, turn, say))
        if draw.random() < 0.8:
            child.until("open")
            child.hear(draw.uniform(0, LONGEST))
        else:
            child.hear(draw.uniform(0, 0.15))
        # Now and then the signer dies first: the node must ask again.
        if draw.random() < 0.02:
            signer.kill()
            burst.signers += 1
            child.hear(draw.uniform(0, 0.05))
        child.kill()
        burst.said += child.said
        if child.facts("over"):
            break
        burst.kills += 1
        burst.opening += not child.facts("open")
    return burst


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


def kill_at_steps(options: Options, row: Row) -> None:
    """One process does one act after the other; it dies before each statement, after each commit
    and before each fsync and rename of each."""
    _everywhere(options, row, _stepped, "steps", quick=14)


def _stepped(options: Options, scene: Scene, point: Point) -> Kill:
    place = options.bench.fresh(scene.start)
    with forked_signer(place):
        number = point if isinstance(point, int) else 0
        child = Child(lambda say: _step_by_step(options, place, scene.number, number, say))
        child.end()
    points = list(range(1, sum(child.facts("steps")) + 1))
    return Kill(place, child, points, _killed(child))


def _step_by_step(options: Options, place: Path, number: int, point: int, say: Say) -> None:
    counter = steps.Counter(point)
    with steps.watched(counter), steps.file_steps(counter):
        play(options, place, number, say)
        for thread in set(threading.enumerate()) - {threading.current_thread()}:
            thread.join(5)
    say(steps=counter.count)


# ── at every point of a kind ────────────────────────────────────────────────────────────


@dataclass
class Kill:
    """One scene that was cut short. :ivar points: how many there were. :ivar struck: whether the
    victim was killed where it should be."""

    place: Path
    child: Child
    points: Sequence[Point]
    struck: bool


Point = int | tuple[str, int] | None
"""A step by its number, or a call by its name and how often it was called before; None for none."""
Strike = Callable[[Options, Scene, Point], Kill]
QUICK = 3
"""So many scenes are drawn in a quick run."""
TRIES = 3
"""A scene may take a write less than when it was counted; it is done anew then."""


def _everywhere(options: Options, row: Row, strike: Strike, what: str, quick: int) -> None:
    """Strike at each point of each scene, on a fresh copy each time, and look it through."""
    acts = scenes(options)
    if options.quick:
        acts = options.random("scenes").sample(acts, min(len(acts), QUICK))
    every = [(scene, point) for scene in acts for point in _points(options, scene, strike)]
    chosen = [every[one - 1] for one in options.chosen(len(every), quick)]
    seen, missed = Seen(), 0
    for scene, point in chosen:
        kill = _struck(options, scene, point, strike)
        missed += not kill.struck
        said = [*scene.before, *kill.child.said]
        state, found = shape(options.bench, kill.place, said)
        found += kill.child.facts("defect")
        if not seen.enough(f"{scene.number} {state}"):
            found += options.look(kill.place, said, seen.looked, scene.known)
        options.bench.drop(kill.place)
        row.note = _counted(len(every), len(chosen), what, missed)
        row.note += f"; {seen.looked} looked through whole"
        if missed > 3 + len(chosen) // 50:
            found.append(f"X {missed} times nothing was killed")
        if note(options, row, len(chosen), found, f"scene {scene.number}, {what} {point}"):
            return


def _points(options: Options, scene: Scene, strike: Strike) -> Sequence[Point]:
    whole = strike(options, scene, None)
    options.bench.drop(whole.place)
    assert not whole.child.facts("defect"), whole.child.facts("defect")
    return whole.points


def _struck(options: Options, scene: Scene, point: Point, strike: Strike) -> Kill:
    for _ in range(TRIES - 1):
        kill = strike(options, scene, point)
        if kill.struck:
            return kill
        options.bench.drop(kill.place)
    return strike(options, scene, point)


def _counted(points: int, chosen: int, what: str, missed: int) -> str:
    said = f"{points} {what}" + ("" if chosen == points else f", {chosen} drawn")
    return said + (f", {missed} not come to" if missed else "")


def _killed(child: Child) -> bool:
    return os.WTERMSIG(child.status or 0) == signal.SIGKILL


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
    said = b""
    while b"attached" not in said:
        line = process.stderr.readline()
        said += line
        if not line:
            raise RuntimeError(f"strace: {said.decode(errors='replace')}")
    try:
        rest = threading.Thread(target=process.stderr.read, daemon=True)
        rest.start()
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait()
        rest.join()
        process.stderr.close()


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


Call = tuple[str, int]
"""A call by its name and its number among those of this name, as strace counts them."""


def calls_of(pid: int, log: Path, names: str) -> list[Call]:
    """The calls of these names that a process has made, in their order.

    :raises AssertionError: other threads made some as well; strace counts each of them by itself.
    """
    lines = re.findall(
        rf"^(\d+) +({names.replace(',', '|')})\(", log.read_text(errors="replace"), re.M
    )
    assert {int(thread) for thread, _ in lines} <= {pid}, f"not one thread only: {log}"
    counted: Counter[str] = Counter()
    calls = []
    for _, name in lines:
        counted[name] += 1
        calls.append((name, counted[name]))
    return calls


def kill_at_writes(options: Options, row: Row) -> None:
    """The node dies at the entry of each call that writes, syncs, renames or removes a file."""
    _everywhere(options, row, _written, "writes", quick=8)


def kill_signer_at_writes(options: Options, row: Row) -> None:
    """The signer dies at each of its own writes: its journal; the node asks a new one again."""
    _everywhere(options, row, _written_by_signer, "writes", quick=4)


def _written(options: Options, scene: Scene, point: Point) -> Kill:
    return _traced(options, scene, point, node=True)


def _written_by_signer(options: Options, scene: Scene, point: Point) -> Kill:
    return _traced(options, scene, point, node=False)


def _traced(options: Options, scene: Scene, point: Point, node: bool) -> Kill:
    place = options.bench.fresh(scene.start)
    log = options.bench.folder / "strace.log"
    kill = []
    if isinstance(point, tuple):
        kill = [f"--inject={point[0]}:signal=SIGKILL:when={point[1]}"]
    with forked_signer(place, one_thread=True) as signer:
        child, let_go = held(lambda say: play(options, place, scene.number, say))
        victim = child if node else signer
        with straced(victim.pid, "-o", str(log), f"--trace={WRITES}", *kill):
            let_go()
            child.end()
        struck = _killed(child) if node else signer.died()
    return Kill(place, child, [] if kill else calls_of(victim.pid, log, WRITES), struck)
