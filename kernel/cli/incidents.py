"""``manage.py incidents``: defects, each with a number for people and a place in the code.

A defect of a command itself gets its number and its file here.
"""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

import click
from msgspec.structs import asdict

from kernel.cli.output import json_option, print_json, table
from kernel.errors import NotFound
from kernel.settings import Settings, load
from kernel.work import incidents


def record(error: BaseException, instance: Path | None = None) -> tuple[str, Path]:
    """Write down what happened and give the incident's number and its file.

    The file is readable by its owner only, because a trace can hold what a person typed.

    :param instance: the node's folder; its ``logs`` is used where it exists or can be made,
        else the machine's folder for temporary files.
    """
    now = datetime.now(UTC)
    number = f"{now:%Y%m%d}-{secrets.token_hex(3)}"
    trace = "".join(traceback.format_exception(error))
    text = f"{number} {now.isoformat()} {sys.argv[1:2]}\n{trace}"
    for folder in (_logs(instance), Path(tempfile.gettempdir())):
        file = folder / f"incident-{number}.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(file, text)
            return number, file
        except OSError:
            continue
    sys.stderr.write(text)
    return number, Path(os.devnull)


def _logs(instance: Path | None) -> Path:
    named = os.environ.get("JUYAN_INSTANCE")
    return (instance or (Path(named) if named else Settings().instance)) / "logs"


def _write(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)


@click.group(invoke_without_command=True)
@json_option
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """故障编号 Incidents: list them, or show one."""
    if ctx.invoked_subcommand is None:
        found = incidents.known(_folder(ctx))
        if as_json:
            print_json([asdict(one) for one in found])
            return
        rows = [(one.number, one.at, one.where, one.error) for one in found]
        click.echo(table(("编号 number", "时间 time", "位置 where", "错误 error"), rows))
        click.echo(f"{len(rows)} 项 incidents", err=True)


@command.command("show")
@click.argument("number")
@click.pass_context
def show(ctx: click.Context, number: str) -> None:
    """显示一项故障 Show one incident: where in the code it happened."""
    wanted = number.strip().upper()
    for one in incidents.known(_folder(ctx)):
        if one.number.upper() == wanted:
            shown = Path(one.file).read_text("utf-8") if one.file else "\n".join(one.trace)
            click.echo(f"{one.number}  {one.at}  {one.where}  {one.error}\n{shown}")
            return
    raise NotFound(
        "incidents.unknown",
        f"没有编号为 {number} 的故障。可运行 manage.py incidents 查看全部编号。",
        f"There is no incident {number}; manage.py incidents lists them all.",
    )


def _folder(ctx: click.Context) -> Path:
    given = ctx.find_root().params.get("instance")
    return load(given if isinstance(given, Path) else None).instance
