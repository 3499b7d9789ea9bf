"""The versions of a draft: one each time that somebody hands it on."""

from __future__ import annotations

from kernel.api import Desk, this_act, this_moment
from plugins.documents import elements
from plugins.documents.models import Document, Version


def content_of(document: Document) -> elements.Content:
    """The elements as they are stored."""
    return {name: getattr(document, name) for name in elements.names()}


def keep(desk: Desk, document: Document, *, step: str, action: str = "done") -> None:
    """Keep what the document says now, within the act that hands it on."""
    last = all_of(document)[-1:]
    Version.create(
        document=document.uid,
        number=last[0].number + 1 if last else 1,
        step=step,
        action=action,
        person=desk.name,
        act=this_act(),
        content=content_of(document),
        at=this_moment(),
    )


def all_of(document: Document) -> list[Version]:
    """Its versions, the oldest first."""
    found = Version.select().where(Version.document == document.uid).order_by(Version.number)
    return list(found)
