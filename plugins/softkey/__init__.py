"""Soft keys: they sign on the server, so that a demo can be tried without any hardware."""

from __future__ import annotations

from collections.abc import Sequence

from kernel.api import Authenticator, hookimpl, settings
from plugins.softkey.keys import SoftKeys


@hookimpl
def register_authenticators() -> Sequence[Authenticator]:
    """The kind ``soft``."""
    if not settings().demo:
        # The manifest says so as well; a copied manifest must not be enough.
        raise RuntimeError("soft keys are for demo nodes only")
    return [SoftKeys(settings().instance)]
