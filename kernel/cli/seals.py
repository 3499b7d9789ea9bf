"""``manage.py seals``: the seals of the units."""

from __future__ import annotations

import click

from kernel import cli
from kernel.cli.output import json_option, print_json, table
from kernel.identity.models import Person
from kernel.node import open_node
from kernel.seals.custody import keepers_of
from kernel.seals.models import Seal
from kernel.storage.database import connection


@click.group
def command() -> None:
    """电子印章 Seals."""


@command.command("list")
@json_option
def list_(as_json: bool) -> None:
    """列出印章、保管级别和保管人 List the seals, the level of custody and the keepers.

    保管人取自经签名的制发证明，并逐一核对。
    The keepers are read from the signed statement of each seal, which is checked.
    """
    with open_node(cli.settings()), connection():
        names = {one.uid: one.name for one in Person.select()}
        rows = [
            {
                "unit": seal.unit,
                "name": seal.name,
                "level": seal.level,
                "state": seal.state,
                "keepers": [names.get(uid, uid) for uid in keepers_of(seal)],
                "uid": seal.uid,
            }
            for seal in Seal.select().order_by(Seal.id)
        ]
    if as_json:
        print_json(rows)
        return
    lines = [
        (one["unit"], one["name"], one["level"], one["state"], "、".join(one["keepers"]))
        for one in rows
    ]
    heads = ("单位 unit", "印文 text", "级别 level", "状态 state", "保管人 keepers")
    click.echo(table(heads, lines))
