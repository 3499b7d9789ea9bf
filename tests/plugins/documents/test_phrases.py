"""My phrases: each person's own, in his order, above every opinion field, seen by nobody else."""

from __future__ import annotations

import re

import pytest

from kernel.acts.models import Act
from kernel.identity.models import OwnPhrase
from kernel.identity.phrases import LONGEST, MOST
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser
from tests.plugins.people import DRAFTER, LEADER, Flow

FINANCE = "刘志强"


def signed_in(flow: Flow, name: str) -> Browser:
    browser = flow.office.browser()
    browser.login(name)
    return browser


def add(browser: Browser, *texts: str) -> str:
    page = ""
    for text in texts:
        page = browser.post("/me/phrases", data={"text": text}).text
    return page


def shown(page: str) -> list[str]:
    return re.findall(r'<span class="phrases__t">([^<]+)</span>', page)


def uid_of(page: str, text: str) -> str:
    items = re.findall(r'<li id="p-([^"]+)">.*?phrases__t">([^<]+)<', page, re.S)
    return next(uid for uid, said in items if said == text)


@pytest.mark.both
def test_phrases_are_added_put_in_order_and_deleted(flow: Flow):
    browser = signed_in(flow, LEADER)
    assert "还没有常用意见" in browser.get("/me/phrases").text
    page = add(browser, "请财政局核。", "缓办。", "另议。")
    assert "已添加" in page and shown(page) == ["请财政局核。", "缓办。", "另议。"]
    moved = browser.post(f"/me/phrases/{uid_of(page, '另议。')}", data={"do": "up"})
    assert shown(moved.text) == ["请财政局核。", "另议。", "缓办。"]
    moved = browser.post(f"/me/phrases/{uid_of(page, '请财政局核。')}", data={"do": "up"})
    assert shown(moved.text) == ["请财政局核。", "另议。", "缓办。"]
    moved = browser.post(f"/me/phrases/{uid_of(page, '请财政局核。')}", data={"do": "down"})
    assert shown(moved.text) == ["另议。", "请财政局核。", "缓办。"]
    left = browser.post(f"/me/phrases/{uid_of(page, '请财政局核。')}", data={"do": "delete"})
    assert shown(left.text) == ["另议。", "缓办。"] and "已删除。" in left.text
    again = add(browser, "请财政局核。")
    assert shown(again) == ["另议。", "缓办。", "请财政局核。"]
    with connection():
        assert not Act.select().where(Act.verb.contains("phrase")).exists()


@pytest.mark.both
def test_nobody_else_sees_or_touches_them(flow: Flow):
    mine = add(signed_in(flow, LEADER), "只给自己看的一句。")
    uid = uid_of(mine, "只给自己看的一句。")
    for name in (DRAFTER, FINANCE):
        other = signed_in(flow, name)
        assert "只给自己看" not in other.get("/me/phrases").text
        for do in ("up", "down", "delete"):
            assert other.post(f"/me/phrases/{uid}", data={"do": do}).status_code == 404
    with connection():
        assert OwnPhrase.get().text == "只给自己看的一句。"


def test_they_stand_before_the_usual_ones_wherever_an_opinion_is_written(flow: Flow):
    leader = signed_in(flow, LEADER)
    add(leader, "请财政局核。", "同意。")
    document = flow.to("sign")
    for path in (f"/documents/out/{document.uid}", "/"):
        page = leader.get(path).text
        group = re.search(r'<div class="quick".*?data-for="[^"]*opinion".*?</div>', page, re.S)
        assert group is not None
        said = re.findall(r'data-phrase="([^"]+)"', group[0])
        assert said[:3] == ["请财政局核。", "同意。", "同意印发。"]
        assert len(said) == len(set(said))
    home = leader.get("/").text
    # What signs off with one tap stays what the plugin says.
    assert 'value="请财政局核。"' not in home and 'value="同意印发。"' in home
    assert "请财政局核" not in signed_in(flow, "李建国").get(f"/documents/out/{document.uid}").text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "不能为空"),
        ("长" * (LONGEST + 1), "不能超过"),
        ("同意。", "已在列表中"),
        ("机密★1年", ""),
        ("a\u0007b", "控制字符"),
    ],
)
def test_what_cannot_be_kept_is_said_and_what_was_typed_stays(flow: Flow, text: str, said: str):
    browser = signed_in(flow, LEADER)
    add(browser, "同意。")
    answer = browser.post("/me/phrases", data={"text": text})
    assert answer.status_code in (403, 409, 422)
    assert said in answer.text
    assert shown(answer.text) == ["同意。"]


def test_there_is_an_end_to_them(flow: Flow):
    browser = signed_in(flow, LEADER)
    person = flow.office.post(LEADER).person.uid
    with transaction():
        for n in range(MOST):
            OwnPhrase.create(person=person, text=f"第{n}条。", rank=n)
    answer = browser.post("/me/phrases", data={"text": "再来一条。"})
    assert answer.status_code == 422
    assert f"最多 {MOST} 条" in answer.text and 'value="再来一条。"' in answer.text


def test_another_action_is_refused_in_words(flow: Flow):
    browser = signed_in(flow, LEADER)
    uid = uid_of(add(browser, "同意。"), "同意。")
    assert browser.post(f"/me/phrases/{uid}", data={"do": "x"}).status_code == 422
