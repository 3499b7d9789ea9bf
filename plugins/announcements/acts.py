"""What can be done with announcements: publish, withdraw, read."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from kernel.api import (
    Conflict,
    Desk,
    Invalid,
    Refused,
    SearchEntry,
    Unit,
    act,
    connected,
    end_of,
    notices,
    now,
    search,
)
from plugins.announcements.models import Announcement, Seen, today

MOST_TITLE, MOST_BODY, MOST_DAYS = 100, 5000, 366


def _day(text: str, field: str) -> date:
    try:
        if len(text) == 10:
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Invalid(
        "announcements.day",
        "日期请按“2026-11-28”的样式填写。",
        "Write the day like 2026-11-28.",
        field=field,
    )


def _publishable(desk: Desk, *, title: str, body: str, scope: str, starts: str, ends: str) -> None:
    if scope not in ("organ", "all"):
        raise Invalid(
            "announcements.scope",
            "发布范围只能选择本单位或全部单位。",
            "Choose your own organ or all organs.",
            field="scope",
        )
    if scope == "all" and not desk.has("announcements.publish_all"):
        raise Refused(
            "announcements.to_all",
            "您的岗位只能向本单位发布公告。需要发布到全部单位的，请联系信息化工作办公室。",
            "Your post publishes to its own organ only; ask the informatisation office to "
            "publish to all.",
        )
    if not title.strip() or len(title) > MOST_TITLE or "\n" in title:
        raise Invalid(
            "announcements.title",
            f"标题请填写 1 到 {MOST_TITLE} 字，不能换行。",
            f"The title takes 1 to {MOST_TITLE} characters on one line.",
            field="title",
        )
    if not body.strip() or len(body) > MOST_BODY:
        raise Invalid(
            "announcements.body",
            f"正文请填写 1 到 {MOST_BODY} 字。",
            f"The text takes 1 to {MOST_BODY} characters.",
            field="body",
        )
    first, last = _day(starts, "starts"), _day(ends, "ends")
    if not (first <= last and last >= today() and (last - first).days <= MOST_DAYS):
        raise Invalid(
            "announcements.period",
            "截止日期应不早于开始日期和今天，有效期最长一年，请重新选择。",
            "The last day must not lie before the first one or before today, and within a year.",
            field="ends",
        )


@act(
    "announcements.publish",
    title="发布公告",
    title_en="Publish an announcement",
    level="publish",
    weight="recorded",
    check=_publishable,
)
def publish(
    desk: Desk, *, title: str, body: str, scope: str, starts: str, ends: str
) -> Announcement:
    """Tell the people of one's own organ, or of all, from one day to another.

    :param scope: ``organ`` or ``all``. :param starts, ends: days, ``2026-11-28``, both included.
    """
    made: Announcement = Announcement.create(
        organ=desk.organ_code,
        organ_name=desk.organ.name,
        publisher=desk.name,
        title=title.strip(),
        body=body.strip(),
        scope=scope,
        starts=starts,
        ends=ends,
    )
    if made.when == "holds":
        for organ in _organs(made):
            if connected(organ):
                zh, en = "新公告", "A new announcement"
                level = "announcements.view"
                notices.tell(made, f"new:{made.uid}", zh=zh, en=en, organ=organ.code, level=level)
        _let_find(made)
    return made


def _organs(announcement: Announcement) -> list[Unit]:
    """The organs whose people it is for."""
    if announcement.scope == "organ":
        return [Unit.by_code(announcement.organ)]
    return list(Unit.select().where(Unit.code == Unit.organ))


def _let_find(announcement: Announcement) -> None:
    search.index(
        SearchEntry(
            "announcements",
            announcement.kind,
            announcement.uid,
            announcement.organ,
            announcement.title,
            announcement.body,
            now(),
            frozenset(f"organ:{organ.code}" for organ in _organs(announcement)),
            summary=announcement.organ_name,
        )
    )


def _own(desk: Desk, announcement: Announcement, **_: Any) -> None:
    if announcement.organ != desk.organ_code:
        raise Refused(
            "announcements.theirs",
            "这是其他单位发布的公告，只能由发布单位撤下。",
            "Another organ has published it; only that organ can withdraw it.",
        )
    if announcement.state == "withdrawn":
        raise Conflict(
            "announcements.withdrawn",
            "这条公告已经撤下，请刷新页面查看。",
            "It has been withdrawn already; reload the page to see it.",
        )


@act(
    "announcements.withdraw",
    title="撤下公告",
    title_en="Withdraw an announcement",
    level="publish",
    weight="recorded",
    check=_own,
)
def withdraw(desk: Desk, announcement: Announcement) -> None:
    """Take it away from all pages; who did it stays on record."""
    Announcement.update(state="withdrawn", withdrawer=desk.name, withdrawn=now()).where(
        Announcement.id == announcement.id
    ).execute()
    search.remove(announcement.kind, announcement.uid)
    notices.settle(announcement.uid)


@act(
    "announcements.read",
    title="阅读公告",
    title_en="Read an announcement",
    level="view",
    weight="recorded",
    touches=False,
)
def read(desk: Desk, announcement: Announcement) -> None:
    """Note that the person has seen it; home page and bell show it no more. Once is enough.

    One that was published ahead of its first day can be found from its first reader of that day on:
    nobody may come across it earlier, and no clock of ours runs then.
    """
    ahead = announcement.starts > announcement.published_day
    if ahead and announcement.when == "holds" and not _seen_in_time(announcement):
        _let_find(announcement)
    notices.settle(announcement.uid, post=desk.post.uid)
    Seen.insert(
        announcement=announcement.uid, person=desk.person.uid
    ).on_conflict_ignore().execute()


def _seen_in_time(announcement: Announcement) -> bool:
    began = end_of(announcement.first_day - timedelta(days=1))
    since = (Seen.announcement == announcement.uid) & (Seen.at >= began)
    return bool(Seen.select().where(since).exists())


def has_read(desk: Desk, announcement: Announcement) -> bool:
    """Whether this person has seen it."""
    mine = (Seen.person == desk.person.uid) & (Seen.announcement == announcement.uid)
    return bool(Seen.select().where(mine).exists())
