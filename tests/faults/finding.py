"""Whether the fault runs find the planted bugs: each is put in, and its run must not be clean."""

from __future__ import annotations

from dataclasses import replace

from tests.faults import bench
from tests.faults.catalogue import CATALOGUE
from tests.faults.plants import PLANTS
from tests.faults.report import Found
from tests.faults.run import Options, Row, run_fault


def find(name: str, options: Options) -> Found:
    """Run the fault that should find a planted bug, until it does or its rounds are over."""
    bug = PLANTS[name]
    expect = tuple(f"{one} " for one in bug.breaks.split(", "))
    planted = replace(
        options, plant=bug.plant, focus=bug.focus, stop=True, runs=bug.within, expect=expect
    )
    row = Row(bug.fault, "", "")
    bench.planted.append(bug.plant)
    try:
        run_fault(CATALOGUE[bug.fault].fault, row, planted)
    finally:
        bench.planted.pop()
    # What it breaks must be named: a bug that only makes the run fall over is not found.
    named = [one for one in row.violations if one.partition("] ")[2].startswith(expect)]
    said = named[0] if named else ""
    rounds = row.runs if named else 0
    return Found(name, bug.breaks, bug.title_en, bug.fault, rounds, bug.within, said[:300])
