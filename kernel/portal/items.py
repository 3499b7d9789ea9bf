"""Where an object is shown: plugins name their pages ``<plugin>:<thing>`` after the kind."""

from __future__ import annotations

from kernel.portal.urls import url, urls

_HOUSE = {
    "exchange.delivery": "exchange:delivery",
    "exchange.package": "exchange:package",
    "acts.proposal": "admin:proposals",
}


def href_of(kind: str, uid: str) -> str:
    """The page of an object: ``documents.document`` is shown at ``documents:document``."""
    return urls().of(page_of(kind), uid) or url("home")


def page_of(kind: str) -> str:
    """The name of the page that shows objects of this kind."""
    return _HOUSE.get(kind) or kind.replace(".", ":", 1)
