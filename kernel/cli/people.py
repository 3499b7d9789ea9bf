"""``manage.py people``: who works where."""

from __future__ import annotations

import click

from kernel import cli
from kernel.cli.desks import unit_named
from kernel.cli.output import json_option, print_json, table
from kernel.identity.models import Person, Post, Unit
from kernel.identity.rights import ROLES
from kernel.node import open_node
from kernel.storage.database import connection


@click.group
def command() -> None:
    """人员 People."""


@command.command("list")
@click.option("--unit", metavar="UNIT", help="只列该机关的人员 only the people of this organ")
@click.option("--role", type=click.Choice(list(ROLES)), help="只列有该角色的人员 only this role")
@json_option
def list_(unit: str | None, role: str | None, as_json: bool) -> None:
    """列出人员、岗位和角色 List people with their posts and roles."""
    with open_node(cli.settings()), connection():
        query = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
        if unit:
            query = query.where(Unit.organ == unit_named(unit).organ)
        posts = query.where(Post.active & Person.active).order_by(Post.rank, Unit.rank, Post.id)
        rows = [
            {
                "name": post.person.name,
                "title": post.title,
                "unit": post.unit.code,
                "unit_name": post.unit.name,
                "roles": list(post.roles),
                "uid": post.person.uid,
            }
            for post in posts
            if role is None or role in post.roles
        ]
    if as_json:
        print_json(rows)
        return
    lines = [
        (one["name"], one["title"], one["unit_name"], "、".join(ROLES[r][0] for r in one["roles"]))
        for one in rows
    ]
    click.echo(table(("姓名 name", "岗位 post", "单位 unit", "角色 roles"), lines))
    click.echo(f"{len(rows)} 人 people", err=True)
