"""``manage.py test``: the checks of the house, then the tests, then one summary."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time

import click
from msgspec import Struct

from kernel import cli, testing_parts
from kernel.cli.output import table
from kernel.settings import ROOT

LINT_IMPORTS = "import sys; from importlinter.cli import lint_imports_command as c; sys.exit(c())"
CHECKS = {
    "ruff check": ["-m", "ruff", "check", "--quiet", "--output-format", "concise", "."],
    "ruff format": ["-m", "ruff", "format", "--check", "--output-format", "concise", "."],
    "imports": ["-c", LINT_IMPORTS, "--no-logo"],
    "mypy": ["-m", "mypy", "--no-error-summary"],
}
"""Cheap first; each is given to the Python of .venv."""


class Outcome(Struct, frozen=True):
    """How one step ended: its last line matters for pytest only."""

    name: str
    code: int
    seconds: float
    last: str = ""

    @property
    def row(self) -> tuple[str, str, str]:
        """The step's line in the summary."""
        verdict = "ok" if self.code == 0 else f"FAILED ({self.code})"
        return self.name, verdict, f"{self.seconds:.1f} s"


def _run(name: str, arguments: list[str]) -> Outcome:
    """Run a step with this Python, its output shown as it comes."""
    click.secho(f"── {name}", bold=True)
    started = time.monotonic()
    size = shutil.get_terminal_size()
    environment = {**os.environ, "COLUMNS": str(size.columns), "PYTHONUNBUFFERED": "1"}
    # Hundreds of processes would each compile everything again.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    process = subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    try:
        last = _show(process)
    except KeyboardInterrupt:
        process.wait()  # it was told as well, and has things to end
        raise
    return Outcome(name, process.wait(), time.monotonic() - started, last)


def _show(process: subprocess.Popen[bytes]) -> str:
    """Pass the output on in pieces (dots appear one by one) and give back its last line."""
    assert process.stdout is not None
    tail = b""
    while piece := os.read(process.stdout.fileno(), 65536):
        sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        tail = (tail + piece)[-2000:]
    lines = tail.decode("utf-8", "replace").strip().splitlines()
    return re.sub(r"\x1b\[[0-9;]*m", "", lines[-1]).strip("= ") if lines else ""


def _checks() -> list[Outcome]:
    return [_run(name, arguments) for name, arguments in CHECKS.items()]


def _pytest(full: bool, database: str, arguments: tuple[str, ...]) -> Outcome:
    colour = "--color=yes" if sys.stdout.isatty() else "--color=no"
    options = [colour, "--durations=10", "--durations-min=2", *(["--full"] if full else [])]
    options += ["--database", database] if database else []
    options += _side_by_side(arguments)
    return _run("pytest", ["-m", "pytest", *options, *arguments])


def _side_by_side(arguments: tuple[str, ...]) -> list[str]:
    """A process for each core, file by file: what a file sets up once stays with it.

    Where files are named the answer comes sooner without.
    """
    named = any((ROOT / one.partition("::")[0]).exists() for one in arguments)
    cores = 1 if named else min(4, os.cpu_count() or 1)
    # In the order of kernel.testing, which has the long files first.
    queue = ["--dist", "loadfile", "--no-loadscope-reorder"]
    return ["-n", str(cores), *queue] if cores > 1 else []


def _missing() -> list[str]:
    return [part for part in testing_parts.PARTS if testing_parts.find(part) is None]


@click.command(context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]})
@click.option("--full", is_flag=True, help="也运行耗时长的测试 the long runs too")
@click.option(
    "--database",
    metavar="KIND",
    help="sqlite, postgresql（临时服务器 a throw-away server）, URL",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="[ARGS]…")
def command(full: bool, database: str | None, arguments: tuple[str, ...]) -> None:
    """运行检查和测试 Run the checks (ruff, imports, mypy) and the tests.

    ARGS 原样交给 pytest；给出时只运行 pytest。
    ARGS go to pytest as they are, and then only pytest runs:

    \b
        manage.py test tests/house -k docstrings
    """
    started = time.monotonic()
    click.echo("\n".join(["机器上的组件 parts of the machine:", *testing_parts.overview()]))
    for part in _missing():
        click.secho(f"MISSING {part}: tests that need it are NOT RUN", fg="red", bold=True)
    outcomes = [] if arguments else _checks()
    named = database or cli.database_on_the_line()
    outcomes.append(_pytest(full, named, arguments))
    click.echo("\n" + table(("", "", ""), [one.row for one in outcomes]))
    _finish(outcomes, time.monotonic() - started)


def _finish(outcomes: list[Outcome], seconds: float) -> None:
    """The last lines: which checks failed, and what pytest counted."""
    for part in _missing():
        click.secho(f"MISSING {part}", fg="red")
    failed = [one.name for one in outcomes if one.code]
    if failed:
        click.secho(f"FAILED: {', '.join(failed)}  ({seconds:.0f} s)", fg="red", bold=True)
    click.echo(outcomes[-1].last)
    if failed:
        raise click.exceptions.Exit(1)
