"""``manage.py keys``: who holds which key."""

from __future__ import annotations

from pathlib import Path

import click

from kernel import cli
from kernel.acts.house.keys import revoke_key
from kernel.acts.terminal import act_at
from kernel.cli.desks import at_desk
from kernel.cli.output import json_option, print_json, table
from kernel.crypto.ids import stamp
from kernel.identity.models import Credential, Person
from kernel.node import open_node
from kernel.seals.revoking import revoke_certificate
from kernel.storage.database import connection


@click.group
def command() -> None:
    """安全认证插件（密钥） Keys of people: list, revoke."""


@command.command("list")
@click.option("--person", metavar="NAME", help="只列此人的密钥 only the keys of this person")
@json_option
def list_(person: str | None, as_json: bool) -> None:
    """列出密钥 List the keys and their state."""
    with open_node(cli.settings()), connection():
        names = {one.uid: one.name for one in Person.select()}
        rows = [
            {
                "credential": row.uid,
                "person": names.get(row.person, row.person),
                "kind": row.kind,
                "issued": stamp(row.issued),
                "revoked": stamp(row.revoked) if row.revoked else None,
            }
            for row in Credential.select().order_by(Credential.id)
            if person in (None, names.get(row.person))
        ]
    if as_json:
        print_json(rows)
        return
    state = {True: "停用 revoked", False: "在用 in use"}
    lines = [
        (one["credential"], one["person"], one["kind"], state[one["revoked"] is not None])
        for one in rows
    ]
    click.echo(table(("编号 credential", "持有人 holder", "种类 kind", "状态 state"), lines))


@command.command()
@click.argument("credential")
@click.option("--reason", required=True, help="停用原因 why")
@click.option("--as", "person", default="何静", show_default=True, help="由谁办理 who does it")
def revoke(credential: str, reason: str, person: str) -> None:
    """停用一个密钥 Revoke a key, by a signed act of an administrator.

    即时生效，持有人的登录随之结束。Effective at once; its sessions end.
    """
    with open_node(cli.settings()):
        act_at(at_desk(person), revoke_key, credential=credential, reason=reason)
    click.echo("已停用。Revoked.")


@command.command("revoke-certificate")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--reason", required=True, help="吊销原因 why")
@click.option("--as", "person", default="何静", show_default=True, help="由谁办理 who does it")
def revoke_certificate_(file: Path, reason: str, person: str) -> None:
    """吊销印章、交换密钥或节点的证书 Revoke the certificate (PEM) of a seal, exchange key or node.

    此前的签名仍然有效；印章随之停用。What it signed before stays good; its seal is closed.
    """
    with open_node(cli.settings()):
        pem = file.read_text("ascii", errors="replace")
        act_at(at_desk(person), revoke_certificate, certificate=pem, reason=reason)
    click.echo("已吊销，新的吊销列表已签发。Revoked; a new list was issued.")
