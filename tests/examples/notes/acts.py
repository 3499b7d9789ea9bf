"""What can be done with leave notes."""

from __future__ import annotations

from typing import Any

from kernel.api import Conflict, Desk, Refused, SearchEntry, act, now, opinions, search, tasks
from plugins.notes.models import Note


@act("notes.ask", title="请假", title_en="Ask for leave", level="ask", weight="recorded")
def ask(desk: Desk, *, first: str, days: int, reason: str) -> Note:
    """Write a leave note and put it before those who may grant it."""
    who = desk.person
    note: Note = Note.create(
        organ=desk.organ_code, person=who.uid, name=who.name, first=first, days=days, reason=reason
    )
    tasks.assign(note, step="准假", organ=note.organ, level="notes.grant", sender=who.name)
    return note


def _open(desk: Desk, note: Note, **_: Any) -> None:
    if note.state != "asked":
        raise Conflict("notes.settled", "这张请假条已经批过了。", "This was granted before.")
    if note.person == desk.person.uid:
        raise Refused("notes.own", "不能批准自己的请假。", "Nobody grants leave to himself.")


@act(
    "notes.grant",
    title="准假",
    title_en="Grant leave",
    level="grant",
    weight="signed",
    private=("opinion",),
    check=_open,
)
def grant(desk: Desk, note: Note, *, opinion: str) -> None:
    """Grant the leave; from now on it can be found."""
    Note.update(state="granted").where(Note.id == note.id).execute()
    opinions.write(desk, note, step="准假", text=opinion)
    tasks.finish(note, by=desk.post.uid)
    who = frozenset({f"person:{note.person}", f"post:{desk.post.uid}"})
    search.index(
        SearchEntry("notes", note.kind, note.uid, note.organ, note.label(), note.reason, now(), who)
    )
