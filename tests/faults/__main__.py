"""``python -m tests.faults``, for ``manage.py faults``."""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from pathlib import Path

from kernel import testing_parts
from kernel.cli.output import print_json
from kernel.node import open_node
from tests.faults import invariants, report
from tests.faults.bench import Bench, bench
from tests.faults.catalogue import CATALOGUE
from tests.faults.finding import find
from tests.faults.plants import PLANTS
from tests.faults.run import Options, Row, run_fault

BEGIN, END = "<!-- table -->\n", "<!-- end of table -->\n"


def main() -> int:
    """Run what the command line asks for; 0 when all held, 1 when not, 2 for a wrong name."""
    given = _arguments()
    logging.disable(logging.CRITICAL)  # what a round provokes is no news
    unknown = set(given.only) - {*CATALOGUE, *PLANTS}
    if unknown:
        print(f"没有这一项 no such fault: {', '.join(sorted(unknown))}", file=sys.stderr)
        print(f"可选 choose from: {', '.join([*CATALOGUE, *PLANTS])}", file=sys.stderr)
        return 2
    found = report.Report(machine=report.machine())
    beside = _plants_beside(given) if given.quick and not given.only else None
    for kind in _databases(given.database):
        with bench(kind) as place:
            with open_node(place.settings(place.template)):
                known = invariants.digests()
            _run(given, place, known, found)
            if place.kind == "sqlite" and not given.no_plants and beside is None:
                _find_planted(given, Options(place, known, given.seed), found)
    if beside is not None:
        found.take_plants(json.loads(beside.communicate()[0]))
    if given.write:
        _write(given.write, found)
    print_json(found.as_json()) if given.json else print(report.as_text(found))
    return 0 if found.ok else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests.faults")
    for name in ("quick", "json", "no-plants"):
        parser.add_argument(f"--{name}", action="store_true")
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--runs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", default="")
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


def _databases(named: str) -> list[str]:
    return ["sqlite", "postgresql"] if named == "both" else [named or "sqlite"]


def _run(
    given: argparse.Namespace, place: Bench, known: frozenset[str], found: report.Report
) -> None:
    options = Options(place, known, given.seed, given.runs, given.quick, watch=_watch)
    for name in [one for one in CATALOGUE if one in given.only or not given.only]:
        entry = CATALOGUE[name]
        if place.kind not in entry.databases:
            continue
        missing = [part for part in entry.needs if not testing_parts.find(part)]
        if missing:
            found.left_out.append(f"{name}, for lack of {', '.join(missing)}")
            continue
        row = Row(name, entry.title, entry.title_en, place.kind)
        found.rows.append(run_fault(entry.fault, row, options))
        _say(f"{row.name}: {row.runs} runs, {len(row.violations)} violations, {row.seconds} s")


def _plants_beside(given: argparse.Namespace) -> subprocess.Popen[bytes] | None:
    """In a short run the planted bugs are looked for in another process, on another core."""
    if given.no_plants:
        return None
    words = [f"--only={name}" for name in PLANTS] + [f"--seed={given.seed}", "--json"]
    command = [sys.executable, "-m", "tests.faults", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE)


def _find_planted(given: argparse.Namespace, options: Options, found: report.Report) -> None:
    for name in [one for one in PLANTS if one in given.only or not given.only]:
        missing = [
            part for part in CATALOGUE[PLANTS[name].fault].needs if not testing_parts.find(part)
        ]
        if missing:
            found.left_out.append(f"planted {name}, for lack of {', '.join(missing)}")
            continue
        one = find(name, options)
        found.plants.append(one)
        _say(f"planted {name}: {one.rounds or 'NOT FOUND'} of {one.within} rounds")


def _watch(name: str, done: int, total: int, wrong: int) -> None:
    if sys.stderr.isatty() or done % 50 == 0:
        ending = "\r" if sys.stderr.isatty() else "\n"
        print(f"  {name} {done}/{total}  {wrong} ✗ ", end=ending, file=sys.stderr, flush=True)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write(file: Path, found: report.Report) -> None:
    """Put the tables between their two marks, or into a file of its own; rows of earlier runs
    stay, so that a long run can be done fault by fault."""
    old = file.read_text("utf-8") if file.exists() else BEGIN + END
    before, _, rest = old.partition(BEGIN)
    table, _, after = rest.partition(END)
    written = report.as_markdown(found, table)
    file.write_text(before + BEGIN + "\n" + written + "\n" + END + after, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
