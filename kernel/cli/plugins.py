"""``manage.py plugins``: which plugins there are, and who has which."""

from __future__ import annotations

from typing import Any

import click
from msgspec.structs import asdict

from kernel import cli
from kernel.acts.house.switches import switch_plugin
from kernel.acts.terminal import act_at
from kernel.cli.desks import at_desk, unit_named
from kernel.cli.output import json_option, print_json, table
from kernel.node import open_node
from kernel.plugins.bus import bus
from kernel.plugins.manifest import Manifest
from kernel.plugins.switches import switchboard
from kernel.storage.database import connection

ORGAN = click.option(
    "--organ", metavar="UNIT", help="机关的代码或名称 code or name of the organ [市委办公室]"
)
PERSON = click.option(
    "--as", "person", default="杨帆", show_default=True, help="由谁办理 who does it (demo nodes)"
)
DEFAULT_ORGAN = "620700-CPCO"


@click.group
def command() -> None:
    """插件：列表、启用、停用、原因 Plugins: list, enable, disable, why."""


@command.command("list")
@ORGAN
@json_option
def list_(organ: str | None, as_json: bool) -> None:
    """列出插件及其状态 List the plugins: healthy, off or quarantined.

    指明机关时，off 表示该机关没有启用。With an organ, off means that the organ has it not.
    """
    with open_node(cli.settings()), connection():
        on = switchboard().effective(unit_named(organ).organ) if organ else None
        rows = [_facts(one, on) for one in switchboard().known()]
    if as_json:
        print_json(rows)
        return
    shown = [(one["name"], one["version"], one["state"], ", ".join(one["needs"])) for one in rows]
    click.echo(table(("名称 name", "版本 version", "状态 state", "需要 needs"), shown))
    for one in rows:
        if one["reason"]:
            click.echo(f"{one['name']}: {one['reason']}", err=True)


def _facts(one: Manifest, on: frozenset[str] | None) -> dict[str, Any]:
    board = switchboard()
    reason = board.faults.get(one.name) or bus().quarantined.get(one.name, "")
    state = "healthy" if board.healthy(one.name) else "quarantined"
    if state == "healthy" and on is not None and one.name not in on:
        state = "off"
    needs = list(one.needs)
    return {
        "name": one.name,
        "version": one.version,
        "state": state,
        "needs": needs,
        "reason": reason,
    }


@command.command()
@click.argument("name")
@ORGAN
@PERSON
def enable(name: str, organ: str | None, person: str) -> None:
    """为一个机关启用插件 Switch a plugin on for an organ, with what it needs."""
    _switch(name, organ, person, on=True)


@command.command()
@click.argument("name")
@ORGAN
@PERSON
def disable(name: str, organ: str | None, person: str) -> None:
    """为一个机关停用插件 Switch a plugin off for an organ, with what needs it.

    数据保留，再次启用即恢复。Nothing is deleted; switched on again, all is back.
    """
    _switch(name, organ, person, on=False)


def _switch(name: str, organ: str | None, person: str, *, on: bool) -> None:
    with open_node(cli.settings()):
        with connection():
            unit = unit_named(organ or DEFAULT_ORGAN)
        done = act_at(at_desk(person), switch_plugin, organ=unit.organ, plugin=name, on=on)
        verb = "已启用 on" if on else "已停用 off"
        click.echo(f"{unit.name}：{verb}: {', '.join(done.result)}")


@command.command()
@click.argument("name")
@ORGAN
@json_option
def why(name: str, organ: str | None, as_json: bool) -> None:
    """说明一个机关为什么有或没有某插件 Say why an organ has a plugin or has it not."""
    with open_node(cli.settings()), connection():
        found = switchboard().why(name, unit_named(organ or DEFAULT_ORGAN).organ)
    if as_json:
        print_json(asdict(found))
    else:
        lines = [f"{'✓' if found.on else '✗'} {found.zh}", f"  {found.en}", f"  {found.detail}"]
        click.echo("\n".join(line for line in lines if line.strip()))
