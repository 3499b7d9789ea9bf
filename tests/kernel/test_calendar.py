"""The working-day calendar: what is shipped, what is entered over it, and the page of a month."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.acts import notices, outbox
from kernel.acts.house.calendar import set_day
from kernel.acts.models import Notice
from kernel.crypto import ids
from kernel.portal.month import Month, month_of, rest_day_note, weeks
from kernel.storage.database import connection, transaction
from kernel.storage.schema import schema_differences
from kernel.testing_office import Browser, Office
from kernel.work.calendar import MODELS, STATUTORY, Calendar, a_working_day_on, working_days

pytestmark = pytest.mark.both
OPERATOR, CLERK = "杨帆", "林晓梅"


def days() -> Calendar:
    with connection():
        return working_days()


def at(office: Office, name: str) -> Browser:
    browser = office.browser()
    browser.login(name)
    return browser


def test_the_table_is_that_of_the_model(office: Office):
    with connection():
        assert schema_differences(MODELS) == []


def test_holidays_and_make_up_days_are_those_that_were_published(office: Office):
    calendar = days()
    off = ["2026-01-02", "2026-02-23", "2026-04-06", "2026-06-19", "2026-10-07", "2026-11-28"]
    work = ["2026-01-04", "2026-02-28", "2026-09-20", "2026-10-10", "2026-11-27"]
    assert [day for day in off if calendar.works(date.fromisoformat(day))] == []
    assert [day for day in work if not calendar.works(date.fromisoformat(day))] == []
    # 365 days less 104 of week-ends, 19 of holidays on weekdays, and 6 made up for.
    assert calendar.between(date(2026, 1, 1), date(2026, 12, 31)) == 248
    said = calendar.of(date(2026, 10, 1))
    assert said is not None
    assert (said.name, said.source) == ("国庆节", "国务院办公厅关于2026年部分节假日安排的通知")
    assert calendar.published(2026) and not calendar.published(2031)


@pytest.mark.parametrize(
    ("start", "count", "end"),
    [
        ("2026-09-30", 1, "2026-10-08"),
        ("2026-10-08", -1, "2026-09-30"),
        ("2026-02-13", 1, "2026-02-14"),  # a Saturday that is made up
        ("2026-11-27", 3, "2026-12-02"),
        ("2026-11-28", 0, "2026-11-28"),
        ("2031-05-02", 1, "2031-05-05"),  # nothing is known of that year: by the week
    ],
)
def test_counting_goes_over_what_is_off(office: Office, start: str, count: int, end: str):
    assert days().after(date.fromisoformat(start), count) == date.fromisoformat(end)


def test_the_same_hour_one_working_day_on(office: Office):
    friday = datetime(2026, 11, 27, 3, tzinfo=UTC)
    with connection():
        assert a_working_day_on(friday) == friday + timedelta(days=3)
        late = datetime(2026, 11, 26, 17, tzinfo=UTC)  # Friday already, in Zhangye
        assert a_working_day_on(late) == late + timedelta(days=3)


def test_a_counting_that_has_no_end_is_a_defect(office: Office):
    with pytest.raises(ValueError, match="ten years"):
        days().after(date(2026, 1, 1), 3000)


def test_what_the_operator_enters_goes_over_what_is_shipped(office: Office):
    facts = {"name": "抗洪", "source": "市委办通知"}
    office.act(office.desk(OPERATOR), set_day, day="2026-10-01", works=True, **facts)
    assert days().works(date(2026, 10, 1))
    office.act(office.desk(OPERATOR), set_day, day="2026-10-01", works=False, **facts)
    assert not days().works(date(2026, 10, 1))
    assert not days().published(2031)
    office.act(office.desk(OPERATOR), set_day, day="2031-02-03", works=False, **facts)
    assert not days().published(2031)  # one local day is no arrangement of a year


def test_a_deadline_after_a_holiday_is_told_of_before_it(office: Office):
    from kernel.acts.models import Task

    clerk = office.post("刘志强")
    due = datetime(2026, 10, 8, 2, tzinfo=UTC)
    with transaction():
        Task.create(
            plugin="exchange", kind="exchange.delivery", subject="x", title="x", step="签收",
            organ="620700-GFIN", post=clerk.uid, due=due,
        )  # fmt: skip
    told = Notice.key.startswith("task.soon:")
    notices.tell_due(datetime(2026, 9, 29, 9, tzinfo=UTC))
    with connection():
        assert not Notice.select().where(told).exists()
    notices.tell_due(datetime(2026, 9, 30, 3, tzinfo=UTC))
    for hour in range(3, 200, 7):
        notices.tell_due(datetime(2026, 9, 30, 3, tzinfo=UTC) + timedelta(hours=hour))
    with connection():
        assert Notice.select().where(told).count() == 1


# The page


def test_a_month_is_whole_weeks_from_monday(office: Office):
    rows = weeks(Month(date(2026, 11, 1)), days(), [], date(2026, 11, 28))
    assert [len(row) for row in rows] == [7] * 6
    assert rows[0][0].day == date(2026, 10, 26) and not rows[0][0].inside
    assert [cell.day for row in rows for cell in row if cell.today] == [date(2026, 11, 28)]
    assert month_of("2026-12", date(2026, 11, 28)).other(1).text == "2027-01"
    assert month_of("2026-01", date(2026, 11, 28)).other(-1).text == "2025-12"


@pytest.mark.parametrize(
    "text", ["", "2026-13", "2026-1", "0001-01", "９９９９-01", "2026-²1", "x"]
)
def test_an_address_that_names_no_month_shows_the_present_one(office: Office, text: str):
    assert month_of(text, date(2026, 11, 28)).text == "2026-11"
    assert at(office, CLERK).get("/calendar", params={"month": text}).status_code == 200


def test_the_page_shows_holidays_with_their_source(office: Office):
    page = at(office, CLERK).get("/calendar?month=2026-10").text
    assert "2026年10月" in page and "工作日 18 天" in page
    assert "国务院办公厅关于2026年部分节假日安排的通知" in page
    assert len(re.findall("cal__said--off", page)) == 7
    assert len(re.findall("cal__said--work", page)) == 1
    assert "2026年放假安排还没有录入" not in page
    page = at(office, CLERK).get("/calendar?month=2031-10").text
    assert "2031年放假安排还没有录入" in page


def test_ones_own_deadlines_stand_there_and_nobody_elses(office: Office):
    from kernel.acts.models import Task

    clerk = office.post("刘志强")
    with transaction():
        for n in range(5):
            Task.create(
                plugin="exchange", kind="exchange.delivery", subject=f"x{n}", title=f"限时{n}",
                step="签收", organ="620700-GFIN", post=clerk.uid,
                due=datetime(2026, 12, 3, 1 + n, tzinfo=UTC),
            )  # fmt: skip
    mine = at(office, "刘志强").get("/calendar?month=2026-12").text
    assert "限时0" in mine and "另有 2 项" in mine and "限时4" not in mine
    assert "限时4" in at(office, "刘志强").get("/calendar?month=2026-12&view=list").text
    for name in ("陈静", CLERK):
        assert "限时" not in at(office, name).get("/calendar?month=2026-12&view=list").text
    assert "限时" not in at(office, "刘志强").get("/calendar?month=2027-01").text


def test_days_are_entered_on_a_page_for_the_operator(office: Office):
    operator = at(office, OPERATOR)
    form = {"day": "2027-02-05", "works": "off", "name": "春节", "source": "国办通知"}
    assert "已保存" in operator.post("/admin/calendar", data=form).text
    assert "2027-02-05" in operator.get("/admin/calendar").text
    assert not days().works(date(2027, 2, 5))
    assert at(office, CLERK).post("/admin/calendar", data=form).status_code == 403
    for wrong, sentence in (
        ({"day": "1999-01-01"}, "年份在 2000 至 2100 年之间"),
        ({"day": "明天"}, "请按“2026-11-22”的样式填写"),
        ({"name": ""}, "名称不能为空"),
        ({"source": "长" * 101}, "依据不能超过 100 字"),
    ):
        answer = operator.post("/admin/calendar", data=form | wrong)
        assert answer.status_code == 422 and sentence in answer.text


def test_a_deadline_on_a_day_off_is_pointed_out(office: Office):
    with connection():
        note = rest_day_note(date(2026, 10, 3))
        assert "国庆节" in note and "9月30日" in note
        assert "星期六" in rest_day_note(date(2026, 11, 28))
        assert rest_day_note(date(2026, 10, 10)) == ""


def test_english_pages_are_english(office: Office):
    clerk = at(office, CLERK)
    clerk.post("/me/display", data={"language": "en", "next": "/"})
    page = clerk.get("/calendar?month=2026-10").text
    assert "Oct 2026" in page and "18 working days" in page


def test_announcements_stand_on_their_first_day(office: Office):
    outbox.drain()
    director = at(office, "李建国")
    day = ids.now().date()
    form = {"title": "消防演练", "body": "请参加。", "scope": "organ"}
    director.post(
        "/announcements/new",
        data=form | {"starts": day.isoformat(), "ends": (day + timedelta(days=3)).isoformat()},
    )
    place = f"/calendar?month={day:%Y-%m}&view=list"
    assert "消防演练" in at(office, CLERK).get(place).text
    assert "消防演练" not in at(office, "刘志强").get(place).text


def test_a_year_is_known_only_when_its_statutory_days_are_entered(office: Office):
    with connection():
        assert working_days().published(2026) and not working_days().published(2027)
        assert "2027年放假安排还没有录入" in rest_day_note(date(2027, 2, 10))
        assert rest_day_note(date(2026, 2, 10)) == ""
    for number in range(STATUTORY):
        day = (date(2027, 2, 5) + timedelta(days=number)).isoformat()
        office.act(office.desk("杨帆"), set_day, day=day, works=False, name="春节", source="通知")
        with connection():
            assert working_days().published(2027) == (number == STATUTORY - 1)
    with connection():
        assert rest_day_note(date(2027, 3, 10)) == ""


def test_the_pages_say_which_year_is_not_entered(office: Office):
    browser = office.browser()
    browser.login("杨帆")
    sentence = "2027年放假安排还没有录入"
    assert f"{ids.now().year + 1}年放假安排还没有录入" in browser.get("/admin/calendar").text
    assert sentence in browser.get("/calendar?month=2027-02").text
    assert sentence not in browser.get("/calendar?month=2026-06").text
