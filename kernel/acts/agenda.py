"""What waits at a desk, for its home page: how many tasks, how late, and the most urgent ones.

Each is one statement that was built beforehand and answers with tuples: the home page is the page
that everybody opens first in the morning, all at once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import peewee

from kernel.acts.models import Task
from kernel.acts.tasks import FORMS, Row, degree, theirs
from kernel.identity.desk import Desk
from kernel.storage.writing import Ready


@dataclass(frozen=True)
class Waiting:
    """How much waits at a desk.

    :ivar overdue, today: of what is to be done, past its limit, and due by the end of the day.
    """

    todo: int = 0
    toread: int = 0
    drafts: int = 0
    overdue: int = 0
    today: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """By the names of the tabs."""
        return {"todo": self.todo, "toread": self.toread, "drafts": self.drafts}


def waiting(desk: Desk, plugins: frozenset[str], *, now: datetime, end_of_day: datetime) -> Waiting:
    """How much waits at a desk, of the rooms and plugins given."""
    ready = _summary(plugins, desk.levels)
    place = desk.organ_code, desk.unit.code, desk.post.uid
    rows = {row[0]: row[1:] for row in ready.rows(*place, now, now, end_of_day)}
    none = (0, 0, 0)
    todo, overdue, today = rows.get("todo", none)
    read, draft = rows.get("toread", none), rows.get("draft", none)
    return Waiting(todo, read[0], draft[0], int(overdue), int(today))


@lru_cache(maxsize=512)
def _summary(plugins: frozenset[str], levels: frozenset[str]) -> Ready:
    def build(organ: str, unit: str, post: str, now: str, begin: str, end: str) -> peewee.Query:
        late = peewee.Case(None, [(Task.due < now, 1)], 0)
        soon = peewee.Case(None, [((Task.due >= begin) & (Task.due <= end), 1)], 0)
        total = peewee.fn.COUNT(Task.id)
        sums = [peewee.fn.SUM(late), peewee.fn.SUM(soon)]
        where = theirs(organ, unit, post, levels) & Task.done.is_null()
        where &= Task.plugin.in_(sorted(plugins)) & Task.form.in_(FORMS)
        return Task.select(Task.form, total, *sums).where(where).group_by(Task.form)

    return Ready(build)


def soonest(desk: Desk, plugins: frozenset[str], forms: tuple[str, ...], limit: int) -> list[Row]:
    """The open tasks of these forms that come first: the urgent ones by their degree, within each
    degree what is due first; those without a limit follow, the newest first.
    """
    ready = _soonest(plugins, desk.levels, forms, limit)
    rows = ready.rows(desk.organ_code, desk.unit.code, desk.post.uid)
    return [Row._make(row) for row in rows]


@lru_cache(maxsize=512)
def _soonest(
    plugins: frozenset[str], levels: frozenset[str], forms: tuple[str, ...], limit: int
) -> Ready:
    fields = [getattr(Task, name) for name in Row._fields]
    order = (degree(), Task.due.is_null(), Task.due, Task.id.desc())

    def build(organ: str, unit: str, post: str) -> peewee.Query:
        where = theirs(organ, unit, post, levels) & Task.done.is_null()
        where &= Task.form.in_(forms) & Task.plugin.in_(sorted(plugins))
        # The index of open tasks holds all that this asks: only the rows shown are read.
        first = Task.select(Task.id).where(where).order_by(*order).limit(limit)
        return Task.select(*fields).where(Task.id.in_(first)).order_by(*order)

    return Ready(build)
