"""The seam for what proves a person: soft keys in the demo, security keys and tokens elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, runtime_checkable

from msgspec import Struct, field

from kernel.slots import Slot


class Signature(Struct, frozen=True):
    """A person's signature over the bytes of an act. :ivar kind: the authenticator that made it."""

    kind: str
    value: bytes


class Offered(Struct, frozen=True):
    """A key that its holder registered, and that nobody has issued yet.

    :ivar public_key: base64 of the SubjectPublicKeyInfo.
    :ivar binding: what else the credential statement has to say of a key of this kind.
    """

    public_key: str
    binding: dict[str, Any] = field(default_factory=dict)


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


@runtime_checkable
class BrowserAuthenticator(Authenticator, Protocol):
    """Keys that speak to the browser: a page asks them by a script, the answer comes as a form.

    :ivar template: the piece of a form that asks the key (``<plugin>/ask.html``); it is drawn with
        ``ask``, the options for the browser, and posts the field ``answer``.
    """

    template: str

    def challenge(self, data: bytes) -> bytes:
        """What the key has to sign so that the signature holds for these bytes."""

    def request(
        self, challenge: bytes, statements: Sequence[dict[str, Any]], *, seconds: int
    ) -> dict[str, Any]:
        """The options of a page that asks for a signature.

        :param statements: of the keys that may answer; none means any that knows this site.
        """

    def creation(
        self, person: str, name: str, challenge: bytes, statements: Sequence[dict[str, Any]]
    ) -> dict[str, Any]:
        """The options of a page that registers a key. :param statements: of keys he has already."""

    def register(self, answer: str, challenge: bytes) -> Offered:
        """The new key of an answer; Unverified where it does not hold."""

    def signature(self, answer: str) -> Signature:
        """The signature in an answer, not verified yet; Unverified where there is none."""

    def recognise(
        self,
        answer: str,
        challenge: bytes,
        keys_of: Callable[[str], Sequence[dict[str, Any]]],
    ) -> dict[str, Any]:
        """Who answered, proved by his key: the statement of the credential.

        :param keys_of: person → the statements of his keys in use; ``""`` → of those asked for.
        :raises OfficeError: Unverified, or Refused ``keys.unknown``.
        """


class Authenticators:
    """Those that are installed, by kind."""

    def __init__(self, found: list[Authenticator]) -> None:
        self._by_kind = {one.kind: one for one in found}

    def get(self, kind: str) -> Authenticator | None:
        """The authenticator of this kind, or None."""
        return self._by_kind.get(kind)

    def in_browser(self, kind: str = "") -> BrowserAuthenticator | None:
        """The authenticator of this kind, or the first of any, that a browser can ask."""
        found = [
            one
            for one in self._by_kind.values()
            if isinstance(one, BrowserAuthenticator) and kind in ("", one.kind)
        ]
        return found[0] if found else None


authenticators: Slot[Authenticators] = Slot("authenticators")
