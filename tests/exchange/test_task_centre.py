"""The task centre as its people use it: tabs, filters, order, counts, batches; and two organs."""

from __future__ import annotations

import base64
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts import tasks
from kernel.acts.agenda import waiting
from kernel.acts.models import Act, Task
from kernel.crypto.ids import now
from kernel.exchange.models import Delivery
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser, Office
from tests.exchange.notice import GFIN, browser_of
from tests.exchange.test_batch_signing import nonce_of, sent

CLERK, FINANCE = "孙倩", "刘志强"


class Thing:
    """Something that tasks are about; nobody opens it here."""

    plugin, kind = "documents", "documents.document"

    def __init__(self, uid: str) -> None:
        self.uid = uid

    def label(self) -> str:
        return self.uid


def give(office: Office, name: str, uid: str, **values: Any) -> None:
    post = office.post(name)
    with transaction():
        place = {"step": "办理", "organ": post.unit.organ, "post": post.uid, "title": uid}
        tasks.assign(Thing(uid), **place | values)  # type: ignore[arg-type]  # as a subject


@pytest.mark.both
def test_what_waits_is_counted_once_for_tabs_and_menu(office: Office):
    moment = now()
    give(office, CLERK, "甲", due=moment - timedelta(hours=1))
    give(office, CLERK, "乙", form="toread")
    desk = office.desk(CLERK)
    level, other = sorted(desk.levels)[0], "nobody.has"
    for unit in ("", desk.unit.code, "elsewhere"):
        for held in (level, other):
            give(office, CLERK, f"丙{unit}{held}", post="", unit=unit, level=held)
    give(office, CLERK, "丁", form="draft", post="", level=level)
    give(office, CLERK, "戊", post="somebody else", level=level)
    give(office, CLERK, "己", organ=GFIN)
    rooms = frozenset({"documents", "exchange"})
    with connection():
        found = waiting(desk, rooms, now=moment, end_of_day=moment + timedelta(hours=1))
        rows = {tab: tasks.query(desk, tab, rooms) for tab in tasks.TABS}
        first = tasks.first_page(desk, "todo", rooms, "urgent", 50)
        assert found.counts == {tab: rows[tab].count() for tab in found.counts}
        assert found.counts == tasks.counts(desk, rooms)
        assert found.of("documents") == {"todo": 3, "toread": 1, "drafts": 1}
        assert found.of("documents") == tasks.counts(desk, frozenset({"documents"}))
        assert found.of("exchange") == {"todo": 0, "toread": 0, "drafts": 0}
        assert (found.overdue, found.today) == (1, 0)
        assert first is not None
        assert sorted(row.uid for row in first) == sorted(row.uid for row in rows["todo"])
        none = waiting(desk, frozenset({"exchange"}), now=moment, end_of_day=moment)
        assert none.counts == {"todo": 0, "toread": 0, "drafts": 0}


def titles(page: str) -> list[str]:
    return re.findall(r'<a class="task"[^>]*>(?:<span[^>]*>[^<]*</span>)*([^<]+)</a>', page)


def walk(browser: Browser, path: str) -> list[str]:
    seen: list[str] = []
    for _ in range(20):
        page = browser.get(path).text
        seen += titles(page)
        following = re.search(r'href="([^"]+)" rel="next"', page)
        if following is None:
            return seen
        path = following[1].replace("&amp;", "&")
    raise AssertionError("the list has no end")


@pytest.mark.both
def test_the_nearest_limit_comes_first_and_every_task_once(office: Office):
    moment = now()
    for n in range(25):
        due = moment + timedelta(hours=5 * (n // 2)) if n % 3 else None
        give(office, CLERK, f"事项{n:02}", due=due)
    browser = office.browser()
    browser.login(CLERK)
    with connection():
        rows = list(Task.select().where(Task.post == office.post(CLERK).uid))
    some = sorted((row for row in rows if row.due), key=lambda row: (row.due, row.uid))
    none = sorted((row for row in rows if not row.due), key=lambda row: row.uid)
    assert walk(browser, "/tasks") == [row.title for row in (*some, *none)]
    page = browser.get("/tasks").text
    assert "共 25 件" in page
    newest = sorted(rows, key=lambda row: -row.id)
    assert walk(browser, "/tasks?sort=new") == [row.title for row in newest]


@pytest.mark.both
def test_the_urgent_come_first_page_by_page(office: Office):
    moment = now()
    degrees = ("", "平急", "加急", "特急", "特提")
    for n in range(26):
        due = moment + timedelta(hours=n) if n % 2 else None
        give(office, CLERK, f"事项{n:02}", due=due, urgency=degrees[n % 5])
    browser = office.browser()
    browser.login(CLERK)
    with connection():
        rows = list(Task.select().where(Task.post == office.post(CLERK).uid))
    late = moment + timedelta(days=365)

    def rank(row: Task) -> Any:
        return -degrees.index(row.urgency), row.due or late, row.uid

    assert walk(browser, "/tasks") == [row.title for row in sorted(rows, key=rank)]


@pytest.mark.both
def test_filters_narrow_and_count(office: Office):
    moment = now()
    give(office, CLERK, "超期的", due=moment - timedelta(hours=2))
    give(office, CLERK, "本周的", due=moment + timedelta(days=3), urgency="特急")
    give(office, CLERK, "下月的", due=moment + timedelta(days=30))
    give(office, CLERK, "无期的", urgency="加急", sender="李建国")
    browser = office.browser()
    browser.login(CLERK)

    def shown(query: str) -> list[str]:
        page = browser.get(f"/tasks?{query}").text
        assert f"共 {len(titles(page))} 件" in page or not titles(page)
        return titles(page)

    assert shown("limit=late") == ["超期的"]
    assert shown("limit=week") == ["本周的"]
    assert shown("limit=none") == ["无期的"]
    assert shown("urgency=特急") == ["本周的"]
    assert sorted(shown("urgency=平件")) == ["下月的", "超期的"]
    assert shown("q=李建国") == ["无期的"]
    assert shown("type=documents&limit=late") == ["超期的"]
    assert shown("type=exchange") == []
    assert "没有符合这些条件的内容" in browser.get("/tasks?type=exchange").text


def test_the_filters_offer_the_editors_degrees_and_what_has_matters(office: Office):
    give(office, CLERK, "电报", urgency="特提")
    give(office, CLERK, "平急电报", urgency="平急")
    browser = office.browser()
    browser.login(CLERK)
    page = browser.get("/tasks").text

    def offered(name: str) -> list[str]:
        choices = page.partition(f'<select id="f-{name}"')[2].partition("</select>")[0]
        return re.findall('<option value="([^"]+)"', choices)

    assert offered("urgency") == ["特急", "加急", "平件"]
    assert {"exchange", "acts", "documents"} <= set(offered("type"))
    assert not {"webauthn", "softkey", "workflow", "secrecy", "contacts"} & set(offered("type"))
    assert titles(browser.get("/tasks?urgency=特急").text) == ["电报"]
    assert titles(browser.get("/tasks?urgency=平件").text) == ["平急电报"]


def test_each_tab_says_in_its_own_words_that_it_is_empty(office: Office):
    browser = office.browser()
    browser.login("高峰")
    said = {
        "todo": "没有待办事项", "toread": "没有待阅事项", "doing": "您经手的事项都已办结",
        "done": "还没有办结的事项", "drafts": "没有待发的草稿", "starred": "还没有收藏",
    }  # fmt: skip
    for tab, words in said.items():
        page = browser.get(f"/tasks?tab={tab}").text
        assert words in page
        assert page.count('class="tab"') == 6


@pytest.mark.both
def test_deliveries_are_signed_for_from_the_task_centre(office: Office):
    uids = sent(office, 3)
    browser = browser_of(office, GFIN)
    page = browser.get("/tasks").text
    chosen = re.findall(r'name="t" value="([^"]+)"', page)
    assert len(chosen) == 3 and "批量签收" in page
    asked = browser.post("/tasks/sign-for", data={"t": chosen})
    assert asked.text.count("待签名</span>") == 3
    done = browser.post("/acts/batch", data={"nonce": nonce_of(str(asked.url))})
    assert "3 件全部办理完毕" in done.text and 'href="/tasks"' in done.text
    with connection():
        states = {Delivery.get(Delivery.uid == uid).state for uid in uids}
    assert states == {"signed"}
    assert "批量签收" not in browser.get("/tasks").text


@pytest.mark.both
def test_tasks_of_another_organ_are_neither_seen_nor_done(office: Office):
    sent(office, 1)
    with connection():
        task = Task.get((Task.organ == GFIN) & Task.done.is_null())
    stranger = browser_of(office, "620700-GEDU")
    for tab in tasks.TABS:
        assert task.subject not in stranger.get(f"/tasks?tab={tab}&q={task.title[:4]}").text
    answer = stranger.post("/tasks/sign-for", data={"t": [task.uid]})
    assert "请先勾选" in answer.text
    refused = stranger.post("/tasks/read", data={"t": [task.uid]})
    assert "请先勾选" in refused.text
    with connection():
        assert Delivery.get(Delivery.uid == task.subject).opened is None
        assert (
            not Act.select().where(Act.verb.in_(["exchange.sign_for", "documents.read"])).exists()
        )


def test_who_may_not_sign_for_gets_no_box_and_no_act(office: Office):
    sent(office, 1)
    drafter = office.browser()
    drafter.login("林晓梅")
    assert "批量签收" not in drafter.get("/tasks").text
    assert drafter.post("/tasks/sign-for", data={"t": ["x"]}).status_code == 403


def test_what_cannot_be_read_at_once_is_said_and_the_rest_is_done(office: Office):
    sent(office, 1)
    browser = browser_of(office, GFIN)
    chosen = re.findall(r'name="t" value="([^"]+)"', browser.get("/tasks").text)
    asked = browser.post("/tasks/sign-for", data={"t": chosen})
    browser.post("/acts/batch", data={"nonce": nonce_of(str(asked.url))})
    give(office, FINANCE, "须打开的", form="toread")
    page = browser.get("/tasks?tab=toread").text
    ticked = re.findall(r'name="t" value="([^"]+)"', page)
    assert len(titles(page)) == 2 and len(ticked) == 1
    with connection():
        every = [
            row.uid for row in Task.select().where((Task.form == "toread") & Task.done.is_null())
        ]
    answer = browser.post("/tasks/read", data={"t": every})
    assert "1 件已阅。" in answer.text and "1 件没有标记，请逐件打开办理。" in answer.text


@pytest.mark.both
@pytest.mark.parametrize(
    "made",
    [
        ["due", 5, "x"],
        ["due", None, "x"],
        ["due", "甲", "x"],
        ["due", {"datetime": "2026-11-22T08:00:00"}, "x"],
        ["urgent", 5, "x"],
        ["urgent", None, "x"],
        ["urgent", {"datetime": "2026-11-22T08:00:00+00:00"}, "x"],
        ["new", "甲", "x"],
        ["new", None, "x"],
        ["new", 5, 7],
        ["new", {"date": "2026-11-22"}, "x"],
    ],
)
def test_an_old_address_shows_the_first_page_and_says_so(office: Office, made: list[Any]):
    give(office, CLERK, "事项")
    browser = office.browser()
    browser.login(CLERK)
    after = base64.urlsafe_b64encode(json.dumps(made).encode()).decode().rstrip("=")
    page = browser.get(f"/tasks?sort={made[0]}&after={after}")
    assert page.status_code == 200
    fine = made == ["due", None, "x"]
    assert fine or ("请从列表首页重新翻页" in page.text and "事项</a>" in page.text)


@pytest.mark.both
@pytest.mark.parametrize("order", ["urgent", "due", "new", "old"])
def test_the_first_page_is_that_of_the_whole_query(office: Office, order: str):
    """Two statements ask for it, one of them prepared: they must never differ."""
    moment = now()
    for n in range(9):
        due = moment + timedelta(hours=5 * (n // 2)) if n % 3 else None
        degree = ("", "特急", "加急")[n % 3]
        form = "todo" if n % 4 else "toread"
        give(office, CLERK, f"事项{n}", due=due, form=form, urgency=degree)
    give(office, FINANCE, "别家的事项")
    orders: dict[str, Any] = {
        "urgent": (tasks.hurry(), Task.uid),
        "due": (Task.due.is_null(), Task.due, Task.uid),
        "new": (Task.id.desc(), Task.uid.desc()),
        "old": (Task.id, Task.uid),
    }
    desk, plugins = office.desk(CLERK), frozenset({"documents", "exchange"})
    with connection():
        for tab in tasks.TABS:
            first = tasks.first_page(desk, tab, plugins, order, 5)
            rows = tasks.query(desk, tab, plugins).order_by(*orders[order]).limit(5)
            if first is not None:
                assert [row.uid for row in first] == [row.uid for row in rows]
                assert [row.due for row in first] == [row.due for row in rows]
            else:
                assert tab in ("doing", "done")
        assert tasks.first_page(desk, "todo", frozenset(), order, 5) == []
