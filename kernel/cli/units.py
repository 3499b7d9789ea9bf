"""``manage.py units``: the tree of units."""

from __future__ import annotations

from typing import Any

import click

from kernel import cli
from kernel.cli.desks import unit_named
from kernel.cli.output import json_option, print_json, table
from kernel.identity import units
from kernel.identity.models import Post, Unit, UnitTie
from kernel.identity.phases import connected, phase_of
from kernel.node import open_node
from kernel.storage.database import connection


@click.group
def command() -> None:
    """单位：列表、查找、详情 Units: list, search, show."""


@command.command("list")
@click.option("--boxes", is_flag=True, help="只列交换箱 exchange boxes only")
@json_option
def list_(boxes: bool, as_json: bool) -> None:
    """列出单位 List the units in their order."""
    with open_node(cli.settings()), connection():
        query = Unit.ranked()
        _print([_facts(unit) for unit in (query.where(Unit.box) if boxes else query)], as_json)


@command.command()
@click.argument("text")
@json_option
def search(text: str, as_json: bool) -> None:
    """按名称、简称或代码查找 Find units by name, short name or code."""
    with open_node(cli.settings()), connection():
        which = Unit.name.contains(text) | Unit.short_name.contains(text) | Unit.code.contains(text)
        rows = Unit.ranked().where(which)
        _print([_facts(unit) for unit in rows], as_json)


def _facts(unit: Unit) -> dict[str, Any]:
    return {
        "code": unit.code,
        "name": unit.name,
        "short_name": unit.short_name,
        "kind": unit.kind,
        "box": bool(unit.box),
        "rollout": unit.rollout,
        "connected": connected(unit),
    }


def _print(rows: list[dict[str, Any]], as_json: bool) -> None:
    if as_json:
        print_json(rows)
        return
    lines = [
        (one["code"], one["name"], one["rollout"] or "", "✓" if one["box"] else "") for one in rows
    ]
    click.echo(table(("代码 code", "名称 name", "阶段 phase", "交换箱 box"), lines))
    click.echo(f"{len(rows)} 个 units", err=True)


@command.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """一个单位的详情 One unit: phase, superiors, box, people."""
    with open_node(cli.settings()), connection():
        facts = _details(unit_named(name))
    if as_json:
        print_json(facts)
        return
    for key, value in facts.items():
        click.echo(f"{key:<12} {'、'.join(value) if isinstance(value, list) else value}")


def _details(unit: Unit) -> dict[str, Any]:
    ties = list(UnitTie.select().where(UnitTie.unit == unit.code))
    box = units.box_of(unit)
    posts = Post.select().join(Unit).where(Unit.organ == unit.code).order_by(Post.rank, Post.id)
    return {
        **_facts(unit),
        "organ": unit.organ,
        "phase": phase_of(unit),
        "superior": [tie.to for tie in ties if tie.kind == "superior"],
        "guided_by": [tie.to for tie in ties if tie.kind == "guided_by"],
        "receives_at": box.code if box else "",
        "aliases": list(unit.aliases),
        "people": [f"{post.person.name}（{post.title}）" for post in posts],
    }
