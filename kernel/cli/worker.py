"""``manage.py worker``: what acts leave behind, done in a process of its own."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import click

from kernel import cli
from kernel.cli.running import Worker, log_to_files
from kernel.node import open_node


@click.command
@cli.database_option
def command() -> None:
    """处理后台任务，直到停止 Do what acts leave behind, until stopped.

    同一数据目录可以有多个 worker，也可以与 serve 同时运行。
    Several may run on one node, beside `serve`.
    """
    settings = cli.settings()
    over = threading.Event()

    def stop(_: int, __: FrameType | None) -> None:
        over.set()

    with open_node(settings), Worker():
        log_to_files(settings)
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, stop)
        click.echo("后台任务处理中 Working. 停止 stop: Ctrl-C")
        over.wait()
    click.echo("\n已停止。Stopped.")
