"""The authenticator: what a page asks of a key, and what its answer proves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kernel.api import (
    Offered,
    Refused,
    Signature,
    Unverified,
    canonical,
    verify_by_statement,
    webauthn,
)
from plugins.webauthn import answers
from plugins.webauthn.models import Counter
from plugins.webauthn.place import Place

KeysOf = Callable[[str], Sequence[dict[str, Any]]]


class SecurityKeys:
    """Keys that people carry with them. :param place: the site that they speak for."""

    kind = "webauthn"
    title = "安全认证插件（USBKEY）"
    template = "webauthn/ask.html"

    def __init__(self, place: Place) -> None:
        self._place = place

    def verify(self, statement: dict[str, Any], data: bytes, signature: Signature) -> None:
        """Raise Unverified unless this very key signed these bytes, and its counter went on.

        Within the transaction of the act, so that the counter stands or falls with it.
        """
        self._check_place(statement)
        verify_by_statement(signature.kind, statement, data, signature.value)
        _count(statement["credential"], webauthn.read_assertion(signature.value))

    def sign(self, credential: str, data: bytes) -> Signature | None:
        """None: these keys never live on the server."""
        return None

    def make_keys(self, credentials: Sequence[str]) -> dict[str, str]:
        """Nothing: people register their keys themselves."""
        return {}

    def challenge(self, data: bytes) -> bytes:
        """What the key signs for these bytes."""
        return webauthn.challenge_of(data)

    def request(
        self, challenge: bytes, statements: Sequence[dict[str, Any]], *, seconds: int
    ) -> dict[str, Any]:
        """The options of ``navigator.credentials.get``, as JSON (Web Authentication 3, 5.5)."""
        return {
            "challenge": answers.websafe(challenge),
            "rpId": self._place.rp_id,
            "timeout": seconds * 1000,
            "userVerification": "required",
            "allowCredentials": _descriptors(statements),
        }

    def creation(
        self, person: str, name: str, challenge: bytes, statements: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """The options of ``navigator.credentials.create``, as JSON."""
        user = answers.websafe(person.encode())
        return {
            "challenge": answers.websafe(challenge),
            "rp": {"id": self._place.rp_id, "name": "居延 Juyan"},
            "user": {"id": user, "name": name, "displayName": name},
            "pubKeyCredParams": [{"type": "public-key", "alg": alg} for alg in (-8, -7)],
            "timeout": 300_000,
            "excludeCredentials": _descriptors(statements),
            "authenticatorSelection": {
                "residentKey": "preferred",
                "userVerification": "required",
            },
            "attestation": "none",
        }

    def register(self, answer: str, challenge: bytes) -> Offered:
        """The new key of an answer."""
        from plugins.webauthn import registering  # here, because few processes ever register one

        return registering.new_key(answer, challenge, self._place)

    def signature(self, answer: str) -> Signature:
        """The signature in an answer, not verified yet."""
        return Signature(self.kind, answers.read(answer).assertion.to_bytes())

    def recognise(self, answer: str, challenge: bytes, keys_of: KeysOf) -> dict[str, Any]:
        """The statement of the key that answered; the key itself says whose it is."""
        given = answers.read(answer)
        for statement in keys_of(given.person):
            if canonical.unb64(statement["webauthn"]["credential_id"]) == given.credential_id:
                break
        else:
            raise _unknown()
        self._check_place(statement)
        key = webauthn.security_key(statement["public_key"], statement["webauthn"])
        webauthn.verify(key, challenge, given.assertion)
        _count(statement["credential"], given.assertion)
        return statement

    def _check_place(self, statement: dict[str, Any]) -> None:
        if self._place.origin not in statement["webauthn"]["origins"]:
            raise Unverified(
                "webauthn.moved",
                f"您的插件是为另一个网址登记的，不能用于 {self._place.origin}。请重新登记。",
                f"Your key was registered for another address than {self._place.origin}; "
                "have it registered anew.",
            )


def _descriptors(statements: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    ids = [canonical.unb64(one["webauthn"]["credential_id"]) for one in statements]
    return [{"type": "public-key", "id": answers.websafe(uid)} for uid in ids]


def _count(credential: str, assertion: webauthn.Assertion) -> None:
    """Keep the key's counter; one that does not go on betrays a copy of the key (7.2, step 22).

    The very same assertion may come again: it stands for each act of a batch, and whether an act
    is done twice is the gate's question.
    """
    value, digest = assertion.counter, canonical.digest(assertion.to_bytes())
    Counter.insert(credential=credential, value=0, last="").on_conflict_ignore().execute()
    row = Counter.get(Counter.credential == credential)
    if row.value == value and (value == 0 or row.last == digest):
        return
    moved = (
        Counter.update(value=value, last=digest)
        .where((Counter.credential == credential) & (Counter.value < value))
        .execute()
    )
    if not moved:
        raise Unverified(
            "webauthn.counter",
            "插件的签名计数没有前进，它可能被复制过。请立即停用，并联系信息化工作办公室。",
            "The key's counter did not go on: it may have been copied. Do not use it, and tell the "
            "informatisation office at once.",
        )


def _unknown() -> Refused:
    return Refused(
        "keys.unknown",
        "这把插件没有在本平台登记，或已停用。请换用登记的插件，或联系信息化工作办公室。",
        "This key is not registered here, or was revoked. Use another one, or ask the "
        "informatisation office.",
    )
