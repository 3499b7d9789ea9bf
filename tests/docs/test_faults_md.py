"""docs/faults.md lists every fault on each database and every planted bug, with what came of it."""

import re

from kernel.settings import ROOT
from tests.faults.catalogue import CATALOGUE
from tests.faults.plants import PLANTS


def rows(columns: int) -> list[list[str]]:
    table = (ROOT / "docs/faults.md").read_text("utf-8").partition("<!-- table -->")[2]
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return [row for row in cells if len(row) == columns]


def test_every_fault_stands_there_for_each_database_and_what_did_not_hold_is_said() -> None:
    said = {(row[0].split("`")[1], row[1]): row for row in rows(8)}
    due = {(name, kind) for name, entry in CATALOGUE.items() for kind in entry.databases}
    text = (ROOT / "docs/faults.md").read_text("utf-8")
    left = set(re.findall(r"^Not run: ([\w-]+) on (\w+)\.$", text, re.M))
    assert said.keys() | left == due and not said.keys() & left
    broken = {name for (name, _kind), row in said.items() if row[3] != "0"}
    assert broken == set(re.findall(r"^\*\*未守住 Not held: `([\w-]+)`", text, re.M))
    assert all(int(row[2]) > 0 and row[6] for row in said.values())


def test_the_required_counts_were_run() -> None:
    runs = {(row[0].split("`")[1], row[1]): int(row[2]) for row in rows(8)}
    assert runs["kill-random", "sqlite"] >= 2000
    assert runs["kill-random", "postgresql"] >= 2000
    assert runs["power-cut", "sqlite"] >= 2000


def test_every_planted_bug_stands_there_and_was_found() -> None:
    said = {row[0].strip("`"): row for row in rows(6)}
    assert said.keys() == PLANTS.keys()
    for name, row in said.items():
        assert row[2] == PLANTS[name].breaks
        assert row[4].startswith("round "), name
