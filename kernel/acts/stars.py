"""Stars (收藏): matters of any plugin that a person wants to find again.

A preference of the person, at all his desks, seen by nobody else. It leaves no act, as his phrases
leave none, and it gives no right: what a desk may not see is not among what is shown there.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from kernel.acts.models import Star, Task
from kernel.acts.subjects import Subject, kinds
from kernel.errors import Invalid, NotFound
from kernel.identity.desk import Desk
from kernel.identity.models import Person
from kernel.storage.database import exclusive, require_transaction
from kernel.storage.writing import Ready

MOST = 200
"""So many can be kept: more is searched for, not looked through."""


class Starred(Struct, frozen=True):
    """One matter as its list shows it.

    :ivar id: in the order in which they were starred. :ivar title: as the object says now.
    :ivar step, step_en: where it stands in the organ of the desk; empty where nothing is open.
    """

    id: int
    uid: str
    plugin: str
    kind: str
    title: str
    at: datetime
    step: str
    step_en: str


_HELD = Ready(
    lambda person, subject: (
        Star.select(Star.id).where((Star.person == person) & (Star.subject == subject)).limit(1)
    )
)


def starred(person: Person, subject: Subject) -> bool:
    """Whether a person has starred it."""
    return bool(list(_HELD.rows(person.uid, subject.uid)))


def put(person: Person, subject: Subject) -> None:
    """Star it, within a transaction; once more changes nothing.

    :raises Invalid: ``stars.many``.
    """
    require_transaction("starring")
    exclusive(f"stars {person.uid}")
    if starred(person, subject):
        return
    if Star.select().where(Star.person == person.uid).count() >= MOST:
        raise Invalid(
            "stars.many",
            f"最多收藏 {MOST} 件。请先在待办中心“收藏”中取消不再需要的，再收藏这一件。",
            f"At most {MOST} items can be starred; first remove some under “Starred”.",
        )
    Star.create(person=person.uid, plugin=subject.plugin, kind=subject.kind, subject=subject.uid)


def take(person: Person, uids: Sequence[str]) -> int:
    """Take the star from some of his objects, by uid; gives how many had one."""
    require_transaction("unstarring")
    which = (Star.person == person.uid) & Star.subject.in_(list(uids))
    return int(Star.delete().where(which).execute())


def of(desk: Desk, among: frozenset[str]) -> list[Starred]:
    """What the person has starred and may see at this desk, the newest first.

    :param among: the kinds whose pages the desk may open.
    """
    mine = (Star.person == desk.person.uid) & Star.kind.in_(sorted(among))
    rows = list(Star.select().where(mine).order_by(Star.id.desc()))
    titles = {uid: title for kind in among for uid, title in _titles(desk, kind, rows)}
    steps = _steps(desk, list(titles))
    return [
        Starred(row.id, row.subject, row.plugin, row.kind, titles[row.subject], row.at,
                *steps.get(row.subject, ("", "")))
        for row in rows
        if row.subject in titles
    ]  # fmt: skip


def _titles(desk: Desk, kind: str, rows: Sequence[Star]) -> list[tuple[str, str]]:
    uids = [row.subject for row in rows if row.kind == kind]
    if not uids:
        return []
    try:
        cls = kinds().get(kind)
    except NotFound:  # of a plugin that was removed
        return []
    found = cls.select().where(cls.uid.in_(uids) & cls.visible(desk))
    return [(one.uid, one.label()) for one in found]


def _steps(desk: Desk, uids: Sequence[str]) -> dict[str, tuple[str, str]]:
    here = Task.subject.in_(list(uids)) & (Task.organ == desk.organ_code) & Task.done.is_null()
    rows = Task.select(Task.subject, Task.step, Task.step_en).where(here).order_by(Task.id.desc())
    return {row.subject: (row.step, row.step_en) for row in rows}
