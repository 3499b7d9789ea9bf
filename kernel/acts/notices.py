"""Notices: a word to those whom it concerns that something has come about.

::

    notices.tell(document, "documents.returned", zh="核稿退回", en="Sent back", organ=…, post=…)

What is told goes through the outbox: an act writes one line, whoever is awake finds the posts. A
notice carries no right; what it leads to is looked up as always when it is opened.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache, lru_cache
from typing import Any

import peewee
from msgspec import Struct
from msgspec.structs import asdict

from kernel.acts import outbox
from kernel.acts.context import act_if_any
from kernel.acts.models import Act, Notice, Task
from kernel.acts.outbox import Step, TwoSteps
from kernel.acts.subjects import Subject
from kernel.crypto.ids import now, parse_stamp, stamp
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.identity.models import NodeFact
from kernel.identity.rights import rights
from kernel.storage.bulk import insert_rows
from kernel.storage.database import connection, transaction
from kernel.storage.writing import Ready
from kernel.work.calendar import a_working_day_on
from kernel.work.schedules import Job

HANDLER = "acts.notify"
KEPT = timedelta(days=90)
"""How long a notice is kept; the matter itself stays where it is."""
BATCH = 500
UNTIL = "notices.due"
"""The fact of the node that says until when tasks that fall due were told of."""


class Word(Struct, frozen=True):
    """What is told, about what, to whom: a post, or all of an organ (or unit) who hold a level.

    :ivar key: what it is about; the same key is told to a post only once.
    :ivar zh, en: what came about, at most 100 characters, never the title of the object.
    """

    key: str
    plugin: str
    kind: str
    subject: str
    title: str
    zh: str
    en: str
    organ: str
    post: str = ""
    unit: str = ""
    level: str = ""
    urgency: str = ""


def tell(
    subject: Subject,
    key: str,
    *,
    zh: str,
    en: str,
    organ: str,
    post: str = "",
    unit: str = "",
    level: str = "",
    urgency: str = "",
) -> None:
    """Tell a post, or all of an organ (or unit) who hold a level, within a transaction.

    Whoever performs the act that runs is not told of it.

    :param key: what came about, such as ``returned:<act uid>``; told to a post only once.
    :param zh: a short sentence without the title of the object, which is kept beside it.
    :param urgency: 特急 and 特提 are heard in quiet hours as well.
    """
    if not post and not level:
        raise ValueError("a notice needs a post or a level")
    word = Word(
        f"{subject.plugin}:{key}", subject.plugin, subject.kind, subject.uid, subject.label(),
        zh, en, organ, post, unit, level, urgency,
    )  # fmt: skip
    deed = act_if_any()
    payload = {"words": [asdict(word)], "act": deed}
    outbox.put(HANDLER, f"{word.key}:{organ}:{post}", payload, act=deed)


def of_task(task: Task, said: tuple[str, str] | None = None) -> None:
    """Tell of a task, in the transaction that gives it.

    :param said: why it is there (Chinese, English), in place of that there is a new one.
    """
    deed = act_if_any()
    payload = {"tasks": [task.uid], "act": deed, "said": said}
    outbox.put(HANDLER, f"task:{task.uid}", payload, act=deed)


def word_of(task: Task, when: str = "new", said: tuple[str, str] | None = None) -> Word:
    """What is told of a task: that it is there, that it falls due (``soon``), that it is late."""
    zh, en = _OF_TASK["toread" if when == "new" and task.form == "toread" else when]
    zh, en = said or (zh % task.step, f"{en}: {task.step_en}" if task.step_en else en)
    return Word(
        f"task.{when}:{task.uid}", task.plugin, task.kind, task.subject, task.title,
        zh, en, task.organ, task.post, task.unit, task.level, task.urgency,
    )  # fmt: skip


_OF_TASK = {
    "new": ("新待办：%s", "A new task"),
    "toread": ("新待阅：%s", "Something new to read"),
    "soon": ("即将到期：%s", "A task falls due within a working day"),
    "late": ("已超过办理时限：%s", "A task is overdue"),
}


def _notify(payload: dict[str, Any]) -> Step:
    """Outbox handler: find the posts and write the notices. Idempotent."""
    with connection():
        words = [Word(**word) for word in payload.get("words", ())]
        open_ = Task.uid.in_(payload.get("tasks", ())) & Task.done.is_null()
        said = payload.get("said")
        words += [word_of(task, said=said and tuple(said)) for task in Task.select().where(open_)]
        act = Act.get_or_none(Act.uid == payload["act"])
    return writer(words, but=act.post if act is not None else "")


notify = TwoSteps(_notify)


def writer(words: Sequence[Word], but: str = "") -> Step:
    """Find the posts that words are for; gives what writes the notices, within a transaction."""
    with connection():
        rows = [
            _row(word, post)
            for word, posts in zip(words, _posts(words), strict=True)
            for post in posts
            if post != but
        ]

    def write() -> None:
        known = _known({row["key"] for row in rows})
        insert_rows(Notice, [row for row in rows if (row["key"], row["post"]) not in known])

    return write


def _row(word: Word, post: str) -> dict[str, Any]:
    facts = asdict(word) | {"post": post, "at": stamp(now())}
    row = {name: value for name, value in facts.items() if name not in ("unit", "level")}
    return row | {"code": code_of(row)}


SAID = (
    *("key", "plugin", "kind", "subject", "title", "zh", "en", "urgency", "organ", "post", "at"),
)
"""The columns of a notice that are bound by its code."""


def code_of(row: Mapping[str, Any]) -> str:
    """The node's code over what a notice says, for whom: no act says it, so that whoever can write
    to the table alone could put words into the mouth of the node."""
    return authority().code("notice", *(str(row[name]) for name in SAID))


def _posts(words: Sequence[Word]) -> list[list[str]]:
    """For each word the posts that it is for."""
    held: dict[str, set[str]] = {}
    for word in words:
        if not word.post:
            held.setdefault(word.level, set()).add(word.organ)
    found = {level: rights().posts_with(level, organs) for level, organs in held.items()}
    return [
        [word.post]
        if word.post
        else [
            post for post, unit in found[word.level].get(word.organ, ()) if word.unit in ("", unit)
        ]
        for word in words
    ]


def _known(keys: Iterable[str]) -> set[tuple[str, str]]:
    found: set[tuple[str, str]] = set()
    wanted = sorted(keys)
    for start in range(0, len(wanted), BATCH):
        some = Notice.key.in_(wanted[start : start + BATCH])
        rows: Any = Notice.select(Notice.key, Notice.post).where(some).tuples()
        found |= set(rows)
    return found


# What a desk reads of them


def mine(desk: Desk, plugins: frozenset[str]) -> peewee.ModelSelect[Notice]:
    """The notices of this desk, of the rooms and plugins given; not yet ordered or cut."""
    return Notice.select().where(
        (Notice.post == desk.post.uid) & Notice.plugin.in_(sorted(plugins))
    )


def unread(post: str, plugins: frozenset[str]) -> int:
    """How many of a post's notices nobody has read yet, of the rooms and plugins given."""
    return bell(post, plugins)[0]


def bell(post: str, plugins: frozenset[str]) -> tuple[int, int, int]:
    """How many are unread, the number of the newest, and the sum of their numbers."""
    rows = [row[1:] for row in _UNREAD.rows(post) if row[0] in plugins]
    newest = max((int(row[1]) for row in rows), default=0)
    return sum(int(row[0]) for row in rows), newest, sum(int(row[2]) for row in rows)


_UNREAD = Ready(
    lambda post: (
        Notice.select(
            Notice.plugin,
            peewee.fn.COUNT(Notice.id),
            peewee.fn.MAX(Notice.id),
            peewee.fn.SUM(Notice.id),
        )
        .where((Notice.post == post) & Notice.seen.is_null())
        .group_by(Notice.plugin)
    )
)


def mark(desk: Desk, uids: Sequence[str] = (), *, upto: int = 0) -> int:
    """Note that this desk has read some of its notices, or all that came up to a number.

    :param upto: the ``id`` of the newest one that was shown; later ones stay unread.
    :returns: how many were unread.
    """
    which = (Notice.post == desk.post.uid) & Notice.seen.is_null()
    which &= (Notice.id <= upto) if upto else Notice.uid.in_(list(uids))
    return int(Notice.update(seen=now()).where(which).execute())


def settle(subject: str, *, organ: str = "", post: str = "") -> None:
    """What is told of a subject needs no reading any more: its task is done."""
    given = {name: value for name, value in {"organ": organ, "post": post}.items() if value}
    _settle(*given).run(now(), subject, *given.values())


@cache
def _settle(*columns: str) -> Ready:
    def seeing(moment: Any, subject: Any, *values: Any) -> Any:
        which = (Notice.subject == subject) & Notice.seen.is_null()
        for name, value in zip(columns, values, strict=True):
            which &= Notice._meta.fields[name] == value
        return Notice.update(seen=moment).where(which)

    return Ready(seeing, 2 + len(columns))


def settle_tasks(subject: str, tasks: Sequence[str], words: tuple[str, ...] = ()) -> None:
    """What is told of these tasks needs no reading any more; other things told of the subject do.

    :param tasks: their uids. :param words: how the keys of what else was told of them begin.
    """
    keys = [f"task.{when}:{uid}" for uid in tasks for when in _ITS_OWN]
    _settle_tasks(len(keys), *words).run(now(), subject, *keys)


_ITS_OWN = ("new", "soon", "late")


@lru_cache(maxsize=64)
def _settle_tasks(count: int, *words: str) -> Ready:
    def seeing(moment: Any, subject: Any, *keys: Any) -> Any:
        belong = Notice.key.in_(keys)
        for word in words:
            belong |= peewee.fn.SUBSTR(Notice.key, 1, len(word)) == word
        which = (Notice.subject == subject) & Notice.seen.is_null() & belong
        return Notice.update(seen=moment).where(which)

    return Ready(seeing, 2 + count)


# What the clock tells


def tell_due(moment: datetime | None = None) -> int:
    """The schedule: tell of tasks due within a working day, and of those now late. Idempotent.

    :returns: how many tasks were told of.
    """
    moment = moment or now()
    with connection():
        kept = NodeFact.read(UNTIL)
        before = parse_stamp(kept) if kept else moment - timedelta(hours=1)
        words = [
            word_of(task, when)
            for when, ahead in (("soon", a_working_day_on), ("late", _itself))
            for task in _due_between(ahead(min(before, moment)), ahead(moment))
        ]
    write = writer(words)
    with transaction():
        write()
        NodeFact.write(UNTIL, stamp(moment))
    return len(words)


def _itself(moment: datetime) -> datetime:
    return moment


def _due_between(start: datetime, end: datetime) -> list[Task]:
    due = (Task.due > start) & (Task.due <= end)
    return list(Task.select().where(Task.done.is_null() & due & (Task.form != "draft")))


def forget_old(moment: datetime | None = None) -> int:
    """The schedule: let go of notices older than :data:`KEPT`; gives how many."""
    with transaction():
        old = Notice.at < (moment or now()) - KEPT
        return int(Notice.delete().where(old).execute())


JOBS = [
    Job("acts.due", timedelta(minutes=1), tell_due),
    Job("acts.notices", timedelta(days=1), forget_old),
]
