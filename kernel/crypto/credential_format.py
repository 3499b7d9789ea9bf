"""The statement that a person holds a key, and what it takes to check a signature by it.

A statement is canonical JSON, signed by the people's authority of the node::

    {"format": "juyan-credential-1", "node", "credential", "person", "name", "kind",
     "suite", "public_key", "not_before", "not_after", "demo"}

A security key's has one member more, ``webauthn`` (:data:`kernel.crypto.webauthn.BINDING`). The
suite is that of the authority's signature; how the key itself signs follows from the kind.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from kernel.crypto import suites, webauthn
from kernel.crypto.canonical import loads
from kernel.errors import Unverified

STATEMENT_FORMAT = "juyan-credential-1"
_TEXTS = frozenset(
    {
        *("format", "node", "credential", "person", "name", "kind", "suite", "public_key"),
        *("not_before", "not_after"),
    }
)


def read_statement(data: bytes) -> dict[str, Any]:
    """The fields of a statement, its form checked.

    :raises Invalid: ``canonical.*``. :raises Unverified: ``credentials.form``, ``suites.*``,
        ``webauthn.*``.
    """
    fields: dict[str, Any] = loads(data)
    kind = fields.get("kind") if isinstance(fields, dict) else None
    if not isinstance(kind, str) or kind not in KINDS:
        raise _malformed()
    own = {"webauthn"} if kind == "webauthn" else set()
    if fields.keys() != _TEXTS | {"demo"} | own or fields["format"] != STATEMENT_FORMAT:
        raise _malformed()
    texts = all(isinstance(fields[name], str) for name in _TEXTS)
    if not texts or not isinstance(fields["demo"], bool):
        raise _malformed()
    suites.check_suite(fields["suite"])
    if kind == "webauthn":
        webauthn.security_key(fields["public_key"], fields["webauthn"])
    else:
        suites.load_public(fields["public_key"])
    return fields


def verify_signature(kind: str, statement: Mapping[str, Any], data: bytes, value: bytes) -> None:
    """Check that the key of a statement signed these bytes: an act's, a batch's.

    :param kind: of the signature; it must be the kind of the statement.
    :param statement: as :func:`read_statement` gives it, vouched for by the authority.
    :param value: for ``soft`` an ECDSA signature in DER, for ``webauthn`` an assertion
        (:meth:`kernel.crypto.webauthn.Assertion.to_bytes`).
    :raises Unverified: ``suites.*``, ``webauthn.*``, ``credentials.kind``.
    :raises Invalid: ``canonical.*``.
    """
    if kind not in KINDS or statement["kind"] != kind:
        raise Unverified(
            "credentials.kind",
            "签名方式与登记的安全认证插件不符，请改用登记的插件。",
            "The signature was made by another kind of key than the one registered.",
        )
    KINDS[kind](statement, data, value)


def _soft(statement: Mapping[str, Any], data: bytes, value: bytes) -> None:
    suites.verify(suites.load_public(statement["public_key"]), data, value)


def _webauthn(statement: Mapping[str, Any], data: bytes, value: bytes) -> None:
    key = webauthn.security_key(statement["public_key"], statement["webauthn"])
    webauthn.verify(key, webauthn.challenge_of(data), webauthn.read_assertion(value))


KINDS: dict[str, Callable[[Mapping[str, Any], bytes, bytes], None]] = {
    "soft": _soft,
    "webauthn": _webauthn,
}
"""Each kind of key that a person may hold, and how its signature over bytes is checked."""


def _malformed() -> Unverified:
    return Unverified(
        "credentials.form",
        "个人证书的格式不对，请联系发出方。",
        "The statement about the person's key is malformed; ask the sender.",
    )
