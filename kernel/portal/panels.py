"""Cards that plugins add to the home page."""

from __future__ import annotations

from typing import Any

from msgspec import Struct, field


class Panel(Struct, frozen=True):
    """A card in the side column of the home page.

    :ivar template: ``<plugin>/panel_….html``, drawn with ``context``.
    """

    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    more_href: str = ""
    more: str = ""
