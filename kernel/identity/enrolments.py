"""How a key comes to its holder: a slot with a one-time code, and the key that he offers in it.

The person need not be signed in, he has no key yet; the code says who he is supposed to be. That
the offered key is his own, two administrators establish before they issue it, by comparing its
short code with him (:func:`kernel.identity.credentials.short_code`).
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.errors import Conflict, NotFound
from kernel.identity.authenticators import Offered
from kernel.identity.models import Enrolment, Person

LIFETIME = timedelta(hours=24)
_SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without 0, 1, I and O, because the code is read aloud and typed."""


def _hash(code: str) -> str:
    plain = "".join(sign for sign in code.upper() if sign.isalnum())
    return hashlib.sha256(plain.encode()).hexdigest()


def open_slot(person: Person, kind: str, label: str, act: str) -> str:
    """Let a person register a key within a day; gives the code (60 random bits) to tell him."""
    code = "".join(secrets.choice(_SIGNS) for _ in range(12))
    Enrolment.create(
        person=person.uid,
        kind=kind,
        label=label,
        code_hash=_hash(code),
        act=act,
        expires=now() + LIFETIME,
    )
    return "-".join((code[:4], code[4:8], code[8:]))


def by_code(code: str) -> Enrolment:
    """The open slot of a code; NotFound ``keys.code`` where it ran out or was used."""
    found: Enrolment | None = Enrolment.get_or_none(
        (Enrolment.code_hash == _hash(code))
        & (Enrolment.state == "open")
        & (Enrolment.expires > now())
    )
    if found is None:
        raise NotFound(
            "keys.code",
            "登记码不对、已用过或已过期（24小时内有效）。请核对，或请管理员重新开通登记。",
            "The code is wrong, was used or ran out (it holds for 24 hours). Check it, or ask the "
            "administrator for another one.",
        )
    return found


def begin(slot: Enrolment) -> bytes:
    """A fresh challenge for the key; an earlier one no longer counts."""
    challenge = secrets.token_bytes(32)
    Enrolment.update(challenge=canonical.b64(challenge)).where(Enrolment.id == slot.id).execute()
    return challenge


def challenge_of(slot: Enrolment) -> bytes:
    """The challenge that :func:`begin` gave last."""
    return canonical.unb64(slot.challenge)


def offer(slot: Enrolment, key: Offered) -> None:
    """Keep the key that was registered; the code is used up.

    :raises Conflict: ``keys.code`` when somebody was quicker with the same code.
    """
    moved = (
        Enrolment.update(
            public_key=key.public_key, binding=key.binding, state="offered", offered=now()
        )
        .where((Enrolment.id == slot.id) & (Enrolment.state == "open"))
        .execute()
    )
    if not moved:
        raise Conflict(
            "keys.code",
            "这个登记码刚刚已经用过。如果不是您本人，请立即告诉管理员。",
            "This code was used a moment ago. If that was not you, tell the administrator at once.",
        )


def settle(public_key: str) -> None:
    """The key was issued: its slot is done."""
    Enrolment.update(state="issued").where(
        (Enrolment.public_key == public_key) & (Enrolment.state == "offered")
    ).execute()
