"""``manage.py outbox``: background work that failed, and having it done again."""

from __future__ import annotations

from typing import Any

import click

from kernel import cli
from kernel.acts import outbox
from kernel.acts.house.effects import MOST, do_again
from kernel.acts.models import Effect
from kernel.acts.terminal import act_at
from kernel.cli.desks import at_desk
from kernel.cli.output import json_option, print_json, table
from kernel.crypto.ids import stamp
from kernel.errors import Invalid, NotFound
from kernel.node import open_node
from kernel.storage.database import connection


@click.command
@click.option("--again", metavar="UID", multiple=True, help="重新办理这一项 do this one again")
@click.option(
    "--again-all", is_flag=True, help="重新办理全部已停办的 do all again that was given up"
)
@click.option(
    "--as", "person", default="杨帆", show_default=True, help="由谁办理 who does it (demo nodes)"
)
@json_option
def command(again: tuple[str, ...], again_all: bool, person: str, as_json: bool) -> None:
    """没有办成的后台事项 Background work that failed, why, and doing it again.

    办理之后由系统自动完成的事（组装公文包、签章、通知）没有办成的列在这里：failed 已停办，
    waiting 仍在自动重试。按原因处理后，用 --again 加编号（列表第一列）重新办理。
    重新办理写入日志，不会重复发文；处理它的是系统管理员，也可在门户“后台事项”页面办理。

    What the system does by itself after an act (packing, sealing, telling) and could not finish:
    `failed` was given up, `waiting` is still tried. Mend the reason, then --again with the UID of
    the first column. That is an act in the log and sends nothing twice.

    退出码 exit code: 0 没有停办的 nothing is given up, 1 有 something is, 2 参数不对 wrong options.
    """
    if again and again_all:
        raise Invalid(
            "outbox.options",
            "--again 和 --again-all 只用一个。",
            "Use --again or --again-all, not both.",
        )
    with open_node(cli.settings()):
        chosen = _given_up() if again_all else _known(again)
        for first in range(0, len(chosen), MOST):
            act_at(at_desk(person), do_again, effects=chosen[first : first + MOST])
        if chosen:
            outbox.drain()
        with connection():
            query: Any = Effect.select().where(outbox.troubled()).order_by(Effect.id)
            rows = [_facts(one) for one in query]
    failed = sum(row["state"] == "failed" for row in rows)
    if as_json:
        print_json({"ok": not failed, "again": len(chosen), "effects": rows})
    else:
        _show(rows, failed)
    if failed:
        raise click.exceptions.Exit(1)


def _given_up() -> list[str]:
    with connection():
        rows = Effect.select(Effect.key).where(Effect.state == "failed").order_by(Effect.id)
        return [str(row.key) for row in rows]


def _known(keys: tuple[str, ...]) -> list[str]:
    with connection():
        found = {row.key for row in Effect.select(Effect.key).where(Effect.key.in_(list(keys)))}
    for key in keys:
        if key not in found:
            raise NotFound(
                "outbox.unknown",
                f"没有编号为“{key}”的后台事项。可运行 manage.py outbox 查看编号。",
                f"There is no background work {key!r}; manage.py outbox lists them.",
            )
    return list(keys)


def _facts(one: Effect) -> dict[str, Any]:
    return {
        "uid": one.key,
        "state": "failed" if one.state == "failed" else "waiting",
        "handler": one.handler,
        "act": one.act,
        "attempts": one.attempts,
        "failures": one.failures,
        "since": stamp(one.created),
        "next": "" if one.state == "failed" else stamp(one.due),
        "reason": one.reason or {"zh": one.error},
    }


def _show(rows: list[dict[str, Any]], failed: int) -> None:
    if not rows:
        click.echo("没有未办成的后台事项。Nothing failed.")
        return
    shown = [(one["uid"], one["state"], one["attempts"], one["since"]) for one in rows]
    click.echo(table(("编号 UID", "状态 state", "次数 attempts", "开始 since"), shown))
    for one in rows:
        said = one["reason"]
        if number := said.get("incident"):
            text = f"程序出错 a defect: manage.py incidents show {number}"
        else:
            text = f"{said.get('zh', '')} {said.get('en', '')} [{said.get('code', '')}]"
        click.echo(f"{one['uid']}: {text}", err=True)
    click.echo(f"已停办 given up: {failed}, 重试中 waiting: {len(rows) - failed}", err=True)
