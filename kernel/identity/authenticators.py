"""The seam for what proves a person: soft keys in the demo, security keys and tokens elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from kernel.slots import Slot


@dataclass(frozen=True)
class Signature:
    """A person's signature over the bytes of an act. :ivar kind: the authenticator that made it."""

    kind: str
    value: bytes


class Authenticator(Protocol):
    """One way of proving a person.

    Every authenticator goes through the same forms: the server prepares the bytes of the act, the
    person sees their summary, the key signs, the gate verifies and performs.
    """

    kind: str
    title: str

    def verify(self, statement: dict[str, Any], data: bytes, signature: Signature) -> None:
        """Raise Unverified unless the key named in the credential statement signed these bytes."""

    def sign(self, credential: str, data: bytes) -> Signature | None:
        """Sign on the server, for keys that live here (soft keys); None for all others."""

    def make_keys(self, credentials: Sequence[str]) -> dict[str, str]:
        """Make and keep keys on the server for these credentials: the founding of a demo node.

        :returns: credential → public key (base64 of its SubjectPublicKeyInfo), in this order;
            empty where keys never live on the server.
        """


class Authenticators:
    """Those that are installed, by kind."""

    def __init__(self, found: list[Authenticator]) -> None:
        self._by_kind = {one.kind: one for one in found}

    def get(self, kind: str) -> Authenticator | None:
        """The authenticator of this kind, or None."""
        return self._by_kind.get(kind)


authenticators: Slot[Authenticators] = Slot("authenticators")
