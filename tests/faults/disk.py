"""A disk that is full, or answers with errors, for a while: refused in words, and going on."""

from __future__ import annotations

from pathlib import Path

from kernel.errors import OfficeError
from kernel.exchange.models import Delivery
from kernel.node import open_node
from kernel.storage.database import connection
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.kills import Call, calls_of, held, straced
from tests.faults.load import Load
from tests.faults.run import Options, Row, note
from tests.faults.scenes import short

FULL = ("ENOSPC", "pwrite64,write,ftruncate,mkdir")
BROKEN = ("EIO", "pwrite64,write,fsync,fdatasync,ftruncate")
POINTS = 300
"""So many of the places are drawn in a full run, for each error."""


def disk_full(options: Options, row: Row) -> None:
    """Every kind of write is refused with ENOSPC from some place on, for 1 to 61 writes."""
    _errors(options, row, *FULL)


def disk_broken(options: Options, row: Row) -> None:
    """The same with EIO, also at the syncs."""
    _errors(options, row, *BROKEN)


def _errors(options: Options, row: Row, error: str, calls: str) -> None:
    every = _round(options, options.bench.fresh(), [], calls)[1]
    most = min(len(every), options.count(4, POINTS))
    draw = options.random(error)
    places = sorted(draw.sample(range(len(every)), most))
    words = hit = 0
    for number, first in enumerate(places):
        refused = every[first : first + 1 + draw.choice([0, 0, 3, 20, 60])]
        place = options.bench.fresh()
        child, _, count = _round(options, place, _inject(error, refused), calls)
        found = child.facts("defect") + options.look(place, child.said, number)
        words += any(code.startswith("storage.") for code in child.facts("refused"))
        hit += count > 0
        options.bench.drop(place)
        row.note = f"{len(every)} writes, {most} drawn, {hit} hit; refused in words in {words}"
        if hit < 0.9 * (number - 3):
            found.append(f"X only {hit} of {number + 1} rounds met an error")
        about = f"{error} at {refused[0][0]} {refused[0][1]}, {len(refused)} ×"
        if note(options, row, most, found, about):
            return


def _inject(error: str, calls: list[Call]) -> list[str]:
    """strace counts the calls of each name by themselves."""
    spans: dict[str, list[int]] = {}
    for name, number in calls:
        spans.setdefault(name, []).append(number)
    return [
        f"--inject={name}:error={error}:when={numbers[0]}..{numbers[-1]}"
        for name, numbers in spans.items()
    ]


def _round(
    options: Options, place: Path, inject: list[str], calls: str
) -> tuple[Child, list[Call], int]:
    """The load, with errors or without; gives its calls, or how many of them met an error."""
    log = options.bench.folder / "disk.log"
    with forked_signer(place):
        child, let_go = held(lambda say: _at_work(options, place, say))
        with straced(child.pid, "-o", str(log), f"--trace={calls}", *inject):
            let_go()
            child.end()
    if inject:
        return child, [], log.read_text(errors="replace").count("(INJECTED)")
    options.bench.drop(place)
    return child, calls_of(child.pid, log, calls), 0


def _at_work(options: Options, place: Path, say: Say) -> None:
    options.plant()
    try:
        with open_node(options.bench.settings(place)):
            load = Load(options.bench.facts, say)
            for step in short(load, options.focus):
                load.run([step])
                with connection():
                    Delivery.select().count()  # reading goes on, whatever was refused
    except OfficeError as error:
        say(refused=error.code)  # while opening, or reading right after an error
    say(over=True)
