"""``manage.py generate``: a large office that was made up, for measuring."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import click

from kernel import cli
from kernel.cli.output import Progress, json_option, print_json
from kernel.cli.running import own_signer
from kernel.errors import Invalid, Refused
from kernel.founding import found
from kernel.generating import Amount, make_up
from kernel.node import founded, open_node
from kernel.reference import read
from kernel.settings import Settings
from kernel.storage.lock import InstanceLock

COUNT = click.IntRange(0, 10_000_000)


@click.command
@click.option("--people", type=COUNT, default=10_000, help="人员 people [10000]")
@click.option("--documents", type=COUNT, default=100_000, help="公文 documents [100000]")
@click.option("--tasks", type=COUNT, default=1_000_000, help="待办 tasks [1000000]")
@click.option("--seed", type=COUNT, default=1, help="随机种子 same seed, same rows [1]")
@click.option("--yes", is_flag=True, help="不再询问 do not ask before an existing node is filled")
@json_option
def command(people: int, documents: int, tasks: int, seed: int, yes: bool, as_json: bool) -> None:
    """生成大量测试数据 Fill a demo node with made-up people, documents and tasks.

    只用于演示节点；目录里还没有节点时先建立一个。数据成批写入，没有经过任何办理动作：每一行都带“生成”标记，
    日志的一条记录写明数量。不能撤销；中断后用同样的参数再运行，从中断处继续。

    Demo nodes only; where the folder holds no node, one is founded. The rows are written in bulk,
    no act stands behind them: each is marked 生成, and an entry of the log says how many there
    are. It cannot be undone. Interrupted, it goes on when it is run again with the same numbers.
    """
    settings, amount = cli.settings(), Amount(people, documents, tasks, seed)
    _refuse_real(settings)
    started = time.monotonic()
    settings.instance.mkdir(mode=0o700, parents=True, exist_ok=True)
    with InstanceLock(settings.instance, settings.port), own_signer(settings):
        if founded(settings):
            _ask(settings, yes)
        else:
            with Progress("建立演示节点 founding a demo node") as shown:
                found(replace(settings, demo=True), read(), progress=lambda _: shown.step())
        with (
            open_node(cli.settings()),
            Progress("生成公文 documents", amount.documents) as shown,
        ):
            done = make_up(amount, shown.step)
    seconds = round(time.monotonic() - started, 1)
    facts = {name: done[name] for name in ("people", "documents", "tasks", "seed")}
    if as_json:
        print_json({**facts, "seconds": seconds, "instance": str(settings.instance)})
        return
    click.echo(
        f"已生成 {facts['people']} 人、{facts['documents']} 件公文、{facts['tasks']} 项待办，"
        f"{seconds} 秒。\nGenerated in {settings.instance}."
    )


def _refuse_real(settings: Settings) -> None:
    if founded(settings) and not settings.demo:
        raise Refused(
            "generate.not_demo",
            f"{settings.instance} 是正式节点，不能生成数据，没有写入任何内容。"
            "请用 --instance 另选一个空目录，将在其中建立演示节点。",
            f"{settings.instance} is a real node: no data is generated on it, and nothing was "
            "written. Name an empty folder with --instance; a demo node is founded there.",
        )


def _ask(settings: Settings, yes: bool) -> None:
    """Let the person confirm that a demo node which is there is to be filled for good."""
    if yes:
        return
    if not sys.stdin.isatty():
        raise Invalid(
            "generate.confirm",
            f"{settings.instance} 里已有演示节点，生成的数据不能撤销。确认写入请加 --yes，"
            "或用 --instance 另选一个空目录。",
            f"There is a demo node in {settings.instance}, and what is generated cannot be "
            "removed again. Add --yes to fill it, or name an empty folder with --instance.",
            field="yes",
        )
    click.confirm(
        f"在演示节点 {settings.instance} 中生成数据，不能撤销。继续？Fill it for good?",
        abort=True,
        err=True,
    )
