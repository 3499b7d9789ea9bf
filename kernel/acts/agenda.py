"""What waits at a desk, for its home page: how many tasks, how late, and the most urgent ones.

Each is one statement that was built beforehand and answers with tuples: the home page is the page
that everybody opens first in the morning, all at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import peewee
from msgspec import Struct, field

from kernel.acts.models import Task
from kernel.acts.tasks import FORMS, Row, degree, open_of, theirs
from kernel.identity.desk import Desk
from kernel.storage.writing import Ready


class Waiting(Struct, frozen=True):
    """How much waits at a desk.

    :ivar overdue, today: of what is to be done, past its limit, and due by the end of the day.
    :ivar plugins: how many tasks of each plugin, by the names of the tabs.
    """

    todo: int = 0
    toread: int = 0
    drafts: int = 0
    overdue: int = 0
    today: int = 0
    plugins: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def counts(self) -> dict[str, int]:
        """By the names of the tabs."""
        return {"todo": self.todo, "toread": self.toread, "drafts": self.drafts}

    def of(self, plugin: str) -> Mapping[str, int]:
        """What of it is the plugin's: ``todo``, ``toread`` and ``drafts``, as :attr:`counts`."""
        return {**_NONE, **self.plugins.get(plugin, {})}


_NONE = {"todo": 0, "toread": 0, "drafts": 0}
_TAB = {"todo": "todo", "toread": "toread", "draft": "drafts"}


def waiting(desk: Desk, plugins: frozenset[str], *, now: datetime, end_of_day: datetime) -> Waiting:
    """How much waits at a desk, of the rooms and plugins given."""
    ready = _summary(plugins, desk.levels)
    place = desk.organ_code, desk.unit.code, desk.post.uid
    sums, each = dict(_NONE), dict[str, dict[str, int]]()
    overdue = today = 0
    for form, plugin, count, late, soon in ready.rows(*place, now, now, end_of_day):
        tab = _TAB[form]
        sums[tab] += count
        its = each.setdefault(plugin, {})
        its[tab] = its.get(tab, 0) + count
        if tab == "todo":
            overdue, today = overdue + int(late), today + int(soon)
    return Waiting(sums["todo"], sums["toread"], sums["drafts"], overdue, today, each)


@lru_cache(maxsize=512)
def _summary(plugins: frozenset[str], levels: frozenset[str]) -> Ready:
    def build(organ: str, unit: str, post: str, now: str, begin: str, end: str) -> Any:
        late = peewee.Case(None, [(Task.due < now, 1)], 0)
        soon = peewee.Case(None, [((Task.due >= begin) & (Task.due <= end), 1)], 0)
        total = peewee.fn.COUNT(Task.id)
        chosen = Task.form, Task.plugin, total, peewee.fn.SUM(late), peewee.fn.SUM(soon)

        def counted(where: peewee.Expression) -> Any:
            return Task.select(*chosen).where(where).group_by(Task.form, Task.plugin)

        own, shared = open_of(organ, unit, post, levels, FORMS, plugins)
        return counted(own).union_all(counted(shared))

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
        first = Task.select(Task.id).where(where).order_by(*order)
        first = first.limit(peewee.SQL(str(limit)))  # as Ready writes an outer one
        return Task.select(*fields).where(Task.id.in_(first)).order_by(*order)

    return Ready(build)
