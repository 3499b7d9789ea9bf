"""Issuing and revoking keys.

A key is handed out after training and an exam (市委办发〔2008〕91号, part three, 6); the
training guard joins with its plugin. Issuing takes two people; revoking is one person's, at once.
"""

from __future__ import annotations

from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.crypto import suites
from kernel.crypto.ids import now
from kernel.crypto.x509 import is_demo
from kernel.errors import NotFound
from kernel.identity import credentials
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.identity.models import Credential, NodeFact, Person, Session


@act(
    "house.issue_key",
    title="配发安全认证插件",
    title_en="Issue a key",
    level="keys",
    weight="signed",
    people=2,
)
def issue_key(desk: Desk, *, person: str, kind: str, public_key: str) -> str:
    """Register a person's key by a statement of the people CA; gives the credential's uid.

    :param public_key: base64 of the SubjectPublicKeyInfo.
    """
    holder = Person.get_or_none(Person.uid == person)
    if holder is None:
        raise NotFound("keys.person", "没有找到这个人员。", "There is no such person.")
    said = credentials.statement(
        holder,
        kind,
        suites.load_public(public_key),
        node=NodeFact.read("uid", ""),
        demo=is_demo(authority().certificate("people")),
    )
    return str(credentials.issue(said, this_act()).uid)


@act(
    "house.revoke_key",
    title="停用安全认证插件",
    title_en="Revoke a key",
    level="keys",
    weight="signed",
    private=("reason",),
)
def revoke_key(desk: Desk, *, credential: str, reason: str) -> None:
    """Revoke a key at once, in all processes; its sessions end."""
    moved = (
        Credential.update(revoked=now())
        .where((Credential.uid == credential) & Credential.revoked.is_null())
        .execute()
    )
    if not moved:
        raise NotFound("keys.unknown", "没有找到在用的这个插件。", "There is no such key in use.")
    Session.update(ended=now()).where(Session.credential == credential).execute()
