"""请假条: ask for leave, have it granted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.routing import Route

from kernel.api import Desk, Level, MenuItem, Subject, _, hookimpl, url
from plugins.notes import acts, pages
from plugins.notes.models import Note


@hookimpl
def register_verbs() -> Sequence[Callable[..., Any]]:
    """Asking and granting."""
    return [acts.ask, acts.grant]


@hookimpl
def register_subjects() -> Sequence[type[Subject]]:
    """The note."""
    return [Note]


@hookimpl
def register_levels() -> Sequence[Level]:
    """Clerks ask, the office director grants; grants of rights can change that."""
    return [
        Level("notes.ask", "请假", "Ask for leave", ("drafter", "section_head", "document_clerk")),
        Level("notes.grant", "准假", "Grant leave", ("office_director",)),
    ]


@hookimpl
def register_routes() -> Sequence[Route]:
    """The pages below /notes."""
    return [pages.new, pages.note, pages.grant_page]


@hookimpl
def menu_items(desk: Desk) -> Sequence[MenuItem]:
    """One entry, for those who may ask."""
    item = MenuItem(_("请假条"), url("notes:new"), "pencil")
    return [item] if desk.has("notes.ask") else []
