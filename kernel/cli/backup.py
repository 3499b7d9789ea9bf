"""``manage.py backup``: everything that the node is, in one encrypted and verified file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import click

from kernel import cli
from kernel.cli.output import Progress, json_option, print_json
from kernel.crypto.ids import now
from kernel.errors import Invalid
from kernel.node import open_node
from kernel.restoring import back_up
from kernel.settings import Settings
from kernel.storage.backup import reading
from kernel.storage.backup.manifest import Manifest
from kernel.storage.backup.sealed import make_passphrase, read_passphrase

FILE = click.Path(dir_okay=False, path_type=Path)
KEY = click.option(
    "--key",
    type=FILE,
    metavar="FILE",
    help="口令文件 the file with the passphrase [演示节点 demo nodes: keys/backup.key]",
)


class _WriteUnlessNamed(click.Group):
    """``backup TARGET`` writes; ``backup verify FILE`` is a command of its own."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args and args[0] not in self.commands and args[0] not in ("-h", "--help"):
            args = ["write", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_WriteUnlessNamed, options_metavar="", subcommand_metavar="TARGET | verify FILE")
def command() -> None:
    """备份 Back up the running node: database, files, keys, settings, plugins, themes.

    TARGET 是备份文件，或放备份文件的目录；运行中的节点照常办公。写完后读回核验，才成为备份。
    恢复：manage.py restore。

    TARGET is the file to write, or the folder to write it into. The node goes on working; what
    was written is read back before it counts. To restore: manage.py restore.
    """


@command.command("write")
@click.argument("target", type=click.Path(path_type=Path))
@KEY
@json_option
def write(target: Path, key: Path | None, as_json: bool) -> None:
    """写备份（缺省命令）Write a backup; what `backup TARGET` does.

    口令文件另行保管：没有它，备份打不开。
    Keep the passphrase file elsewhere: without it nobody can open the backup.
    """
    settings, started = cli.settings(), time.monotonic()
    file = passphrase_file(settings, key)
    with open_node(settings), Steps() as shown:
        passphrase = read_passphrase(file) if key else make_passphrase(file)
        path = _named(target)
        made = back_up(settings, path, passphrase, shown.step)
    seconds = round(time.monotonic() - started, 1)
    facts = {**_facts(path, made), "key": str(file), "seconds": seconds}
    if as_json:
        print_json(facts)
        return
    click.echo(f"备份完成，已读回核验 Backed up and verified: {path}")
    click.echo(f"  {facts['bytes']:,} B, {facts['parts']} 个文件 files, {seconds} s")
    click.echo(f"  口令文件，请另行保管 passphrase, keep it elsewhere: {file}")


@command.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@KEY
@json_option
def verify(file: Path, key: Path | None, as_json: bool) -> None:
    """核验备份 Read a backup to its last byte and check all of it.

    退出码 exit code: 0 完好 whole, 1 不完好 altered or damaged.
    """
    passphrase = read_passphrase(passphrase_file(cli.settings(), key))
    with file.open("rb") as stream, Steps() as shown:
        total = file.stat().st_size
        made = reading.verify(stream, passphrase, lambda done: shown.step("verify", done, total))
    if as_json:
        print_json(_facts(file, made))
        return
    click.echo(f"备份完好 The backup is whole: {made.origin.created}, {len(made.parts)} files")
    click.echo(f"  节点 node {made.origin.node}\n  根证书 root {made.root}")


def passphrase_file(settings: Settings, key: Path | None) -> Path:
    """The file with the passphrase: the one named, or on a demo node the node's own.

    :raises Invalid: ``backup.key`` when none was named and the node is no demo.
    """
    if key is None and not settings.demo:
        raise Invalid(
            "backup.key",
            "请用 --key 指定口令文件（至少12个字符），并保存在本机以外的地方。",
            "Name a file with a passphrase (12 characters or more) with --key, and keep a copy of "
            "it away from this machine.",
        )
    return key or settings.instance / "keys" / "backup.key"


def _named(target: Path) -> Path:
    if target.is_dir():
        return target / f"juyan-{now():%Y%m%d-%H%M%S}.backup"
    if not target.parent.is_dir():
        raise Invalid(
            "backup.folder",
            f"没有目录 {target.parent}，请先建立，或换一个位置。",
            f"There is no folder {target.parent}; make it, or name another place.",
        )
    return target


def _facts(path: Path, made: Manifest) -> dict[str, Any]:
    size, origin = path.stat().st_size, made.origin
    return {
        "ok": True,
        "file": str(path),
        "bytes": size,
        "parts": len(made.parts),
        "node": origin.node,
        "created": origin.created,
        "database": made.database,
        "checkpoint": origin.checkpoint,
    }


class Steps:
    """Each step of a backup or restore as a line of progress: in MB, an upgrade in percent."""

    LABELS = {
        "snapshot": "数据库快照 snapshot",
        "write": "写入 writing",
        "verify": "读回核验 verifying",
        "read": "读出 reading",
        "upgrade": "升级数据库 upgrading the tables",
        "check": "核验日志 checking the log",
    }

    def __init__(self) -> None:
        self._line: Progress | None = None
        self._step, self._done = "", 0

    def step(self, step: str, done: int, total: int) -> None:
        """A step is at ``done`` bytes of ``total``; an upgrade at so many percent."""
        unit, size = ("%", 1) if step == "upgrade" else ("MB", 1_000_000)
        if step != self._step:
            self._close()
            self._step, self._done = step, 0
            self._line = Progress(f"{self.LABELS[step]} {unit}", total // size)
        pieces = done // size
        if self._line is not None and pieces > self._done:
            self._line.step(pieces - self._done)
            self._done = pieces

    def _close(self) -> None:
        if self._line is not None:
            self._line.__exit__(None, None, None)

    def __enter__(self) -> Steps:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
