"""收藏: one stars what he wants to find again; nobody else sees it, and no right comes of it."""

from __future__ import annotations

import re
from typing import Any

import pytest

from kernel.acts import stars
from kernel.acts.models import Act, Star
from kernel.identity.models import Post, Unit
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser
from plugins.documents.acts import writing
from plugins.documents.models import Document
from tests.plugins.documents.test_home import signed_in
from tests.plugins.people import CLERK, DIRECTOR, DRAFTER, HEAD, Flow, short

TAB = "/tasks?tab=starred"


def press(browser: Browser, document: Document, **more: Any) -> Any:
    """The button 加入收藏 or 已收藏 on the page of a document, as it is sent without a script."""
    page = browser.get(f"/documents/out/{document.uid}").text
    form = re.search(r'<form class="inline star".*?</form>', page, re.S)
    assert form is not None
    sent = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', form[0]))
    button = re.search(r'name="on" value="(\d)" aria-pressed="(\w+)"', form[0])
    assert button is not None
    assert (button[1] == "0") == (button[2] == "true")
    return browser.post("/tasks/star", data={**sent, "on": button[1]}, **more)


@pytest.mark.both
def test_a_starred_document_is_found_and_given_up_without_a_script(flow: Flow):
    document = flow.to("office_review", title="中共张掖市委办公室关于做好防汛工作的通知")
    clerk = signed_in(flow, CLERK)
    assert "还没有收藏" in clerk.get(TAB).text
    with connection():
        acts = Act.select().count()
    answer = press(clerk, document)
    assert answer.url.path == f"/documents/out/{document.uid}"
    assert "已收藏，可在待办中心" in answer.text and ">已收藏</button>" in answer.text
    page = clerk.get(TAB).text
    assert f'href="/documents/out/{document.uid}"' in page and "办公室核稿" in page
    assert re.search(r'aria-current="page">收藏</a>', page)
    with connection():
        assert Act.select().count() == acts  # a preference leaves no act
    for name in (DIRECTOR, DRAFTER):
        assert document.title not in signed_in(flow, name).get(TAB).text
    gone = clerk.post("/tasks/star", data={"t": document.uid})
    assert "已取消收藏" in gone.text and "还没有收藏" in gone.text


def test_the_button_takes_the_star_back_and_once_more_is_the_same(flow: Flow):
    document = flow.to("office_review")
    clerk = signed_in(flow, CLERK)
    press(clerk, document)
    data = {"kind": document.kind, "uid": document.uid, "on": "1", "next": "/"}
    assert "已收藏" in clerk.post("/tasks/star", data=data).text
    with connection():
        assert Star.select().count() == 1
    assert ">加入收藏</button>" in press(clerk, document).text
    with connection():
        assert Star.select().count() == 0


def test_a_script_gets_the_button_alone(flow: Flow):
    document = flow.to("office_review")
    answer = press(signed_in(flow, CLERK), document, headers={"HX-Request": "true"})
    assert answer.text.strip().startswith("<form") and answer.text.strip().endswith("</form>")
    assert "已收藏" in answer.text and 'name="once"' in answer.text


def test_the_list_says_how_the_document_is_called_now(flow: Flow):
    document = flow.draft(title="旧标题")
    drafter = signed_in(flow, DRAFTER)
    press(drafter, document)
    content = short(title="新标题")
    flow.act(DRAFTER, writing.save, document, content=content)
    page = drafter.get(TAB).text
    assert "新标题" in page and "旧标题" not in page


@pytest.mark.both
def test_what_a_desk_may_not_see_can_neither_be_starred_nor_is_it_shown(flow: Flow):
    draft = flow.draft(title="未送出的草稿")
    clerk = signed_in(flow, "刘志强")
    data = {"kind": draft.kind, "uid": draft.uid, "on": "1"}
    assert clerk.post("/tasks/star", data=data).status_code == 404
    for kind in ("documents.nothing", "acts.proposal", ""):
        assert clerk.post("/tasks/star", data={**data, "kind": kind}).status_code == 404
    # Starred at the desk of the drafter, it is not there at another desk of the same person.
    press(signed_in(flow, DRAFTER), draft)
    with transaction():
        second = Post.create(
            person=flow.office.post(DRAFTER).person, unit=Unit.by_code("620700-INFO"),
            title="联络员", roles=["document_clerk"], rank=200,
        )  # fmt: skip
    drafter = signed_in(flow, DRAFTER)
    assert "未送出的草稿" in drafter.get(TAB).text
    drafter.post("/me/desk", data={"post": second.uid})
    page = drafter.get(TAB).text
    assert "未送出的草稿" not in page and "还没有收藏" in page


def test_a_desk_without_rights_to_documents_stars_none(flow: Flow):
    document = flow.to("office_review")
    admin = signed_in(flow, "杨帆")  # the system administrator sits in the same organ
    data = {"kind": document.kind, "uid": document.uid, "on": "1"}
    assert admin.post("/tasks/star", data=data).status_code == 404
    with transaction():
        stars.put(flow.office.post("杨帆").person, document)
    assert document.title not in admin.get(TAB).text


def test_long_lists_are_paged_filtered_and_searched(flow: Flow):
    documents = [flow.draft(title=f"收藏的文件{n:02}") for n in range(23)]
    with transaction():
        for one in documents:
            stars.put(flow.office.post(DRAFTER).person, one)
    drafter = signed_in(flow, DRAFTER)
    for sort, expected in (("new", range(22, -1, -1)), ("old", range(23))):
        seen, path = [], f"{TAB}&sort={sort}"
        while path:
            page = drafter.get(path).text
            seen += [int(n) for n in re.findall(r"收藏的文件(\d\d)</a>", page)]
            following = re.search(r'href="([^"]+)" rel="next"', page)
            path = following[1].replace("&amp;", "&") if following else ""
        assert seen == list(expected)
        assert "共 23 件" in page
    assert re.findall(r"收藏的文件(\d\d)</a>", drafter.get(f"{TAB}&q=文件07").text) == ["07"]
    assert "没有符合这些条件" in drafter.get(f"{TAB}&type=exchange").text
    assert "翻页地址不完整" in drafter.get(f"{TAB}&after=bm90aGluZw").text


def test_there_is_an_end_to_what_can_be_starred(flow: Flow, monkeypatch: pytest.MonkeyPatch):
    first, second = flow.to("office_review"), flow.draft()
    monkeypatch.setattr(stars, "MOST", 1)
    drafter = signed_in(flow, DRAFTER)
    press(drafter, first)
    answer = press(drafter, second)
    assert answer.status_code == 422 and "最多收藏 1 件" in answer.text
    assert first.title in drafter.get(TAB).text
    head = signed_in(flow, HEAD)
    assert "已收藏" in press(head, first).text
