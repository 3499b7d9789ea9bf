"""Whose an open task is, against what gave it to them, for ``log verify``.

What decides it is the room's or plugin's to say; here it is held against the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from msgspec import Struct, field

from kernel.acts.generated import vouched
from kernel.acts.models import Task
from kernel.acts.subjects import Subject
from kernel.storage.comparing import Found, Row, differs, rows_of, stretches

ANYBODY = frozenset({""})
"""No post, or no unit: whoever holds the level."""
NAMES = {
    "organ": ("待办所在机关", "the organ of the task"),
    "level": ("待办所需权限", "the level of the task"),
    "post": ("待办所在岗位", "the post of the task"),
    "unit": ("待办所在部门", "the unit of the task"),
    "form": ("待办、待阅或草稿", "whether the task is to do, to read or a draft"),
    "urgency": ("待办的紧急程度", "the urgency of the task"),
    "due": ("待办的时限", "the deadline of the task"),
}
Told = Mapping[str, Collection[Any]]
"""What the open tasks on one object may say: the values that each of these columns may have, the
usual one first."""


class Whose(Struct, frozen=True):
    """Whose the open tasks on one object have to be.

    :ivar posts: one of these; with an empty one, anybody's who holds the level. :ivar units: the
        same for units. :ivar says: what else the task says.
    :ivar several: whether there may be more than one task.
    """

    organ: str
    level: str
    posts: frozenset[str] = ANYBODY
    units: frozenset[str] = ANYBODY
    says: Told = field(default_factory=dict)
    several: bool = False


def compare(kind: str, given: Mapping[str, Whose]) -> Iterator[Found]:
    """Name the open tasks that lie elsewhere or say otherwise, and those of which there is one too
    many. :param given: by the uid of the object."""
    seen: set[str] = set()
    for row in _open(kind, given):
        said, where = given[row["subject"]], f"task {row['uid']} on {kind} {row['subject']}"
        allowed: dict[str, Collection[Any]] = {
            "organ": (said.organ,),
            "level": (said.level,),
            "post": sorted(said.posts, reverse=True),
            "unit": sorted(said.units, reverse=True),
        }
        if not _is_generated(row):
            allowed |= said.says
            if row["subject"] in seen and not said.several:
                yield where, _TWICE
            seen.add(row["subject"])
        yield from _differ(where, row, allowed)


def told(kind: str, given: Mapping[str, Told]) -> Iterator[Found]:
    """Name the open tasks that say otherwise. :param given: by the uid of the object."""
    for row in _open(kind, given):
        if not _is_generated(row):
            where = f"task {row['uid']} on {kind} {row['subject']}"
            yield from _differ(where, row, given[row["subject"]])


def _differ(where: str, row: Row, allowed: Told) -> Iterator[Found]:
    for name, values in allowed.items():
        if row[name] not in values:
            yield where, differs(NAMES[name], row[name], next(iter(values)))


def _is_generated(row: Row) -> bool:
    """What was made up for measuring says what it likes, and there may be several of one object."""
    return str(row["uid"])[14:15] == "8"


def lost(kind: str, uids: Collection[str]) -> Iterator[Found]:
    """Name those of these objects that nobody has a task to do anything with any more."""
    there = {row["subject"] for row in _open(kind, uids)}
    yield from (without(kind, uid) for uid in sorted({*uids} - there))


def without(kind: str, uid: str) -> Found:
    """Name one object that nobody has the task on which somebody should have."""
    return f"{kind} {uid}", _NOBODY


def over(kind: str, uids: Collection[str], but: Collection[str] = ()) -> Iterator[Found]:
    """Name the open tasks on those of these objects, which are finished.

    :param but: the uids of tasks that are not.
    """
    for row in _open(kind, uids):
        if row["uid"] not in but:
            yield f"task {row['uid']} on {kind} {row['subject']}", _OVER


def titles(model: type[Subject]) -> Iterator[Found]:
    """Name the open tasks on objects of a kind that are called otherwise than their object."""
    of_kind = (Task.kind == model.kind) & Task.done.is_null() & vouched(Task.subject)
    for rows in stretches(Task, Task.uid, Task.subject, Task.title, where=of_kind):
        there = model.select().where(model.uid.in_({row["subject"] for row in rows}))
        called = {one.uid: one.label() for one in there}
        for row in rows:
            if row["title"] != called.get(row["subject"], row["title"]):
                where = f"task {row['uid']} on {model.kind} {row['subject']}"
                yield where, differs(_TITLE, row["title"], called[row["subject"]])


_TITLE = ("待办标题", "the title of the task")


def _open(kind: str, uids: Collection[str]) -> list[Row]:
    mine = (Task.kind == kind) & Task.subject.in_(list(uids)) & Task.done.is_null()
    fields = (Task.uid, Task.subject, Task.organ, Task.level, Task.post, Task.unit)
    return rows_of(Task, *fields, Task.form, Task.urgency, Task.due, where=[mine])


_TWICE = (
    "同一事项有不止一项待办，多出的来历不明；请与备份核对"
    " / is one task too many on this object, and came from nowhere: compare with a backup"
)
_NOBODY = (
    "尚未办结，但没有任何人的待办中有此件；待办已被删除或改动，请从备份中找回"
    " / is not finished, and nobody has it among his tasks: the task was removed or altered, look"
    " for it in a backup"
)
_OVER = (
    "已经办结，却仍是待办；待办被改动过，请与备份核对"
    " / is finished, and somebody has a task to do it still: the task was altered, compare with a"
    " backup"
)
