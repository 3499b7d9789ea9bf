"""The bytes of an act: canonical JSON (RFC 8785) built by the server, signed, and kept verbatim."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from kernel.acts import delegated
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb
from kernel.crypto import canonical
from kernel.crypto.ids import stamp, uuid7
from kernel.errors import Invalid
from kernel.identity.desk import Desk, ServiceDesk
from kernel.identity.models import NodeFact

LIFETIME = timedelta(minutes=2)


class Statement(Struct, frozen=True):
    """One act as it will be signed.

    :ivar bytes: the canonical JSON. :ivar private: name → (salt, text) of what stays outside it.
    """

    facts: dict[str, Any]
    bytes: bytes
    private: dict[str, tuple[str, str]]

    @property
    def nonce(self) -> str:
        """The 32 random bytes that make it single use, base64."""
        return str(self.facts["nonce"])

    @property
    def digest(self) -> str:
        """The digest of the bytes."""
        return canonical.digest(self.bytes)


def place_of(desk: Desk | ServiceDesk) -> dict[str, Any]:
    """Who is really there, as the bytes name him: person, his own post, unit and organ."""
    if isinstance(desk, ServiceDesk):
        return {"person": "", "post": "", "unit": "", "organ": desk.organ_code}
    post = desk.post if desk.acting is None else desk.acting.own
    return {
        "person": desk.person.uid,
        "post": post.uid,
        "unit": post.unit.code,
        "organ": desk.organ_code,
    }


def _object(subject: Subject | None) -> dict[str, Any] | None:
    if subject is None:
        return None
    return {
        "kind": subject.kind,
        "uid": subject.uid,
        "version": subject.version,
        "digest": subject.digest(),
    }


def compose(
    desk: Desk | ServiceDesk,
    verb: Verb,
    subject: Subject | None,
    arguments: dict[str, Any],
    moment: datetime,
) -> Statement:
    """Build the bytes. Opinions, reasons and personal data enter as salted digests only.

    :param moment: when, by :mod:`kernel.acts.clock`.
    """
    private: dict[str, tuple[str, str]] = {}
    params = dict(arguments)
    for name in verb.private:
        hidden = canonical.salted(str(arguments[name]))
        private[name] = (hidden.salt, hidden.text)
        params[name] = {"salted": hidden.commitment}
    facts = {
        "v": 1,
        "suite": "intl-1",
        "node": NodeFact.lasting("uid") or "",
        "act": uuid7(),
        "verb": verb.name,
        "schema": verb.schema,
        "object": _object(subject),
        "desk": place_of(desk),
        **delegated.facts_of(desk),
        "params": params,
        "credential": desk.credential if isinstance(desk, Desk) else "",
        "origin": desk.origin if isinstance(desk, Desk) else desk.reason,
        "nonce": canonical.b64(secrets.token_bytes(32)),
        "issued": stamp(moment),
        "expires": stamp(moment + LIFETIME),
    }
    return Statement(facts, canonical.dumps(facts), private)


def read(data: bytes, private: dict[str, tuple[str, str]]) -> Statement:
    """Read bytes back, with the preimages that belong to them."""
    return Statement(canonical.loads(data), data, private)


def arguments_of(statement: Statement, verb: Verb) -> dict[str, Any]:
    """What the body receives: decoded from the signed bytes, preimages checked against them."""
    if statement.facts["schema"] != verb.schema:
        raise Invalid(
            "acts.schema",
            "系统已升级，请返回页面重新办理。",
            "The system was upgraded meanwhile; open the page again.",
        )
    values = dict(statement.facts["params"])
    for name in verb.private:
        salt, text = statement.private.get(name, ("", ""))
        canonical.check_salted(values[name]["salted"], salt, text)
        values[name] = text
    return verb.arguments(values)
