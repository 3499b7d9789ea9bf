"""Feedback through its pages: written, answered, told; nobody else sees it."""

from __future__ import annotations

import re

import pytest

from kernel.acts import outbox
from kernel.acts.house.switches import switch_plugin
from kernel.storage.database import connection
from kernel.storage.schema import schema_differences
from kernel.testing_office import Browser, Office
from plugins.feedback.models import Remark

pytestmark = pytest.mark.both
TEXT = "收文列表里希望能按来文单位筛选。"


def at(office: Office, name: str) -> Browser:
    browser = office.browser()
    assert browser.login(name).status_code == 200
    return browser


def written(browser: Browser, text: str = TEXT) -> str:
    answer = browser.post("/feedback/new", data={"text": text, "place": "/exchange/inbox"})
    assert "已提交，答复后会在右上角提醒您。" in answer.text, answer.text[:500]
    return answer.url.path


def test_the_table_is_that_of_the_model(office: Office):
    with connection():
        assert schema_differences([Remark]) == []


def test_the_foot_of_each_page_leads_there(office: Office):
    clerk = at(office, "刘志强")
    assert clerk.get("/feedback").url.path == "/feedback/"
    assert "您还没有提过意见建议。" in clerk.get("/feedback").text


def test_the_page_that_one_comes_from_is_noted_without_its_query(office: Office):
    clerk = at(office, "刘志强")
    listed = clerk.get("/feedback", headers={"referer": "http://testserver/search?q=needle"})
    assert "needle" not in listed.text
    link = re.search(r'href="(/feedback/new[^"]*)"', listed.text)
    assert link is not None
    page = clerk.get(link[1]).text
    assert 'value="/search"' in page and "会一并记下您来自的页面：/search" in page
    other = clerk.get("/feedback", headers={"referer": "http://elsewhere.example/x"})
    assert 'href="/feedback/new"' in other.text
    assert "来自的页面" not in clerk.get("/feedback/new?place=//evil.example").text


def test_the_operator_answers_and_the_person_is_told(office: Office):
    clerk = at(office, "刘志强")
    place = written(clerk)
    operator = at(office, "杨帆")
    assert TEXT in operator.get("/feedback/all").text
    assert '1<span class="vh"> 条待答复' in operator.get("/").text
    done = operator.post(place, data={"reply": "已列入计划，下月提供。"})
    assert "已答复，提出人会收到提醒。" in done.text
    outbox.drain()
    assert "您的意见建议已有答复" in clerk.get("/me/notices").text
    page = clerk.get(place).text
    assert "已列入计划，下月提供。" in page and "杨帆" in page and "<textarea" not in page
    assert "已答复" in clerk.get("/feedback/").text


def test_nobody_else_sees_it_not_even_a_colleague(office: Office):
    place = written(at(office, "林晓梅"))
    for name in ("王芳", "刘志强", "高峰"):
        other = at(office, name)
        assert other.get(place).status_code == 404
        assert other.post(place, data={"reply": "x"}).status_code == 404
        assert TEXT[:10] not in other.get("/feedback/").text
        assert other.get("/feedback/all").status_code == 403


def test_its_writer_does_not_answer_himself(office: Office):
    clerk = at(office, "刘志强")
    place = written(clerk)
    assert clerk.post(place, data={"reply": "自问自答"}).status_code == 403
    with connection():
        assert Remark.get().state == "open"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("", "不能为空"), ("长" * 1001, "不能超过 1000 字"), ("机密★一年", "密级")],
)
def test_a_bad_form_says_what_to_do_and_keeps_the_text(office: Office, text: str, sentence: str):
    answer = at(office, "刘志强").post("/feedback/new", data={"text": text, "place": ""})
    assert answer.status_code == 422 and sentence in answer.text and text in answer.text
    with connection():
        assert Remark.select().count() == 0


def test_where_it_is_off_the_foot_still_says_whom_to_tell(office: Office):
    organ = office.desk("刘志强").organ_code
    office.act(office.desk("杨帆"), switch_plugin, organ=organ, plugin="feedback", on=False)
    clerk = at(office, "刘志强")
    page = clerk.get("/feedback")
    assert page.status_code == 200 and "请告诉市信息化工作办公室" in page.text
    assert clerk.get("/feedback/").status_code == 404
