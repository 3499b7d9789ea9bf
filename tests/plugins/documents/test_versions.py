"""Versions, what changed between them, and a submitted draft that is taken back unopened."""

from __future__ import annotations

from html import unescape

import pytest

from kernel.api import Conflict, connection, search
from plugins.documents.acts import approving, versions, writing
from plugins.documents.comparing import Piece, compare, words
from plugins.documents.models import Document
from plugins.workflow import face as workflow
from tests.plugins.documents.test_pages import as_person, version
from tests.plugins.people import DIRECTOR, DRAFTER, HEAD, Flow, short


def pieces(old: str, new: str) -> list[tuple[str, str]]:
    return [(one.kind, one.text) for one in words(old, new)]


def test_chinese_is_compared_by_characters_and_words_of_letters_whole():
    assert pieces("请于11月20日前报送。", "请于11月25日前报送。") == [
        ("same", "请于11月"),
        ("del", "20"),
        ("ins", "25"),
        ("same", "日前报送。"),
    ]
    # Two characters that stayed between two changes help nobody.
    assert pieces("请各县区认真落实执行方案要求。", "请各县区严格落实到位方案要求。") == [
        ("same", "请各县区"),
        ("del", "认真落实执行"),
        ("ins", "严格落实到位"),
        ("same", "方案要求。"),
    ]
    assert words("甲乙丙丁。", "完全另外的一句话。") == (
        Piece("del", "甲乙丙丁。"),
        Piece("ins", "完全另外的一句话。"),
    )


def test_a_long_paragraph_is_compared_by_sentences():
    old = "甲。" * 3000 + "乙。"
    new = "甲。" * 3000 + "丙。"
    assert [one.kind for one in words(old, new)][-2:] == ["del", "ins"]


def test_only_elements_that_differ_are_shown_and_what_stayed_is_folded(flow: Flow):
    body = [f"第{n}段。" for n in range(9)]
    before = short(body=body)
    after = short(body=[*body[:8], "第9段改了。"], title=before["title"])
    with connection():
        found = compare(before, after)
    assert [str(one.label) for one in found] == ["正文"]
    assert found[0].lines[0] is None
    assert len(found[0].lines) == 3


def test_a_version_is_kept_when_it_is_handed_on_and_not_when_it_is_saved(flow: Flow):
    document = flow.to("section_review")
    flow.act(HEAD, approving.send_back, document, to="draft", reason="标题不妥。")
    flow.act(DRAFTER, writing.save, flow.fresh(document), content=short(body=["改后的一段。"]))
    flow.act(DRAFTER, writing.save, flow.fresh(document), content=short(body=["再改的一段。"]))
    flow.act(DRAFTER, writing.submit, flow.fresh(document))
    with connection():
        kept = versions.all_of(document)
    assert [(one.number, one.step, one.action) for one in kept] == [
        (1, "draft", "done"),
        (2, "section_review", "back"),
        (3, "draft", "done"),
    ]
    assert kept[2].content["body"] == ["再改的一段。"]


def test_the_comparison_shows_what_came_and_what_went(flow: Flow):
    document = flow.to("section_review")
    flow.act(HEAD, approving.send_back, document, to="draft", reason="标题不妥。")
    changed = short(body=["根据工作安排，现将有关要求通知如下。", "一、落实责任", "请认真执行。"])
    flow.act(DRAFTER, writing.save, flow.fresh(document), content=changed)
    browser = as_person(flow, DRAFTER)
    listed = unescape(browser.get(f"/documents/out/{document.uid}/versions").text)
    assert "现在的稿子" in listed and "第1稿" in listed and "科室核稿：退回" in listed
    page = unescape(browser.get(f"/documents/out/{document.uid}/compare?a=1&b=now").text)
    assert "事项</" not in page.split("<ins>")[0]
    assert "<del>" in page and "<ins>" in page
    assert page.index("事项") < page.index("要求")
    swapped = unescape(browser.get(f"/documents/out/{document.uid}/compare?a=now&b=1").text)
    assert "第1稿 → 现在的稿子" in swapped
    assert browser.get(f"/documents/out/{document.uid}/compare?a=9&b=1").status_code == 404


@pytest.mark.parametrize("tab", ["sheet", "body", "attachments", "flow", "versions"])
def test_every_tab_is_there_from_the_beginning(flow: Flow, tab: str):
    document = flow.draft()
    browser = as_person(flow, DRAFTER)
    page = browser.get(f"/documents/out/{document.uid}?tab={tab}")
    assert page.status_code == 200
    assert page.text.count('class="tab"') == 5


def test_the_flow_is_drawn_with_who_and_where(flow: Flow):
    document = flow.to("office_review")
    browser = as_person(flow, DRAFTER)
    page = unescape(browser.get(f"/documents/out/{document.uid}?tab=flow&view=picture").text)
    picture = page[page.index("<svg viewBox") : page.index("</figure>")]
    assert "办公室核稿 （办理中）" in picture
    assert "分发 （未到）" in picture
    assert HEAD in picture and DIRECTOR in picture


def test_a_draft_is_taken_back_before_anybody_opened_it(flow: Flow):
    document = flow.to("section_review")
    browser = as_person(flow, DRAFTER)
    page = browser.get(f"/documents/out/{document.uid}")
    assert "对方还没有打开，可以撤回修改。" in unescape(page.text)
    where = f"/documents/out/{document.uid}/actions/withdraw"
    back = browser.post(where, data={"version": version(page.text)})
    assert "已撤回，可以修改后重新送核。" in unescape(back.text)
    now = flow.fresh(document)
    assert (now.state, now.submitted) == ("draft", False)
    with connection():
        assert search.find("防汛", flow.office.desk(DIRECTOR).principals, ["documents"]).hits == []
        assert [one.action for one in workflow.trail(now)] == ["done", "taken"]
    flow.do_draft(now)
    assert flow.fresh(document).state == "section_review"


def test_what_was_opened_is_not_taken_back(flow: Flow):
    document = flow.to("section_review")
    drafter = as_person(flow, DRAFTER)
    before = drafter.get(f"/documents/out/{document.uid}")
    as_person(flow, DIRECTOR).get(f"/documents/out/{document.uid}")
    assert flow.fresh(document).opened == ""
    head = as_person(flow, HEAD)
    head.get(f"/documents/out/{document.uid}", headers={"sec-purpose": "prefetch"})
    assert flow.fresh(document).opened == ""
    head.get(f"/documents/out/{document.uid}")
    assert flow.fresh(document).opened == HEAD
    assert "可以撤回修改" not in unescape(drafter.get(f"/documents/out/{document.uid}").text)
    where = f"/documents/out/{document.uid}/actions/withdraw"
    late = drafter.post(where, data={"version": version(before.text)})
    assert late.status_code == 409
    assert f"已由{HEAD}打开" in unescape(late.text)
    with pytest.raises(Conflict):
        flow.act(DRAFTER, writing.withdraw, flow.fresh(document))


def test_another_drafter_of_the_section_does_not_take_it_back(flow: Flow):
    document = flow.to("section_review")
    with connection():
        assert not writing.may_withdraw(flow.office.desk(HEAD), flow.fresh(document))
        assert writing.may_withdraw(flow.office.desk(DRAFTER), flow.fresh(document))


def test_after_a_return_it_stays_visible_to_who_has_seen_it(flow: Flow):
    document = flow.to("section_review")
    flow.act(HEAD, approving.send_back, document, to="draft", reason="标题不妥。")
    flow.act(DRAFTER, writing.submit, flow.fresh(document))
    flow.act(DRAFTER, writing.withdraw, flow.fresh(document))
    found: Document = flow.fresh(document)
    assert (found.state, found.submitted) == ("draft", True)
