"""Security keys (W3C Web Authentication): what proves a person by default."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.api import Authenticator, hookimpl, settings
from plugins.webauthn.keys import SecurityKeys
from plugins.webauthn.place import place_of


@hookimpl
def register_authenticators() -> Sequence[Authenticator]:
    """The kind ``webauthn``; refused at an address where browsers have no keys to offer."""
    return [SecurityKeys(place_of(settings()))]
