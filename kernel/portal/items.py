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
    page = page_of(kind)
    if quick := urls().of(page, uid):
        return quick
    try:
        return url(page, uid=uid)
    except KeyError:
        return url("home")


def page_of(kind: str) -> str:
    """The name of the page that shows objects of this kind."""
    return _HOUSE.get(kind) or kind.replace(".", ":", 1)
