"""Where an object is shown: plugins name their pages ``<plugin>:<thing>`` after the kind."""

from __future__ import annotations

from kernel.portal.urls import url

_HOUSE = {
    "exchange.delivery": "exchange:delivery",
    "exchange.package": "exchange:package",
    "acts.proposal": "admin:proposals",
}


def href_of(kind: str, uid: str) -> str:
    """The page of an object: ``documents.document`` is shown at ``documents:document``."""
    name = _HOUSE.get(kind) or kind.replace(".", ":", 1)
    try:
        return url(name, uid=uid)
    except KeyError:
        return url("home")
