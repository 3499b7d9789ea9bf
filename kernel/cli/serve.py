"""``manage.py serve``: the portal of a node."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import replace

import click

from kernel import cli
from kernel.cli.running import Worker, listen, log_to_files, own_signer, serve
from kernel.node import open_node, require_founded
from kernel.storage.lock import InstanceLock


@click.command
@click.option("--host", help="监听地址 the address to listen on")
@click.option("--port", type=int, help="端口 the port")
@click.option("--no-worker", is_flag=True, help="后台任务由 worker 进程做 `worker` runs elsewhere")
@cli.database_option
def command(host: str | None, port: int | None, no_worker: bool) -> None:
    """启动节点的门户 Serve the portal of the node."""
    known = cli.settings()
    require_founded(known)
    settings = replace(known, host=host or known.host, port=port or known.port)
    with ExitStack() as open_things:
        enter = open_things.enter_context
        enter(InstanceLock(settings.instance, settings.port))
        taken = enter(listen(settings))
        enter(own_signer(settings))
        log_to_files(settings)
        with cli.loading():
            node = enter(open_node(settings))
        if not no_worker:
            enter(Worker())
        click.echo(f"{settings.public_origin}    停止 stop: Ctrl-C")
        serve(node, taken)
    click.echo("\n已停止，数据已保存。Stopped; everything is saved.")
