"""The list behind the bell: one's own only, page after page, read one by one or all at once."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from kernel.acts import outbox
from kernel.acts.models import Notice, NoticeWish
from kernel.portal.quiet import may_pop, quiet_now
from kernel.storage.bulk import insert_rows
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser, Office
from tests.exchange.notice import GFIN, browser_of, signed_for
from tests.kernel.test_delegation import given as delegated

pytestmark = pytest.mark.both
WORD = {
    "plugin": "exchange", "kind": "exchange.delivery", "subject": "nothing", "zh": "新来文，请签收",
    "en": "A document to sign for",
}  # fmt: skip


def bell(page: str) -> int:
    found = re.search(r"消息，(\d+) 条未读", page)
    assert found is not None
    return int(found[1])


def more(office: Office, name: str, count: int) -> None:
    """So many further notices to a person."""
    post = office.post(name)
    rows = [
        WORD | {"key": f"k{n}", "title": f"通知第{n}号", "organ": GFIN, "post": post.uid}
        for n in range(count)
    ]
    with transaction():
        insert_rows(Notice, rows)


@pytest.fixture
def clerk(office: Office) -> Browser:
    outbox.drain()
    return browser_of(office, GFIN)


def test_the_bell_is_right_when_the_page_loads(clerk: Browser):
    page = clerk.get("/").text
    assert bell(page) == 1
    assert 'href="/me/notices"' in page
    more(clerk.office, "刘志强", 2)
    assert bell(clerk.get("/").text) == 3
    signed_for(clerk.office, GFIN)
    assert bell(clerk.get("/").text) == 2  # what he did himself needs no reading


def test_a_colleague_at_the_same_desk_leaves_them_unread(office: Office):
    more(office, "李建国", 2)
    given = delegated(office, "李建国", "王芳", ["documents.office_review"])
    lent = office.browser()
    lent.login("王芳")
    lent.post("/me/desk", data={"post": f"delegation:{given.uid}"})
    page = lent.get("/me/notices").text
    (href, *_) = re.findall(r'class="task" href="(/me/notices/[^"]+)"', page)
    lent.get(href)
    assert "只有本人打开才算已读" in lent.post("/me/notices/read", data={"upto": "999"}).text
    assert bell(lent.get("/").text) == bell(page) >= 2


def test_opening_one_leads_to_the_thing_and_counts_as_read(clerk: Browser):
    page = clerk.get("/me/notices").text
    href = re.findall(r'class="task" href="(/me/notices/[^"]+)"', page)
    assert len(href) == 1 and "新来文，请签收" in page
    clerk.headers["sec-fetch-site"] = "cross-site"
    clerk.get(href[0], follow_redirects=False)
    clerk.headers["sec-fetch-site"] = "same-origin"
    assert bell(clerk.get("/me/notices").text) == 1  # another site reads nothing for us
    opened = clerk.get(href[0], follow_redirects=False)
    assert opened.headers["location"].startswith("/exchange/inbox/")
    assert bell(clerk.get("/me/notices").text) == 0
    assert "没有未读消息。" in clerk.get("/me/notices").text
    assert "新来文，请签收" in clerk.get("/me/notices?tab=all").text


def test_nobody_opens_or_marks_what_another_one_was_told(clerk: Browser, office: Office):
    with connection():
        theirs = Notice.get(Notice.post == office.post("陈静").uid)
    assert clerk.get(f"/me/notices/{theirs.uid}").status_code == 404
    told = clerk.post("/me/notices/read", data={"t": theirs.uid, "upto": ""})
    assert "没有标记：请先勾选未读的消息。" in told.text
    clerk.post("/me/notices/read", data={"upto": "999999999"})
    with connection():
        assert Notice.get(Notice.uid == theirs.uid).seen is None


def test_all_means_what_the_page_has_shown(clerk: Browser, office: Office):
    more(office, "刘志强", 3)
    page = clerk.get("/me/notices").text
    shown = re.findall(r'name="upto" value="(\d+)"', page)
    more_post = office.post("刘志强").uid
    with transaction():
        insert_rows(
            Notice, [WORD | {"key": "late", "title": "刚到", "organ": GFIN, "post": more_post}]
        )
    told = clerk.post("/me/notices/read", data={"upto": shown[0]})
    assert "已将 4 条消息标为已读。" in told.text
    assert bell(told.text) == 1 and "刚到" in told.text


def test_some_are_marked_and_the_others_stay(clerk: Browser, office: Office):
    more(office, "刘志强", 3)
    uids = re.findall(r'name="t" value="([^"]+)"', clerk.get("/me/notices").text)
    told = clerk.post("/me/notices/read", data={"t": uids[:2]})
    assert bell(told.text) == 2


def test_every_page_of_many_is_found_once(clerk: Browser, office: Office):
    more(office, "刘志强", 45)
    seen: list[str] = []
    place = "/me/notices"
    for _ in range(5):
        page = clerk.get(place).text
        seen += re.findall(r"通知第(\d+)号", re.sub(r'<label class="check">.*?</label>', "", page))
        following = re.search(r'href="([^"]+)" rel="next"', page)
        if following is None:
            break
        place = following[1].replace("&amp;", "&")
    assert sorted(map(int, seen)) == list(range(45))


def test_english_pages_say_it_in_english(clerk: Browser):
    clerk.post("/me/display", data={"language": "en", "next": "/"})
    page = clerk.get("/me/notices").text
    assert "A document to sign for" in page and "Mark all as read" in page


def test_the_settings_are_kept_for_the_person_alone(clerk: Browser, office: Office):
    form = {"popup": "y", "quiet": "y", "quiet_from": "1320", "quiet_until": "420"}
    assert "提醒设置已保存。" in clerk.post("/me/reminders", data=form).text
    page = clerk.get("/me/reminders").text
    assert '<option selected value="1320">22:00' in page
    with connection():
        (row,) = NoticeWish.select()
        assert row.person == office.post("刘志强").person.uid
        assert (row.popup, row.sound, row.rest_days) == (True, False, False)
    wrong = clerk.post("/me/reminders", data=form | {"quiet_from": "25:00"})
    assert wrong.status_code == 422 and "免打扰开始只能从列表中选择。" in wrong.text


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"2026-11-{text}:00+08:00").astimezone(UTC)


@pytest.mark.parametrize(
    ("moment", "quiet"),
    [
        ("25T21:59", False),  # a Wednesday
        ("25T22:00", True),
        ("26T06:59", True),
        ("26T07:00", False),
        ("28T12:00", True),  # a Saturday
    ],
)
def test_quiet_hours_go_over_midnight_and_over_days_off(office: Office, moment: str, quiet: bool):
    wish = NoticeWish(person="x", popup=True, quiet_from=22 * 60, quiet_until=7 * 60)
    with connection():
        assert quiet_now(wish, at(moment)) is quiet
        assert may_pop(wish, at(moment), "加急") is not quiet
        assert may_pop(wish, at(moment), "特急") and may_pop(wish, at(moment), "特提")
        wish.popup = False
        assert not may_pop(wish, at(moment), "特急")
