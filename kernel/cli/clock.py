"""``manage.py clock``: the machine's clock against the log."""

from __future__ import annotations

import click

from kernel import cli
from kernel.acts import clock
from kernel.acts.house import timing
from kernel.cli.output import json_option, print_json
from kernel.crypto.ids import now, stamp
from kernel.node import open_node
from kernel.storage.database import connection


@click.command
@click.option(
    "--accept",
    is_flag=True,
    help="时钟已校准，日志的时间偏快 the clock is right now, the log was ahead",
)
@json_option
def command(accept: bool, as_json: bool) -> None:
    """时钟与日志 The clock against the newest act, and going on after it was ahead.

    时钟早于最近一次办理时暂停签名。先校准服务器时钟；如果日志的时间才是错的（时钟曾经偏快），
    核对“clock”一行无误后，用 --accept 确认。确认由本节点签名，永久留在日志中。

    While the clock is behind the newest act nothing is signed. Set the server's clock right. Where
    the log is what is wrong, because the clock had been ahead, look at the line `clock`, then
    --accept it. That is signed by the node and stays in the log.

    退出码 exit code: 0 正常 all right, 1 暂停签名 nothing is signed.
    """
    with open_node(cli.settings()):
        if accept:
            timing.accept()
        with connection():
            newest, behind = clock.newest_act(), clock.is_behind()
        facts = {"clock": stamp(now()), "newest": stamp(newest) if newest else "", "ok": not behind}
    if as_json:
        print_json(facts)
    else:
        click.echo(f"clock   {facts['clock']}  服务器时钟 the clock of this machine")
        click.echo(f"newest  {facts['newest']}  最近一次办理 the newest act")
        click.echo("暂停签名 Nothing is signed." if behind else "正常 All right.")
    if behind:
        raise click.exceptions.Exit(1)
