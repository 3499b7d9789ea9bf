"""Whose look a page has: the organ's own, else the node's."""

from __future__ import annotations

from kernel.identity.models import Look
from kernel.portal.page import Brand
from kernel.portal.theme import Theme
from kernel.portal.urls import url
from kernel.storage.remembered import remembered

NODE_THEME = "zhangye"
"""The theme of organs that have not chosen one, and of pages before sign-in."""
PLAIN = Look(organ="", act="")
"""The look of an organ that has set nothing."""


def look_of(organ: str) -> Look:
    """What an organ has set; :data:`PLAIN` where it has set nothing."""
    return _looks().get(organ, PLAIN)


@remembered(Look)
def _looks() -> dict[str, Look]:
    """All at once: a visitor may ask for any name, and what he asks for is not to be kept."""
    return {one.organ: one for one in Look.select()}


def brand_of(look: Look, theme: Theme, name: str, short: str = "") -> Brand:
    """The names and the mark in the top bar of an organ.

    :param name, short: of the organ, or of the node before sign-in.
    """
    plain = theme.brand(name, short)
    return Brand(
        product=look.product or plain.product,
        unit=plain.unit,
        short=plain.short,
        mark=look.mark or plain.mark,
        support=look.support or plain.support,
        logo=url("logo", organ=look.organ, v=look.logo[7:19]) if look.logo else "",
    )
