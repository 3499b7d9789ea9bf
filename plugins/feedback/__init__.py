"""意见建议: a person says what hinders him; the operator of the node answers; he sees it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from starlette.routing import Route

from kernel.api import Desk, Level, MenuItem, ReconcilerIn, Subject, hookimpl
from plugins.feedback import acts, pages
from plugins.feedback.models import Remark

_EVERYBODY = (
    *("drafter", "section_head", "office_director", "leader", "seal_keeper", "document_clerk"),
    *("unit_admin", "system_admin", "security_admin", "audit_admin"),
)


@hookimpl
def register_verbs() -> Sequence[Callable[..., Any]]:
    """Writing and answering."""
    return [acts.write, acts.answer]


@hookimpl
def register_subjects() -> Sequence[type[Subject]]:
    """The remark."""
    return [Remark]


@hookimpl
def register_levels() -> Sequence[Level]:
    """Everybody writes; the system administrators of the operator answer."""
    return [
        Level("feedback.write", "提意见建议", "Give feedback", _EVERYBODY),
        Level("feedback.answer", "答复意见建议", "Answer feedback", ("system_admin",)),
    ]


@hookimpl
def register_reconcilers() -> Sequence[Callable[..., Any]]:
    """Remarks and answers against the acts that wrote them."""
    return [ReconcilerIn("plugins.feedback.proving")]


@hookimpl
def register_routes() -> Sequence[Route]:
    """The pages below /feedback."""
    return pages.PAGES


@hookimpl
def menu_items(desk: Desk) -> Sequence[MenuItem]:
    """An entry for those who answer; everybody else has the link at the foot of each page."""
    return pages.menu(desk)
