"""``python -m tests.fuzz``: bad input for every parser, as a table.

Exit code 0: nothing was answered as it may not be, 1: something was, 2: wrong usage.
"""

from __future__ import annotations

import json
import sys
import tempfile
import traceback
from collections.abc import Iterator, Sequence
from multiprocessing import Pool
from pathlib import Path

import click

from kernel.cli.output import table
from tests.fuzz.catalogue import PARSERS
from tests.fuzz.report import (
    FLOOR,
    HEADS,
    Facts,
    as_markdown,
    commit,
    facts_of,
    kept_of,
    low,
    row_of,
)
from tests.fuzz.running import Result, Violation, limited, luck_of, run

KEPT = Path(tempfile.gettempdir()) / "juyan-fuzz"


def _one(job: tuple[str, int, int]) -> Result:
    name, count, seed = job
    limited()
    try:
        return run(PARSERS[name], count, seed, measured=True)
    except Exception:  # of a sample or a generator; what is raised may not travel to the parent
        what = Violation(name, seed, -1, "changed", traceback.format_exc(limit=-5), b"")
        return Result(name, seed, violations=[what])


@click.command
@click.option("--count", default=10_000, show_default=True, help="inputs for each parser")
@click.option("--seed", default=1, show_default=True)
@click.option("--only", multiple=True, help="parsers, by name")
@click.option("--index", type=int, help="show this one input of the parser named with --only")
@click.option("--jobs", default=1, show_default=True, help="processes")
@click.option("--json", "as_json", is_flag=True)
@click.option("--write", type=click.Path(path_type=Path), help="write docs/fuzz.md")
@click.option("--lines", type=click.Path(path_type=Path), help="go on with what is noted here")
@click.option("--keep", type=click.Path(path_type=Path), default=KEPT, help="folder for inputs")
def main(
    count: int,
    seed: int,
    only: tuple[str, ...],
    index: int | None,
    jobs: int,
    as_json: bool,
    write: Path | None,
    lines: Path | None,
    keep: Path,
) -> None:
    """Feed every parser with made input and say what it answered.

    With --lines each parser is noted in that file as it is done; those in it are not run again.
    With --write what stands there of parsers that were not run this time stays.
    """
    names = only or tuple(PARSERS)
    unknown = set(names) - set(PARSERS)
    if unknown:
        raise click.UsageError(f"no such parser: {', '.join(sorted(unknown))}")
    if index is not None:
        _show(names[0], seed, index)
        return
    said = _noted(lines)
    commit()
    left = [(name, count, seed) for name in names if name not in said]
    for result in _results(left, jobs):
        facts = said[result.name] = facts_of(result)
        click.echo("  ".join(row_of(facts)), err=True)
        for violation in result.violations[:5]:
            click.echo(f"  --index {violation.index}: {violation.keep(keep)}", err=True)
            click.echo(violation.what, err=True)
        if lines is not None:
            with lines.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(facts) + "\n")
    _report([said[name] for name in PARSERS if name in said], seed, as_json, write)


def _noted(lines: Path | None) -> dict[str, Facts]:
    text = lines.read_text("utf-8") if lines is not None and lines.exists() else ""
    return {facts["parser"]: facts for facts in map(json.loads, text.splitlines())}


def _results(work: Sequence[tuple[str, int, int]], jobs: int) -> Iterator[Result]:
    """Each parser in a process of its own, so that what one has warmed up helps no other."""
    with Pool(jobs, maxtasksperchild=1) as pool:
        yield from pool.imap_unordered(_one, work, chunksize=1)


def _report(said: Sequence[Facts], seed: int, as_json: bool, write: Path | None) -> None:
    click.echo(json.dumps(said, indent=2) if as_json else table(HEADS, map(row_of, said)))
    if write is not None:
        reasons = {name: parser.unreached for name, parser in PARSERS.items()}
        kept = kept_of(write.read_text("utf-8")) if write.exists() else None
        write.write_text(as_markdown(said, seed, reasons, kept), "utf-8")
    if few := [one["parser"] for one in said if low(one)]:
        click.echo(f"below {FLOOR} % of branches: {', '.join(few)}", err=True)
    sys.exit(1 if any(one["violations"] for one in said) else 0)


def _show(name: str, seed: int, index: int) -> None:
    parser = PARSERS[name]
    how, given = parser.make(luck_of(name, seed, index), list(parser.samples()))
    click.echo(f"{how}: {given!r}")
    click.echo(repr(parser.read(given)))


if __name__ == "__main__":
    main()
