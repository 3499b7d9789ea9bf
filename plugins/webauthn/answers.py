"""Answers of the browser's API, as the script of the page posts them."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from kernel.api import webauthn

MOST = 20_000
"""Characters of an answer; real ones have less than 3,000."""


class Answer(Struct, frozen=True):
    """An assertion and who made it.

    :ivar person: the uid that the key keeps for its holder; empty where it keeps none.
    """

    credential_id: bytes
    person: str
    assertion: webauthn.Assertion


def websafe(data: bytes) -> str:
    """Base64 as the browser writes it: URL-safe, without padding."""
    return webauthn.b64url(data).decode()


def bytes_of(text: object) -> bytes:
    """Read it back; Unverified ``webauthn.form``."""
    if not isinstance(text, str):
        raise webauthn.malformed()
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise webauthn.malformed() from error
    return data


def fields_of(answer: str) -> tuple[bytes, Mapping[str, Any]]:
    """The key's own name for itself, and the response; Unverified ``webauthn.form``."""
    try:
        fields = json.loads(answer) if len(answer) <= MOST else None
    except (ValueError, RecursionError) as error:
        raise webauthn.malformed() from error
    if not isinstance(fields, dict) or not isinstance(fields.get("response"), dict):
        raise webauthn.malformed()
    return bytes_of(fields.get("id")), fields["response"]


def read(answer: str) -> Answer:
    """The answer of ``navigator.credentials.get``; Unverified ``webauthn.form``."""
    credential_id, response = fields_of(answer)
    names = ("authenticatorData", "clientDataJSON", "signature")
    parts = [bytes_of(response.get(name)) for name in names]
    handle = bytes_of(response.get("userHandle") or "")
    try:
        person = handle.decode("ascii")
    except UnicodeDecodeError as error:
        raise webauthn.malformed() from error
    return Answer(credential_id, person, webauthn.Assertion(*parts))
