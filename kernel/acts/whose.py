"""Whose an open task is, against what gave it to them, for ``log verify``.

What decides it is the room's or plugin's to say; here it is held against the rows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from kernel.acts.generated import vouched
from kernel.acts.models import Task
from kernel.acts.subjects import Subject
from kernel.storage.comparing import Found, differs, rows_of, stretches

ANYBODY = frozenset({""})
"""No post, or no unit: whoever holds the level."""
NAMES = {
    "organ": ("待办所在机关", "the organ of the task"),
    "level": ("待办所需权限", "the level of the task"),
    "post": ("待办所在岗位", "the post of the task"),
    "unit": ("待办所在部门", "the unit of the task"),
}


@dataclass(frozen=True)
class Whose:
    """Whose the open tasks on one object have to be.

    :ivar posts: one of these; with an empty one, anybody's who holds the level. :ivar units: the
        same for units.
    """

    organ: str
    level: str
    posts: frozenset[str] = ANYBODY
    units: frozenset[str] = ANYBODY


def compare(kind: str, given: Mapping[str, Whose]) -> Iterator[Found]:
    """Name the open tasks that lie elsewhere. :param given: by the uid of the object."""
    for row in _open(kind, given):
        said = given[row["subject"]]
        allowed = {
            "organ": frozenset({said.organ}),
            "level": frozenset({said.level}),
            "post": said.posts,
            "unit": said.units,
        }
        for name, values in allowed.items():
            if row[name] not in values:
                where = f"task {row['uid']} on {kind} {row['subject']}"
                yield where, differs(NAMES[name], row[name], max(values))


def lost(kind: str, uids: Collection[str]) -> Iterator[Found]:
    """Name those of these objects that nobody has a task to do anything with any more."""
    there = {row["subject"] for row in _open(kind, uids)}
    for uid in sorted({*uids} - there):
        yield f"{kind} {uid}", _NOBODY


def over(kind: str, uids: Collection[str]) -> Iterator[Found]:
    """Name the open tasks on those of these objects, which are finished."""
    for row in _open(kind, uids):
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


def _open(kind: str, uids: Collection[str]) -> list[dict[str, str]]:
    mine = (Task.kind == kind) & Task.subject.in_(list(uids)) & Task.done.is_null()
    fields = (Task.uid, Task.subject, Task.organ, Task.level, Task.post, Task.unit)
    return rows_of(Task, *fields, where=[mine])


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
