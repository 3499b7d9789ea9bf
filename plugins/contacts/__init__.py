"""Contacts: who is who, and how to reach him, as far as he and the organ let it be seen."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kernel.api import Desk, Level, MenuItem, ReconcilerIn, _, hookimpl, rights_roles, url
from plugins.contacts import acts, pages


@hookimpl
def register_verbs() -> Sequence[Callable[..., Any]]:
    """One: each enters his own card."""
    return [acts.set_card]


@hookimpl
def register_levels() -> Sequence[Level]:
    """One level, for everybody who has a post."""
    return [Level("contacts.view", "查看通讯录", "See contacts", tuple(rights_roles))]


@hookimpl
def register_reconcilers() -> Sequence[Callable[..., Any]]:
    """Cards against the acts that entered them."""
    return [ReconcilerIn("plugins.contacts.proving")]


@hookimpl
def register_routes() -> Sequence[Any]:
    """The directory and one's own card."""
    return pages.ROUTES


@hookimpl
def menu_items(desk: Desk) -> Sequence[MenuItem]:
    """The directory."""
    return [MenuItem(_("通讯录"), url("contacts:list"), "contact")]


@hookimpl
def search_links(desk: Desk, text: str) -> Sequence[MenuItem]:
    """People and units stand in no index: the directory finds them, by name or by pinyin."""
    if not desk.has("contacts.view"):
        return []
    label = _("在通讯录中查找“%(words)s”", words=text)
    return [MenuItem(label, url("contacts:list", q=text), "contact")]
