"""公告: what an office has to tell everybody who works in it, for as long as it holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

from starlette.routing import Route

from kernel.api import CalendarItem, Desk, Level, MenuItem, Panel, ReconcilerIn, Subject, hookimpl
from plugins.announcements import acts, pages
from plugins.announcements.models import Announcement


@hookimpl
def register_verbs() -> Sequence[Callable[..., Any]]:
    """Publishing, withdrawing, reading."""
    return [acts.publish, acts.withdraw, acts.read]


@hookimpl
def register_subjects() -> Sequence[type[Subject]]:
    """The announcement."""
    return [Announcement]


@hookimpl
def register_levels() -> Sequence[Level]:
    """The unit's administrator speaks to his own organ; the operator of the node to all."""
    return [
        Level(
            "announcements.publish",
            "发布本单位公告",
            "Publish to one's own organ",
            ("unit_admin", "office_director", "system_admin"),
        ),
        Level(
            "announcements.publish_all", "发布全市公告", "Publish to all organs", ("system_admin",)
        ),
        Level("announcements.view", "查看公告", "Read announcements", _EVERYBODY),
    ]


_EVERYBODY = (
    *("drafter", "section_head", "office_director", "leader", "seal_keeper", "document_clerk"),
    *("unit_admin", "system_admin", "security_admin", "audit_admin"),
)


@hookimpl
def register_routes() -> Sequence[Route]:
    """The pages below /announcements."""
    return pages.PAGES


@hookimpl
def register_reconcilers() -> Sequence[Callable[..., Any]]:
    """Announcements against the acts on them."""
    return [ReconcilerIn("plugins.announcements.proving")]


@hookimpl
def menu_items(desk: Desk) -> Sequence[MenuItem]:
    """One entry, with how many are unread."""
    return pages.menu(desk)


@hookimpl
def home_panels(desk: Desk) -> Sequence[Panel]:
    """What holds today and was not read yet."""
    return pages.panels(desk)


@hookimpl
def calendar_items(desk: Desk, first: date, last: date) -> Sequence[CalendarItem]:
    """The days from which something holds."""
    return pages.on_calendar(desk, first, last)
