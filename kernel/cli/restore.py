"""``manage.py restore``: a node out of a backup, in an empty folder."""

from __future__ import annotations

from pathlib import Path

import click

from kernel import cli
from kernel.cli.backup import KEY, Steps, passphrase_file
from kernel.cli.output import json_option, print_json
from kernel.restoring import Restored, restore
from kernel.settings import Settings
from kernel.storage.backup.sealed import read_passphrase

FOLDER = click.Path(file_okay=False, path_type=Path)


@click.command
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--instance", "folder", type=FOLDER, required=True, metavar="DIR",
    help="空目录或新目录 an empty or new folder",
)  # fmt: skip
@click.option(
    "--database", default="", metavar="URL",
    help="空的 PostgreSQL 数据库 an empty database, for a backup of PostgreSQL",
)  # fmt: skip
@KEY
@json_option
def command(source: Path, folder: Path, database: str, key: Path | None, as_json: bool) -> None:
    """从备份恢复节点 Make a node of a backup, verified, in an empty folder.

    恢复后的节点只能查看，直到两名管理员在“恢复运行”页面确认备份之后停用的插件、吊销的证书和
    已发出的文号。

    The node can be read and does not sign, until two administrators have said which keys and
    certificates were revoked and which numbers were given out since the backup (page Resume).

    退出码 exit code: 0 已恢复，日志一致 restored, the log holds; 1 日志不一致 it does not.
    """
    passphrase = read_passphrase(passphrase_file(_known(key), key))
    with Steps() as shown:
        done = restore(source, passphrase, folder.absolute(), shown.step, database=database)
    (_print if as_json else _say)(folder, done)
    if not done.log.ok:
        raise click.exceptions.Exit(1)


def _known(key: Path | None) -> Settings:
    """The settings of the node that the backup was made by, where it is still here."""
    return Settings() if key else cli.settings()


def _print(folder: Path, done: Restored) -> None:
    problems = [{"where": one.where, "what": one.what} for one in done.log.problems]
    print_json(
        {
            "ok": done.log.ok,
            "instance": str(folder),
            "created": done.manifest.origin.created,
            "continues": done.manifest.origin.checkpoint,
            "epoch": done.epoch,
            "leaves": done.log.size,
            "held": done.held,
            "problems": problems,
        }
    )


def _say(folder: Path, done: Restored) -> None:
    click.echo(f"已恢复到 Restored to {folder}")
    click.echo(f"  备份时间 as of {done.manifest.origin.created}")
    click.echo(f"  日志 log: {done.log.size} 条 leaves, {done.epoch}")
    for problem in done.log.problems:
        click.secho(f"✗ {problem.where}: {problem.what}", fg="red")
    lost = int(done.held.get("seen", 0)) - int(done.held.get("here", 0))
    if lost > 0:
        click.secho(f"  备份之后的 {lost} 条记录已丢失 records since are lost", fg="yellow")
    click.echo(
        f"启动 start: python3 manage.py --instance {folder} demo|serve\n"
        "只能查看，直到两名管理员确认“恢复运行”。Reading only, until two administrators resume."
    )
