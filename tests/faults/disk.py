"""A disk that is full, or answers with errors, for a while: refused in words, and going on."""

from __future__ import annotations

from pathlib import Path

from kernel.errors import OfficeError
from kernel.exchange.models import Delivery
from kernel.node import open_node
from kernel.storage.database import connection
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.kills import count_writes, held, short, straced
from tests.faults.load import Load
from tests.faults.run import Options, Row, note

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
    _, points = _round(options, options.bench.fresh(), "", calls)
    most = min(points, options.count(6, POINTS))
    draw = options.random(error)
    places = sorted(draw.sample(range(1, points + 1), most))
    words = 0
    for number, first in enumerate(places):
        last = first + draw.choice([0, 0, 3, 20, 60])
        place = options.bench.fresh()
        child, _ = _round(options, place, f"{calls}:error={error}:when={first}..{last}", calls)
        found = child.facts("defect") + options.look(place, child.said, number)
        words += any(code.startswith("storage.") for code in child.facts("refused"))
        options.bench.drop(place)
        row.note = f"{points} writes, {most} drawn; refused in words in {words}"
        if note(options, row, most, found, f"{error} at {first}..{last}"):
            return


def _round(options: Options, place: Path, inject: str, calls: str) -> tuple[Child, int]:
    log = options.bench.folder / "disk.log"
    with forked_signer(place):
        child, let_go = held(lambda say: _at_work(options, place, say))
        wanted = [f"--inject={inject}"] if inject else []
        with straced(child.pid, "-o", str(log), f"--trace={calls}", *wanted):
            let_go()
            child.end()
    if not inject:
        options.bench.drop(place)
    return child, count_writes(log)


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
