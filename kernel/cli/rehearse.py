"""``manage.py rehearse``: the main job from end to end, everything verified."""

from __future__ import annotations

import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

import click
from msgspec import to_builtins

from kernel import cli
from kernel.cli.output import Progress, json_option, print_json, table
from kernel.errors import Invalid
from kernel.founding import unfound
from kernel.reference import read
from kernel.rehearsal import Result, Watcher, rehearse
from kernel.settings import Settings

TARGET = click.Path(file_okay=False, path_type=Path)


@click.command
@click.option("--keep", type=TARGET, metavar="DIR", help="保留结果文件 keep the files there")
@json_option
@cli.database_option
def command(keep: Path | None, as_json: bool) -> None:
    """演练：两件公文从拟稿到全部签收 Rehearse the main job on a throw-away node.

    第一阶段把91号通知发给124个单位，第三阶段把第二件通知发给其余255个交换箱；每个收文单位验证、签收，
    每个公文包用独立验证程序核验。

    The founding notice goes to its 124 addressees in phase 1, a second notice to all 255 other
    boxes in phase 3. Every recipient verifies and signs for; every package is checked by the
    stand-alone verifier.

    --database 须是空数据库，演练后清空。A database that --database names has to be empty, and is
    emptied afterwards.

    退出码 exit code: 0 全部通过 all verified, 1 有问题 something is not.
    """
    cli.settings()  # a misspelt setting is said now, and not after a minute
    target = _target(keep)
    place = Path(tempfile.mkdtemp(prefix="juyan-rehearsal-"))
    settings = Settings(place / "node", cli.named_database(), demo=True)
    try:
        result = _rehearse(settings, target or place / "files")
    finally:
        unfound(settings)
        shutil.rmtree(place, ignore_errors=True)
    if as_json:
        print_json(_facts(result))
    else:
        _show(result, target)
    if not result.ok:
        raise click.exceptions.Exit(1)


def _target(keep: Path | None) -> Path | None:
    """The folder, empty and writable: what is wrong with it is said now, and not at the end."""
    if keep is None:
        return None
    try:
        keep.mkdir(parents=True, exist_ok=True)
        empty = not any(keep.iterdir())
        if empty:
            tempfile.TemporaryFile(dir=keep).close()
    except OSError as error:
        raise Invalid(
            "rehearse.keep",
            f"不能在 {keep} 写入文件（{error.strerror}），请另选一个可写的目录。",
            f"Nothing can be written in {keep} ({error.strerror}); name another folder.",
        ) from error
    if not empty:
        raise Invalid(
            "rehearse.keep",
            f"{keep} 不是空目录，请另选一个，以免与以前的文件混在一起。",
            f"{keep} is not empty; name another folder, so that old files do not mix in.",
        )
    return keep


def _rehearse(settings: Settings, keep: Path) -> Result:
    started = time.monotonic()

    def step(name: str) -> None:
        click.echo(f"{time.monotonic() - started:5.1f} s  {name}", err=True)

    shown: list[Progress] = []

    def unit(done: int, total: int) -> None:
        if done == 1:
            shown[:] = [Progress("       ", total)]
        shown[0].step()

    return rehearse(settings, read(), keep, Watcher(step, unit))


def _facts(result: Result) -> dict[str, Any]:
    return {"ok": result.ok, **to_builtins(result)}


def _show(result: Result, keep: Path | None) -> None:
    steps = [(one.name, f"{one.seconds:.1f} s") for one in result.steps]
    total = sum(one.seconds for one in result.steps)
    click.echo(table(("步骤 step", "用时 time"), [*steps, ("合计 total", f"{total:.1f} s")]))
    rows = [
        (one.number, one.units, one.delivered, one.packages_verified, one.signed_for)
        for one in result.documents
    ]
    heads = ("文号 number", "单位 units", "送达 delivered", "验证 verified", "签收 signed for")
    click.echo("\n" + table(heads, rows))
    mark = {True: "✓", False: "✗"}
    click.echo(f"\n{mark[result.pdf_verified]} PDF ({', '.join(result.pdf_checked_with)})")
    click.echo(f"{mark[result.log_verified]} 日志 log")
    for problem in result.problems:
        click.secho(f"✗ {problem}", fg="red")
    if keep is not None:
        click.echo(f"文件 files: {keep}")
    verdict = "全部通过 ALL VERIFIED" if result.ok else "没有全部通过 NOT ALL VERIFIED"
    click.secho(verdict, fg="green" if result.ok else "red", bold=True)
