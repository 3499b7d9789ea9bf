"""``manage.py demo``: a whole city on this machine, to try."""

from __future__ import annotations

import time
from contextlib import ExitStack
from dataclasses import replace

import click

from kernel import cli
from kernel.cli.migrate import upgrade
from kernel.cli.running import Worker, listen, log_to_files, own_signer, serve
from kernel.errors import Invalid
from kernel.founding import found
from kernel.node import founded, open_node
from kernel.reference import read
from kernel.settings import Settings
from kernel.storage.database import close_database
from kernel.storage.lock import InstanceLock

BANNER = """
  居延 Juyan · 张掖市党政综合办公系统（演示 demonstration）

      {url}

  登录页上选一个人即可，例如 choose a person on the login page, for instance:
      林晓梅 拟稿 · 王芳 核稿 · 李建国 审核 · 周海涛 签发 · 孙倩 编号发文 · 赵敏华 用印
      刘志强 市财政局 · 马丽 甘州区委办 · 陈静 市教育局 · 杨帆、何静、高峰 三员
  演示环境：密钥放在本机，印章带“演示”字样，不具有正式效力。
  Demonstration: keys lie on this machine, seals say 演示, nothing has legal effect.

  数据 data {instance}    停止 stop: Ctrl-C
"""


@click.command
@click.option("--host", help="监听地址 the address to listen on [127.0.0.1]")
@click.option("--port", type=int, help="端口 the port [8000]")
@cli.database_option
def command(host: str | None, port: int | None) -> None:
    """建立（首次）并启动演示 Found a demo node, if there is none, and serve it.

    363 个单位、256 个交换箱、264 名人员；数据保存在数据目录，再次运行继续使用。
    363 units, 256 exchange boxes, 264 people; the data stays for the next run.
    """
    settings = _settings(host, port)
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    with ExitStack() as open_things:
        enter = open_things.enter_context
        enter(InstanceLock(settings.instance, settings.port))
        taken = enter(listen(settings))
        enter(own_signer(settings))
        _prepare(settings)
        log_to_files(settings)
        node = enter(open_node(settings))
        enter(Worker())
        click.echo(BANNER.format(url=settings.public_origin, instance=settings.instance))
        serve(node, taken)
    click.echo("\n已停止，数据已保存。Stopped; everything is saved.")


def _settings(host: str | None, port: int | None) -> Settings:
    known = cli.settings()
    if founded(known) and not known.demo:
        raise Invalid(
            "node.not_demo",
            f"{known.instance} 是正式节点，不能作演示。请用 serve 启动，或用 --instance 另选目录。",
            f"{known.instance} is a real node, not a demo. Start it with `serve`, or name another "
            "folder with --instance.",
        )
    return replace(known, demo=True, host=host or known.host, port=port or known.port)


def _prepare(settings: Settings) -> None:
    if not founded(settings):
        started = time.monotonic()
        click.echo(f"首次运行，建立演示节点 First run: founding a demo node in {settings.instance}")
        found(settings, read(), furnish=True, progress=lambda step: click.echo(f"  {step}"))
        click.echo(f"  完成 done  {time.monotonic() - started:.1f} s")
        return
    upgrade(settings)
    close_database()
