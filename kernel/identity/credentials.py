"""Which person holds which key: statements signed by the node's people CA.

A row in the table proves nothing; every use checks the signed statement.
"""

from __future__ import annotations

import hashlib
from contextlib import suppress
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from kernel.crypto import canonical, suites
from kernel.crypto.credential_format import read_statement
from kernel.crypto.ids import now, parse_stamp, stamp, uuid7
from kernel.errors import OfficeError, Refused, Unavailable
from kernel.identity.authority import Authority, authority
from kernel.identity.models import Credential, Person
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready

_KEPT = Ready(
    lambda uid: Credential.select(
        Credential.person, Credential.statement, Credential.signature, Credential.revoked
    ).where(Credential.uid == uid)
)
VALIDITY = timedelta(days=3 * 365)
SLEW = timedelta(seconds=5)
"""A clock that was adjusted by less since a key was issued: acts get a time that is not before."""


def statement(
    person: Person,
    kind: str,
    public_key: suites.PublicKey | str,
    *,
    node: str,
    demo: bool,
    uid: str = "",
    binding: dict[str, Any] | None = None,
) -> bytes:
    """The statement that a person holds a key, as canonical JSON.

    :param public_key: or base64 of its SubjectPublicKeyInfo, for kinds of keys that we do not make.
    :param uid: the credential's, where it is known already.
    :param binding: what else is said of a key of this kind; it stands under the kind's name.
    """
    moment = now()
    public = public_key if isinstance(public_key, str) else suites.public_b64(public_key)
    said = canonical.dumps(
        {
            "format": "juyan-credential-1",
            "node": node,
            "credential": uid or uuid7(),
            "person": person.uid,
            "name": person.name,
            "kind": kind,
            "suite": "intl-1",
            "public_key": public,
            "not_before": stamp(moment),
            "not_after": stamp(moment + VALIDITY),
            "demo": demo,
            **({kind: binding} if binding else {}),
        }
    )
    read_statement(said)
    return said


def issue(said: bytes, act: str = "", label: str = "") -> Credential:
    """Sign a statement with the people CA and keep it. Within the act that decides it.

    :param label: how its holder tells it from his others.
    """
    facts = canonical.loads(said)
    credential: Credential = Credential.create(
        uid=facts["credential"],
        person=facts["person"],
        kind=facts["kind"],
        key_digest=canonical.digest(facts["public_key"].encode()),
        statement=said,
        signature=suites.sign(authority().issuer("people").key, said),
        act=act,
        label=label,
    )
    return credential


def read(uid: str) -> dict[str, Any]:
    """The statement of a credential, after its signature was checked against the people CA.

    :raises Refused: ``keys.unknown``; Unverified if the row was tampered with.
    """
    return _read(uid)[0]


def _read(uid: str) -> tuple[dict[str, Any], datetime | None]:
    """The statement, and when the key was revoked, if it was."""
    row = _row(uid)
    if row is None:
        raise _unknown()
    holder, said, signature, revoked_at = row
    facts = _said(authority(), bytes(said), bytes(signature))
    if facts["credential"] != uid or facts["person"] != holder:
        raise _unknown()
    return dict(facts), revoked_at


@remembered(Credential)
def _row(uid: str) -> tuple[Any, ...] | None:
    return _KEPT.first(uid)


@lru_cache(maxsize=1024)
def _said(issuer: Authority, said: bytes, signature: bytes) -> dict[str, Any]:
    """What a statement says, once the signature holds. It holds for these very bytes for ever, so
    it is checked once; who may use the key now is asked each time."""
    suites.verify(issuer.public_key("people"), said, signature)
    facts: dict[str, Any] = canonical.loads(said)
    return facts


def active(uid: str, person: str, at: datetime | None = None) -> dict[str, Any]:
    """The statement of a credential that this person may use now.

    :param at: the time of what it signs. Signing in needs none: a clock that is behind keeps
        nobody from revoking.
    :raises Refused: ``keys.unknown``, ``keys.revoked`` or ``keys.expired``, with whom to ask.
    :raises Unavailable: ``keys.not_yet``: what it signs would be dated before it was issued.
    """
    facts, revoked_at = _read(uid)
    if facts["person"] != person:
        raise _unknown()
    if revoked_at is not None:
        raise revoked()
    if at is not None and at + SLEW < parse_stamp(facts["not_before"]):
        raise Unavailable(
            "keys.not_yet",
            "服务器时钟早于您的安全认证插件的生效时间，没有办理。请联系系统管理员校准时钟，然后再提交一次。",
            "The server's clock is before the day that your key was issued; nothing was done. Have "
            "the system administrator set the clock right, then submit it again.",
        )
    if (at or now()) > parse_stamp(facts["not_after"]):
        raise Refused(
            "keys.expired",
            "您的安全认证插件已过有效期，请到信息化工作办公室换发。",
            "Your key is past its validity; have it renewed at the informatisation office.",
        )
    return facts


def in_use(person: str, kind: str) -> list[dict[str, Any]]:
    """The statements of all keys of this kind that a person may use now, the newest first."""
    rows = (
        Credential.select(Credential.uid)
        .where(
            (Credential.person == person) & (Credential.kind == kind) & Credential.revoked.is_null()
        )
        .order_by(Credential.id.desc())
    )
    found = []
    for row in rows:
        # A row that somebody wrote into the table must not keep the honest keys from working.
        with suppress(OfficeError):
            found.append(active(row.uid, person))
    return found


def is_issued(public_key: str) -> bool:
    """Whether this key was issued before, to anybody."""
    wanted = canonical.digest(public_key.encode())
    return bool(Credential.select().where(Credential.key_digest == wanted).exists())


def short_code(public_key: str) -> str:
    """Twenty digits that name a key, to be compared by voice: five groups of four.

    :param public_key: base64 of its SubjectPublicKeyInfo.
    """
    number = int.from_bytes(hashlib.sha256(canonical.unb64(public_key)).digest(), "big")
    digits = f"{number % 10**20:020d}"
    return " ".join(digits[at : at + 4] for at in range(0, 20, 4))


def is_active(uid: str, person: str) -> bool:
    """Whether the row is there and not revoked: the quick question of each request."""
    return bool(
        Credential.select()
        .where(
            (Credential.uid == uid) & (Credential.person == person) & Credential.revoked.is_null()
        )
        .exists()
    )


def revoked() -> Refused:
    """The refusal of a key that was revoked."""
    return Refused(
        "keys.revoked",
        "您的安全认证插件已被停用，请联系信息化工作办公室。",
        "Your key has been revoked; please contact the informatisation office.",
    )


def _unknown() -> Refused:
    return Refused(
        "keys.unknown",
        "没有找到您的安全认证插件登记，请联系信息化工作办公室。",
        "Your key is not registered here; please contact the informatisation office.",
    )
