"""Which person holds which key: statements signed by the node's people CA.

A row in the table proves nothing; every use checks the signed statement.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from kernel.crypto import canonical, suites
from kernel.crypto.ids import now, parse_stamp, stamp, uuid7
from kernel.errors import Refused
from kernel.identity.authority import authority
from kernel.identity.models import Credential, Person

VALIDITY = timedelta(days=3 * 365)


def statement(
    person: Person,
    kind: str,
    public_key: suites.PublicKey,
    *,
    node: str,
    demo: bool,
    uid: str = "",
) -> bytes:
    """The statement that a person holds a key, as canonical JSON.

    :param uid: the credential's, where it is known already.
    """
    moment = now()
    return canonical.dumps(
        {
            "format": "juyan-credential-1",
            "node": node,
            "credential": uid or uuid7(),
            "person": person.uid,
            "name": person.name,
            "kind": kind,
            "suite": "intl-1",
            "public_key": suites.public_b64(public_key),
            "not_before": stamp(moment),
            "not_after": stamp(moment + VALIDITY),
            "demo": demo,
        }
    )


def issue(said: bytes, act: str = "") -> Credential:
    """Sign a statement with the people CA and keep it. Within the act that decides it."""
    facts = canonical.loads(said)
    credential: Credential = Credential.create(
        uid=facts["credential"],
        person=facts["person"],
        kind=facts["kind"],
        statement=said,
        signature=suites.sign(authority().issuer("people").key, said),
        act=act,
    )
    return credential


def read(uid: str) -> dict[str, Any]:
    """The statement of a credential, after its signature was checked against the people CA.

    :raises Refused: ``keys.unknown``; Unverified if the row was tampered with.
    """
    row = Credential.get_or_none(Credential.uid == uid)
    if row is None:
        raise _unknown()
    said = bytes(row.statement)
    suites.verify(authority().public_key("people"), said, bytes(row.signature))
    facts: dict[str, Any] = canonical.loads(said)
    if facts["credential"] != uid or facts["person"] != row.person:
        raise _unknown()
    return facts


def active(uid: str, person: str) -> dict[str, Any]:
    """The statement of a credential that this person may use now.

    :raises Refused: ``keys.unknown``, ``keys.revoked`` or ``keys.expired``, with whom to ask.
    """
    facts = read(uid)
    if facts["person"] != person:
        raise _unknown()
    if (
        Credential.select()
        .where((Credential.uid == uid) & Credential.revoked.is_null(False))
        .exists()
    ):
        raise Refused(
            "keys.revoked",
            "您的安全认证插件已被停用，请联系信息化工作办公室。",
            "Your key has been revoked; please contact the informatisation office.",
        )
    if not parse_stamp(facts["not_before"]) <= now() <= parse_stamp(facts["not_after"]):
        raise Refused(
            "keys.expired",
            "您的安全认证插件已过有效期，请到信息化工作办公室换发。",
            "Your key is past its validity; have it renewed at the informatisation office.",
        )
    return facts


def is_active(uid: str, person: str) -> bool:
    """Whether the row is there and not revoked: the quick question of each request."""
    return bool(
        Credential.select()
        .where(
            (Credential.uid == uid) & (Credential.person == person) & Credential.revoked.is_null()
        )
        .exists()
    )


def _unknown() -> Refused:
    return Refused(
        "keys.unknown",
        "没有找到您的安全认证插件登记，请联系信息化工作办公室。",
        "Your key is not registered here; please contact the informatisation office.",
    )
