"""Tasks: what a desk still has to do. One centre for all plugins, with the same five tabs."""

from __future__ import annotations

from datetime import datetime
from functools import cache, lru_cache, reduce
from operator import or_
from typing import Any, Literal, NamedTuple

import peewee

from kernel.acts import notices
from kernel.acts.models import NO_LIMIT, URGENT, Task, hurry_of
from kernel.acts.subjects import Subject
from kernel.crypto.ids import now, uuid7
from kernel.identity.desk import Desk
from kernel.storage.writing import Ready

Tab = Literal["todo", "toread", "doing", "done", "drafts"]
TABS: tuple[Tab, ...] = ("todo", "toread", "doing", "done", "drafts")
Place = Any
"""A value, or the place of one in a query that is built beforehand."""
FORMS = ("draft", "todo", "toread")
"""All forms of a task: asked for by name, the index of open tasks is used."""
BACK = "退回 · "
"""How the line below the title of a task begins that came back."""
_FORM = {"todo": "todo", "toread": "toread", "drafts": "draft"}


def assign(
    subject: Subject,
    *,
    step: str,
    organ: str,
    step_en: str = "",
    title: str = "",
    meta: str = "",
    form: Literal["todo", "toread", "draft"] = "todo",
    post: str = "",
    unit: str = "",
    level: str = "",
    urgency: str = "",
    sender: str = "",
    due: datetime | None = None,
    said: tuple[str, str] | None = None,
    uid: str = "",
    back: bool = False,
) -> Task:
    """Give a task to a post, or to anybody in a unit or organ who holds a level, and tell them.

    :param step_en: the name of the step in English, where it is not a word of a catalogue: steps
        of a flow have names of their own.
    :param said: what they are told (Chinese, English): that there is a new task, by default; of a
        draft nobody is told anything else.
    :param uid: for tasks of which there may be several on a subject: what tells them apart.
    :param back: whether it comes back to who had done it: lists mark it.
    """
    if not post and not level:
        raise ValueError("a task needs a post or a level")
    meta = f"{BACK}{meta}" if back else meta
    task: Task = Task.create(
        plugin=subject.plugin, kind=subject.kind, subject=subject.uid,
        title=title or subject.label(), meta=meta, step=step, step_en=step_en, form=form,
        organ=organ, post=post, unit=unit, level=level, urgency=urgency, sender=sender, due=due,
        uid=uid or uuid7(),
    )  # fmt: skip
    if form != "draft" or said:
        notices.of_task(task, said)
    return task


def finish(
    subject: Subject,
    *,
    by: str = "",
    post: str = "",
    organ: str = "",
    step: str = "",
    uid: str = "",
    words: tuple[str, ...] = (),
) -> int:
    """Close the open tasks on a subject (of one post, organ or step, or one task); ``by`` is who
    did it.

    What they told of is marked as read: all that was told of the subject (to that post or organ),
    unless a step is named; then what was told of the tasks that are closed, and nothing else.

    :param words: what else was told of the tasks of that step: how the keys of these notices begin.
    """
    only = {"post": post, "organ": organ, "step": step, "uid": uid}
    given = {name: value for name, value in only.items() if value}
    values = now(), by, subject.uid, *given.values()
    if step:
        closed = [uid for (uid,) in _finish(*given, told=True).rows(*values)]
        if closed:
            notices.settle_tasks(subject.uid, closed, words)
        return len(closed)
    done = _finish(*given).run(*values)
    if done:
        notices.settle(subject.uid, organ=organ, post=post)
    return done


@cache
def _finish(*columns: str, told: bool = False) -> Ready:
    def closing(moment: Any, by: Any, subject: Any, *values: Any) -> Any:
        which = (Task.subject == subject) & Task.done.is_null()
        for name, value in zip(columns, values, strict=True):
            which &= Task._meta.fields[name] == value
        closed = Task.update(done=moment, done_by=by).where(which)
        return closed.returning(Task.uid) if told else closed

    return Ready(closing, 3 + len(columns))


def mine(desk: Desk) -> peewee.Expression:
    """The tasks that are this desk's: by post, or by level within its unit or organ."""
    return theirs(desk.organ_code, desk.unit.code, desk.post.uid, desk.levels)


def theirs(organ: Place, unit: Place, post: Place, levels: frozenset[str]) -> peewee.Expression:
    """The tasks of a desk, from what makes one; also with places for values that come later.

    The organ and the post come first, because the index begins with them.
    """
    by_level = ((Task.unit == "") | (Task.unit == unit)) & Task.level.in_(sorted(levels))
    near = (Task.organ == organ) & ((Task.post == post) | (Task.post == ""))
    found: peewee.Expression = near & ((Task.post != "") | by_level)
    return found


def open_of(
    organ: Place,
    unit: Place,
    post: Place,
    levels: frozenset[str],
    forms: tuple[str, ...],
    plugins: frozenset[str],
) -> tuple[peewee.Expression, peewee.Expression]:
    """What is open of a desk, as two conditions: by its post, and by level.

    Together they are :func:`theirs`; each alone walks along the index of open tasks, where both in
    one condition make SQLite look into the rows.
    """
    which = Task.done.is_null() & Task.form.in_(forms) & Task.plugin.in_(sorted(plugins))
    by_level = ((Task.unit == "") | (Task.unit == unit)) & Task.level.in_(sorted(levels))
    by_post = (Task.organ == organ) & (Task.post == post) & which
    return by_post, (Task.organ == organ) & (Task.post == "") & by_level & which


def query(desk: Desk, tab: Tab, plugins: frozenset[str]) -> peewee.ModelSelect[Task]:
    """The tasks of one tab, of the rooms and plugins given; not yet ordered or cut."""
    base = Task.select().where(Task.plugin.in_(list(plugins)))
    if tab in _FORM:
        return base.where(mine(desk) & Task.done.is_null() & (Task.form == _FORM[tab]))
    still = Task.alias()
    # By the subject, which has a task or two: as a plain column the organ would be looked up, and
    # all that is open there walked along for each row.
    there = peewee.fn.COALESCE(still.organ, "") == Task.organ
    running = peewee.fn.EXISTS(
        still.select(still.id).where((still.subject == Task.subject) & still.done.is_null() & there)
    )
    last = peewee.fn.MAX(Task.id)
    own = Task.select(last).where(Task.done_by == desk.post.uid).group_by(Task.subject)
    chosen = base.where(Task.id.in_(own))
    return chosen.where(running) if tab == "doing" else chosen.where(~running)


def degree() -> peewee.Case:
    """How urgent a task is, for queries: ``0`` for the highest degree, and so on."""
    ranks = [(name, str(rank)) for rank, name in enumerate(URGENT)]
    return peewee.Case(Task.urgency, ranks, str(len(ranks)))


def hurry() -> peewee.Expression:
    """Degree and limit in one text, for queries: those without a limit come last in their degree.

    Rows say the same as their ``hurry``.
    """
    return peewee.Expression(degree(), peewee.OP.CONCAT, peewee.fn.COALESCE(Task.due, NO_LIMIT))


class Row(NamedTuple):
    """One task of a list; the names are those of :class:`Task`."""

    id: int
    uid: str
    plugin: str
    kind: str
    subject: str
    title: str
    meta: str
    step: str
    step_en: str
    form: str
    urgency: str
    sender: str
    due: datetime | None
    created: datetime
    done: datetime | None

    @property
    def hurry(self) -> str:
        """As :func:`hurry` has it."""
        return hurry_of(self.urgency, self.due)


_ORDERS = {
    "urgent": (degree(), Task.due.is_null(), Task.due, Task.uid),
    "due": (Task.due.is_null(), Task.due, Task.uid),
    "new": (Task.id.desc(), Task.uid.desc()),
    "old": (Task.id, Task.uid),
}


def first_page(
    desk: Desk, tab: Tab, plugins: frozenset[str], order: str, limit: int
) -> list[Row] | None:
    """The first rows of a tab that lists what is open, as :func:`query` has them; this page is
    asked for most, so its statement is built once. None for the other tabs.

    :param order: ``urgent`` (by degree, then by limit), ``due`` (those without a limit last),
        ``new`` or ``old``.
    """
    if tab not in _FORM:
        return None
    ready = _first_page(plugins, desk.levels, _FORM[tab], order, limit)
    rows = ready.rows(desk.organ_code, desk.unit.code, desk.post.uid)
    return [Row._make(row) for row in rows]


@lru_cache(maxsize=512)
def _first_page(
    plugins: frozenset[str], levels: frozenset[str], form: str, order: str, limit: int
) -> Ready:
    fields = [getattr(Task, name) for name in Row._fields]

    def build(organ: str, unit: str, post: str) -> peewee.Query:
        own, shared = open_of(organ, unit, post, levels, (form,), plugins)
        both = Task.select(Task.id).where(own).union_all(Task.select(Task.id).where(shared))
        rows = Task.select(*fields).where(Task.id.in_(both)).order_by(*_ORDERS[order])
        return rows.limit(limit)

    return Ready(build)


def counts(desk: Desk, plugins: frozenset[str]) -> dict[str, int]:
    """How many tasks stand in the tabs that a badge shows.

    A page knows that already: hooks of the frame are given ``waiting``.
    """
    found = dict.fromkeys(_FORM, 0)
    names = {form: tab for tab, form in _FORM.items()}
    ready = _counting(plugins, desk.levels)
    for form, count in ready.rows(desk.organ_code, desk.unit.code, desk.post.uid):
        found[names[form]] += count
    return found


@lru_cache(maxsize=512)
def _counting(plugins: frozenset[str], levels: frozenset[str]) -> Ready:
    def counted(where: peewee.Expression) -> Any:
        chosen = Task.select(Task.form, peewee.fn.COUNT(Task.id)).where(where)
        return chosen.group_by(Task.form)

    def build(organ: str, unit: str, post: str) -> Any:
        own, shared = open_of(organ, unit, post, levels, FORMS, plugins)
        return counted(own).union_all(counted(shared))

    return Ready(build)


def open_for(desk: Desk, subject: Subject, *steps: str) -> Task | None:
    """The open task of this desk on a subject, at one of these steps if any are named."""
    which = mine(desk) & (Task.subject == subject.uid) & Task.done.is_null()
    if steps:
        which &= reduce(or_, [Task.step == step for step in steps])
    task: Task | None = Task.select().where(which).order_by(Task.id).first()
    return task


def current(subject: Subject, organ: str) -> Task | None:
    """The open task on a subject in an organ, whoever's it is; the oldest one."""
    which = (Task.subject == subject.uid) & (Task.organ == organ) & Task.done.is_null()
    task: Task | None = Task.select().where(which).order_by(Task.id).first()
    return task


def rename(subject: Subject, title: str) -> None:
    """Let the open tasks on a subject show its present title."""
    which = (Task.subject == subject.uid) & Task.done.is_null()
    Task.update(title=title).where(which).execute()
