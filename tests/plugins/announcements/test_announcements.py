"""Announcements through their pages: who publishes to whom, what stands on the home page."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from kernel.acts import outbox
from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Act
from kernel.crypto import ids
from kernel.storage.database import connection
from kernel.storage.schema import schema_differences
from kernel.testing_office import Browser, Office
from plugins.announcements.models import Announcement, Seen, today

pytestmark = pytest.mark.both
TITLE = "食堂周六停止供餐"


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    def put(span: timedelta) -> None:
        ids.set_clock(lambda: ids._system_clock() + span)

    yield put
    ids.set_clock(None)


def at(office: Office, name: str) -> Browser:
    browser = office.browser()
    assert browser.login(name).status_code == 200
    return browser


def form(**changes: str) -> dict[str, str]:
    day = today()
    usual = {"title": TITLE, "body": "请大家互相转告。\n周日恢复。", "scope": "organ"}
    days = {"starts": day.isoformat(), "ends": (day + timedelta(days=2)).isoformat()}
    return {**usual, **days, **changes}


def published(browser: Browser, **changes: str) -> str:
    """The address of a new one."""
    answer = browser.post("/announcements/new", data=form(**changes))
    assert answer.status_code == 200, answer.text[:500]
    assert "公告已发布" in answer.text
    return answer.url.path


def test_the_tables_are_those_of_the_models(office: Office):
    with connection():
        assert schema_differences([Announcement, Seen]) == []


def test_it_stands_on_the_home_page_until_it_is_read(office: Office):
    place = published(at(office, "李建国"))
    reader = at(office, "林晓梅")
    home = reader.get("/").text
    assert TITLE in home and place in home
    page = reader.get(place).text
    assert "请大家互相转告。" in page and "李建国" in page and "撤下公告" not in page
    assert TITLE not in reader.get("/").text
    assert TITLE in reader.get("/announcements/").text
    assert TITLE in at(office, "王芳").get("/").text
    reader.get(place)
    with connection():
        assert Act.select().where(Act.verb == "announcements.read").count() == 2  # he too


def test_a_link_from_elsewhere_reads_nothing(office: Office):
    place = published(at(office, "李建国"))
    reader = at(office, "林晓梅")
    reader.headers["sec-fetch-site"] = "cross-site"
    assert reader.get(place).status_code == 200
    with connection():
        mine = Seen.person == office.post("林晓梅").person.uid
        assert not Seen.select().where(mine).exists()


def test_another_organ_sees_nothing_of_it(office: Office):
    place = published(at(office, "李建国"))
    other = at(office, "刘志强")
    for page in ("/", "/announcements/", "/announcements/?tab=all", "/search?q=食堂"):
        assert TITLE not in other.get(page).text
    assert other.get(place).status_code == 404
    assert other.post(f"{place}/withdraw").status_code == 403


def test_only_the_operator_speaks_to_all(office: Office):
    refused = at(office, "李建国").post("/announcements/new", data=form(scope="all"))
    assert refused.status_code == 422 and "发布范围只能从列表中选择" in refused.text
    assert TITLE in refused.text and "请大家互相转告。" in refused.text  # nothing typed is lost
    place = published(at(office, "杨帆"), scope="all")
    assert "全部单位" in at(office, "刘志强").get(place).text
    assert TITLE in at(office, "陈静").get("/").text


def test_the_act_itself_refuses_to_speak_to_all(office: Office):
    from kernel.errors import Refused
    from plugins.announcements.acts import publish

    with pytest.raises(Refused) as refused:
        office.act(office.desk("李建国"), publish, **form(scope="all"))
    assert refused.value.code == "announcements.to_all"


def test_a_clerk_publishes_nothing(office: Office):
    clerk = at(office, "林晓梅")
    assert "发布公告" not in clerk.get("/announcements/").text
    assert clerk.post("/announcements/new", data=form()).status_code == 403


def test_it_begins_and_ends_with_its_days(office: Office, later: Callable[[timedelta], None]):
    day = today()
    tomorrow, after = day + timedelta(days=1), day + timedelta(days=2)
    place = published(at(office, "李建国"), starts=tomorrow.isoformat(), ends=after.isoformat())
    assert at(office, "林晓梅").get(place).status_code == 404
    assert "未到期" in at(office, "李建国").get(place).text
    later(timedelta(days=1))
    assert TITLE in at(office, "林晓梅").get("/").text
    later(timedelta(days=2))
    assert TITLE in at(office, "林晓梅").get("/").text  # on its last day, too
    later(timedelta(days=3))
    reader = at(office, "林晓梅")
    assert TITLE not in reader.get("/").text
    assert TITLE not in reader.get("/announcements/").text
    assert "已过期" in reader.get("/announcements/?tab=all").text


def test_what_is_withdrawn_is_gone_and_says_who_did_it(office: Office):
    director = at(office, "李建国")
    place = published(director)
    answer = director.post(f"{place}/withdraw")
    assert "公告已撤下" in answer.text and "李建国已于" in answer.text
    reader = at(office, "林晓梅")
    assert TITLE not in reader.get("/").text and reader.get(place).status_code == 404
    assert director.post(f"{place}/withdraw").status_code == 409


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": ""}, "标题不能为空"),
        ({"title": "长" * 101}, "标题不能超过 100 字"),
        ({"body": " "}, "正文不能为空"),
        ({"starts": "昨天"}, "请按“2026-11-22”的样式填写"),
        ({"starts": "2026-01-01", "ends": "2026-01-02"}, "截止日期应不早于开始日期和今天"),
        ({"ends": "2099-01-01"}, "有效期最长一年"),
        ({"body": "机密★一年"}, "密级"),
    ],
)
def test_a_bad_form_says_what_to_do(office: Office, changes: dict[str, str], sentence: str):
    answer = at(office, "李建国").post("/announcements/new", data=form(**changes))
    assert answer.status_code == 422
    assert sentence in re.sub(r"<[^>]+>", "", answer.text)
    with connection():
        assert Announcement.select().count() == 0


def test_where_it_is_off_there_is_no_trace_of_it(office: Office):
    place = published(at(office, "杨帆"), scope="all")
    organ = office.desk("刘志强").organ_code
    office.act(office.desk("杨帆"), switch_plugin, organ=organ, plugin="announcements", on=False)
    clerk = at(office, "刘志强")
    assert TITLE not in clerk.get("/").text and "/announcements/" not in clerk.get("/").text
    assert clerk.get("/announcements/").status_code == 404 and clerk.get(place).status_code == 404
    office.act(office.desk("杨帆"), switch_plugin, organ=organ, plugin="announcements", on=True)
    assert TITLE in clerk.get("/").text


def test_english_pages_are_english(office: Office):
    director = at(office, "李建国")
    director.post("/me/display", data={"language": "en", "next": "/"})
    assert "Publish an announcement" in director.get("/announcements/").text
    assert "Still shown on that day" in director.get("/announcements/new").text


def bell(browser: Browser) -> str:
    return str(browser.get("/me/notices").text)


def test_it_rings_the_bell_and_can_be_found_until_it_is_withdrawn(office: Office):
    publisher = at(office, "李建国")
    place = published(publisher)
    outbox.drain()
    reader, stranger = at(office, "林晓梅"), at(office, "刘志强")
    assert TITLE in bell(reader) and "新公告" in bell(reader)
    assert TITLE not in bell(stranger) and TITLE not in stranger.get("/search?q=食堂").text
    found = reader.get("/search?q=转告").text
    assert TITLE in found and place in found
    reader.get(place, headers={"sec-fetch-site": "same-origin"})
    assert "未读" in bell(at(office, "王芳")) and TITLE not in bell(reader)
    publisher.post(f"{place}/withdraw")
    assert TITLE not in reader.get("/search?q=食堂").text
    assert TITLE not in bell(at(office, "王芳"))


def test_one_to_all_is_found_by_all(office: Office):
    published(at(office, "杨帆"), scope="all")
    outbox.drain()
    other = at(office, "刘志强")
    assert TITLE in other.get("/search?q=食堂").text and TITLE in bell(other)


def test_one_that_begins_later_is_not_found_before(
    office: Office, later: Callable[[timedelta], None]
):
    day = today() + timedelta(days=1)
    last = (day + timedelta(days=5)).isoformat()
    place = published(at(office, "李建国"), starts=day.isoformat(), ends=last)
    outbox.drain()
    assert TITLE not in at(office, "林晓梅").get("/search?q=食堂").text
    assert TITLE not in bell(at(office, "林晓梅"))
    later(timedelta(days=1, hours=1))
    at(office, "林晓梅").get(place, headers={"sec-fetch-site": "same-origin"})
    assert TITLE in at(office, "王芳").get("/search?q=食堂").text
