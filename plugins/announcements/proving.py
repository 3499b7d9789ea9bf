"""Announcements against the acts that published and withdrew them, for ``log verify``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from kernel.api import comparing, deeds, snapshot
from plugins.announcements.models import Announcement

_SAID = ("title", "body", "scope", "starts", "ends")
_STATE = ("状态", "the state")


def reconcile(step: comparing.Step) -> Iterator[comparing.Found]:
    """Name announcements that nobody published so, and those withdrawn or shown by nobody."""
    with snapshot():
        found = [*_compare()]
    yield from found
    step(Announcement.select().count())


def _compare() -> Iterator[comparing.Found]:
    published = Counter(
        (one.organ, *(str(one.params.get(name)).strip() for name in _SAID))
        for one in deeds.deeds("announcements.publish")
    )
    withdrawn = {one.subject for one in deeds.deeds("announcements.withdraw")}
    for row in comparing.rows_of(Announcement):
        where = f"{Announcement.kind} {row['uid']}"
        said = (row["organ"], *(str(row[name]) for name in _SAID))
        if published[said] < 1:
            yield where, _OTHERWISE
        published[said] -= 1
        state = "withdrawn" if row["uid"] in withdrawn else "published"
        if row["state"] != state:
            yield where, comparing.differs(_STATE, row["state"], state)
    for organ, title, *_ in (+published).elements():
        yield f"{Announcement.kind} of {organ}", _GONE.format(title, title)


_OTHERWISE = (
    "单位、标题、正文、范围或起止日期不是发布时的内容；请与备份核对后改回"
    " / organ, title, text, scope or days are not what was published: compare with a backup and"
    " restore it"
)
_GONE = (
    "已发布的公告《{}》，库中没有或已被改动；请从备份中找回"
    " / {!r} was published, and its row is gone or another: look for it in a backup"
)
