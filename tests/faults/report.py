"""The table of a run, for people, for programs, and for docs/faults.md."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from typing import Any

from kernel import __version__
from kernel.cli.output import table
from kernel.settings import ROOT
from kernel.storage.faults import sqlite3
from tests.faults.catalogue import CATALOGUE
from tests.faults.plants import PLANTS
from tests.faults.run import Row

HEADS = (
    "故障 fault",
    "库 database",
    "轮 runs",
    "违反 violations",
    "秒 s",
    "种子 seed",
    "说明 note",
)
LONGEST = 2000


@dataclass
class Found:
    """What became of a planted bug. :ivar rounds: until it was caught; 0 when it was not."""

    name: str
    breaks: str
    title_en: str
    fault: str
    rounds: int
    within: int
    said: str = ""

    @property
    def caught(self) -> bool:
        """Whether the checks have found it."""
        return self.rounds > 0


@dataclass
class Report:
    """Everything that a run has shown."""

    rows: list[Row] = field(default_factory=list)
    plants: list[Found] = field(default_factory=list)
    left_out: list[str] = field(default_factory=list)
    machine: dict[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        """No violation, and no planted bug overlooked."""
        return not any(row.violations for row in self.rows) and all(p.caught for p in self.plants)

    def take_plants(self, said: dict[str, Any]) -> None:
        """Take over what another process has found, from its :meth:`as_json`."""
        names = [one.name for one in fields(Found)]
        self.plants += [Found(**{name: one[name] for name in names}) for one in said["planted"]]
        self.left_out += said["left_out"]

    def as_json(self) -> dict[str, Any]:
        """One JSON object."""
        rows = [asdict(row) for row in self.rows]
        plants = [asdict(one) | {"caught": one.caught} for one in self.plants]
        return {"ok": self.ok, "machine": self.machine, "faults": rows, "planted": plants,
                "left_out": self.left_out}  # fmt: skip


def machine() -> dict[str, str]:
    """Where and with what the run was made."""
    return {
        "date": datetime.now(UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "juyan": f"{__version__} {_commit()}".strip(),
        "python": platform.python_version(),
        "sqlite": str(sqlite3.sqlite_version),
        "system": f"{platform.system()} {platform.release()}, {os.cpu_count()} CPUs",
    }


def _commit() -> str:
    """Which state of the code was run; empty where it is no checkout."""
    command = ["git", "rev-parse", "--short=7", "HEAD"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def as_text(report: Report) -> str:
    """For the terminal."""
    parts = [table(HEADS, [_cells(row) for row in report.rows])]
    if report.plants:
        heads = ("植入缺陷 planted bug", "违反 breaks", "由 by", "轮 rounds", "结果 result")
        rows = [
            (p.name, p.breaks, p.fault, f"{p.rounds or p.within}/{p.within}", _verdict(p))
            for p in report.plants
        ]
        parts.append(table(heads, rows))
    parts += [f"未运行 NOT RUN: {one}" for one in report.left_out]
    wrong = [one[:LONGEST] for row in report.rows for one in row.violations]
    return "\n\n".join([*parts, *wrong[:40]])


def _cells(row: Row) -> tuple[object, ...]:
    name = f"{row.name} {row.title}"
    count = len(row.violations)
    return name, row.database, row.runs, count, row.seconds, row.seed, row.note


def _verdict(one: Found) -> str:
    return "查出 caught" if one.caught else "漏检 NOT CAUGHT"


def as_markdown(report: Report, before: str = "") -> str:
    """The two tables of docs/faults.md.

    :param before: the tables of an earlier run; what this run did not do stays as it was there.
    """
    facts = "; ".join(f"{name} {value}" for name, value in report.machine.items())
    date, code = report.machine["date"], report.machine["juyan"]
    day = f"{date.partition(' ')[0]} {code.partition(' ')[2]}".strip()
    faults, plants = _earlier(before, len(FAULT_HEADS)), _earlier(before, len(PLANT_HEADS))
    for row in report.rows:
        name = f"`{row.name}` {row.title_en}"
        counts = (row.runs, len(row.violations), round(row.seconds), row.seed)
        faults[name, row.database] = [name, row.database, *map(str, counts), day, row.note]
    for p in report.plants:
        caught = f"round {p.rounds} of at most {p.within}" if p.caught else "**not caught**"
        name = f"`{p.name}`"
        plants[name, p.title_en] = [name, p.title_en, p.breaks, f"`{p.fault}`", caught, day]
    lines = [f"Newest run: {facts}.", "", *_table(FAULT_HEADS, faults)]
    lines += ["", *_table(PLANT_HEADS, plants)] if plants else []
    done = {(_name(row), row[1]) for row in faults.values()}
    due = [(name, kind) for name, entry in CATALOGUE.items() for kind in entry.databases]
    lines += [
        "",
        *[f"Not run: {name} on {kind}." for name, kind in due if (name, kind) not in done],
    ]
    return "\n".join(lines).rstrip() + "\n"


FAULT_HEADS = ("fault", "database", "runs", "violations", "seconds", "seed", "date, code", "")
PLANT_HEADS = ("planted bug", "what it does", "breaks", "found by", "found in", "date, code")
Lines = dict[tuple[str, str], list[str]]


def _earlier(table: str, columns: int) -> Lines:
    """The rows of a table that was written before, by what names them."""
    lines = [line for line in table.splitlines() if line.startswith("| `")]
    cells = [[cell.strip() for cell in line.split("|")[1:-1]] for line in lines]
    return {(row[0], row[1]): row for row in cells if len(row) == columns}


def _table(heads: tuple[str, ...], rows: Lines) -> list[str]:
    order = {name: number for number, name in enumerate([*CATALOGUE, *PLANTS])}
    known = [row for row in rows.values() if _name(row) in order]
    known.sort(key=lambda row: (order[_name(row)], row[1] != "sqlite"))
    return [_line(heads), "|" + "---|" * len(heads), *[_line(row) for row in known]]


def _name(row: list[str]) -> str:
    return row[0].split("`")[1]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"
