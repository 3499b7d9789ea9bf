"""The pages, as a browser without scripts sees them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from kernel.api import connection
from kernel.plugins.switches import Activation
from kernel.storage.database import transaction
from kernel.testing_office import Browser
from plugins.documents.models import Document
from tests.plugins.people import CLERK, DIRECTOR, DRAFTER, HEAD, KEEPER, LEADER, Flow

FORM = "开展无纸化办公部门情况摸底调查表"
TITLE = "中共张掖市委办公室关于召开防汛会议的通知"


def as_person(flow: Flow, name: str) -> Browser:
    browser = flow.office.browser()
    browser.login(name)
    return browser


def version(page: str) -> str:
    found = re.search(r'<input[^>]*name="version"[^>]*value="(\d+)"', page) or re.search(
        r'value="(\d+)"[^>]*name="version"', page
    )
    assert found
    return found[1]


def filled(page: str, **changes: Any) -> dict[str, Any]:
    return {
        "version": version(page),
        "title": TITLE,
        "type": "通知",
        "main": ["620700-GFIN", "各县（区）委"],
        "cc": ["620700-GEDU"],
        "main_text": "",
        "body": "定于2026年12月1日召开防汛会议。\n\n一、参加人员\n各单位分管负责人。",
        "urgency": "加急",
        "disclosure": "主动公开",
        **changes,
    }


def begun(browser: Browser) -> tuple[str, str]:
    page = browser.post("/documents/out/new", data={"type": "通知"})
    assert page.status_code == 200
    return str(page.url.path), page.text


def the_document() -> Document:
    with connection():
        found: Document = Document.get()
    return found


def test_written_saved_and_submitted(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    saved = browser.post(where, data=filled(page))
    assert "已保存。" in saved.text
    document = the_document()
    assert document.title == TITLE
    assert document.main == ["各县（区）委", "620700-GFIN"]
    assert document.main_text == "各县（区）委，市财政局："
    assert document.cc == ["市教育局"]
    assert document.body[1:] == ["一、参加人员", "各单位分管负责人。"]
    sent = browser.post(where, data=filled(saved.text, do="submit"))
    assert sent.status_code == 200
    assert f"已送核，下一步：{HEAD}。对方打开前可撤回。" in sent.text
    assert the_document().state == "section_review"


@pytest.mark.parametrize(
    ("main", "line"),
    [
        (["620700-GEDU", "620700-GFIN", "620700-INFO"], "市信息办、市教育局、市财政局："),
        (["620700-GOVO", "620700-NPCO", "620700-GFIN", "620700-GEDU"],
         "市人大办公室、市政府办公室，市教育局、市财政局："),
        (["各县（区）委", "620702-CPCO"], "各县（区）委、甘州区委办："),
        (["各县（区）人民政府", "市直及省属驻张各部门、各单位"],
         "各县（区）人民政府，市直及省属驻张各部门、各单位："),
    ],
)  # fmt: skip
def test_units_of_one_class_are_joined_and_classes_are_parted(
    flow: Flow, main: list[str], line: str
):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    browser.post(where, data=filled(page, main=main))
    assert the_document().main_text == line


def test_all_that_is_missing_is_told_at_once(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    for label in ("标题", "主送机关", "正文", "公开属性"):
        assert f'{label}<span class="field__must"' in page, label
    missing = {"title": "中共张掖市委办公室关于的通知", "main": [], "cc": [], "body": ""}
    answer = browser.post(where, data=filled(page, **missing, disclosure="", do="submit"))
    assert answer.status_code == 422
    text = unescape(answer.text)
    assert "请先改正下面的 4 处" in text
    for field in ("title", "main", "body", "disclosure"):
        assert f'href="#field-{field}"' in text, field
    done = browser.post(where, data=filled(answer.text, do="submit"))
    assert "已送核，下一步" in done.text


def test_what_is_wrong_stands_at_its_field_and_everything_typed_is_kept(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    answer = browser.post(where, data=filled(page, title="关于防汛的函", do="submit"))
    assert answer.status_code == 422
    text = unescape(answer.text)
    assert "结尾应为“通知”" in text
    assert 'href="#field-title"' in text
    assert "关于防汛的函" in text
    assert "定于2026年12月1日召开防汛会议。" in text
    assert the_document().state == "draft"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"title": "长" * 201}, "标题不能超过 200 字，现有 201 字"),
        ({"main": ["某某局"]}, "不认识的单位：某某局"),
        ({"type": "指示"}, "文种只能从列表中选择"),
    ],
)
def test_bad_entries_are_told_in_words(flow: Flow, changes: dict[str, Any], sentence: str):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    answer = browser.post(where, data=filled(page, **changes))
    assert answer.status_code == 422
    assert sentence in unescape(answer.text)
    assert "定于2026年12月1日召开防汛会议。" in answer.text


def test_a_classified_text_is_refused_with_what_to_do(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    answer = browser.post(where, data=filled(page, body="机密★1年\n某某事项。"))
    assert answer.status_code == 403
    assert "检测到密级标志“机密★1年”，内容没有保存" in unescape(answer.text)
    assert the_document().body == []


def test_a_text_far_too_long_is_refused_in_words(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    answer = browser.post(where, data=filled(page, body="长" * 100_001))
    assert answer.status_code == 422
    assert "正文不能超过 100000 字，现有 100001 字" in unescape(answer.text)
    huge = browser.post(where, data=filled(page, body="a" * 13_000_000))
    assert huge.status_code == 413
    assert "提交的内容太大" in huge.text
    assert the_document().body == []


def test_a_stale_form_keeps_what_was_typed_and_can_be_saved_again(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    browser.post(where, data=filled(page, title="先保存的标题的通知"))
    answer = browser.post(where, data=filled(page, title="后填写的标题的通知"))
    assert answer.status_code == 409
    shown = unescape(answer.text)
    assert "保存</strong> 林晓梅" in shown  # who did what meanwhile
    mine, there = re.findall(r'<td role="cell" data-side="[^"]+">([^<]*)</td>', shown)[:2]
    assert (mine, there) == ("后填写的标题的通知", "先保存的标题的通知")
    assert the_document().title == "先保存的标题的通知"
    kept = browser.post(where, data=hidden_in(answer.text))
    assert "后填写的标题的通知" in kept.text and the_document().title == "先保存的标题的通知"
    again = browser.post(where, data=filled(kept.text, title="后填写的标题的通知"))
    assert "已保存。" in again.text
    assert the_document().title == "后填写的标题的通知"


def hidden_in(page: str) -> dict[str, list[str]]:
    """The hidden fields of the form on a conflict page, as its button sends them."""
    form = page[page.index('<form class="inline" method="post"') :]
    form = form[: form.index("</form>")]
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form):
        found.setdefault(name, []).append(unescape(value))
    return found


def test_autosave_goes_on_with_the_version_that_it_gives(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    there = where.replace("/edit", "/autosave")
    first = browser.post(there, data=filled(page))
    assert first.status_code == 204
    data = filled(page, title="再改的标题的通知", version=first.headers["x-version"])
    assert browser.post(there, data=data).status_code == 204
    assert the_document().title == "再改的标题的通知"
    again = browser.post(there, data=data)
    assert again.status_code == 204
    assert int(again.headers["x-version"]) > int(data["version"])
    assert browser.post(there, data={**data, "title": "另一人的标题的通知"}).status_code == 409
    assert the_document().title == "再改的标题的通知"


def test_a_text_that_saved_itself_is_no_conflict_for_the_form_that_did_not_hear_of_it(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    data = filled(page, title="自动保存过的标题的通知")
    assert browser.post(where.replace("/edit", "/autosave"), data=data).status_code == 204
    saved = browser.post(where, data=data)
    assert saved.status_code == 200
    assert "已保存。" in saved.text
    other = browser.post(where, data={**data, "title": "另一人的标题的通知"})
    assert other.status_code == 409
    assert the_document().title == "自动保存过的标题的通知"


def test_nothing_is_called_saved_once_the_draft_is_with_somebody_else(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    data = filled(page, do="submit")
    assert "已送核" in browser.post(where, data=data).text
    again = browser.post(where, data=filled(page))
    assert again.status_code >= 400
    assert "已保存。" not in again.text


def test_the_preview_shows_pages_and_rules_and_stores_nothing(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, page = begun(browser)
    before = the_document()
    there = where.replace("/edit", "/preview")
    answer = browser.post(there, data=filled(page, title="防汛的函", body="近日\U00020000开会。"))
    assert answer.status_code == 200
    text = unescape(answer.text)
    assert "data:image/png;base64," in text
    assert "结尾应为“通知”" in text
    assert "不写“近日”" in text
    beside = text.split("data-beside=")
    assert [part for part in beside if part.startswith('"title"') and "结尾应为“通知”" in part]
    assert 'href="#field-body" data-mark="近日"' in text
    assert "<html" not in text
    after = the_document()
    assert (after.version, after.title, after.body) == (before.version, before.title, [])


def test_attachments_are_added_moved_and_taken_away(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, _page = begun(browser)
    there = where.replace("/edit", "/attachments")
    browser.post(there, data={"kind": "text", "title": "说明", "text": "第一段\n第二段"})
    cells = "姓名\t单位\n张三\t市财政局"
    browser.post(there, data={"kind": "table", "title": "名册", "text": cells})
    browser.post(there, data={"kind": "units", "title": "单位名单", "group": "1"})
    browser.post(there, data={"kind": "form", "blank": FORM})
    document = the_document()
    assert document.attachment_note == ["说明", "名册", "单位名单", FORM]
    assert document.attachments[1]["rows"] == [["张三", "市财政局"]]
    names = [row[1] for row in document.attachments[2]["rows"]]
    assert "张掖市财政局" in names
    browser.post(f"{there}/remove", data={"number": "1", "title": "名册", "do": "up"})
    gone = browser.post(f"{there}/remove", data={"number": "3", "title": FORM, "do": "remove"})
    assert f"已删除附件：{FORM}" in gone.text
    stale = browser.post(f"{there}/remove", data={"number": "1", "title": "名册", "do": "remove"})
    assert "附件已有变化" in stale.text, "another window moved it"
    assert the_document().attachment_note == ["名册", "说明", "单位名单"]
    wrong = browser.post(there, data={"kind": "table", "title": "坏表", "text": "只有表头"})
    assert wrong.status_code == 422
    assert "表格至少要有表头和一行内容" in wrong.text
    assert "只有表头" in wrong.text
    secret = browser.post(there, data={"kind": "text", "title": "附", "text": "绝密★长期"})
    assert secret.status_code == 403
    assert len(the_document().attachments) == 3


def test_a_spreadsheet_becomes_a_table_whatever_stands_above_it(flow: Flow):
    browser = as_person(flow, DRAFTER)
    where, _page = begun(browser)
    there = where.replace("/edit", "/attachments")
    cells = ("自查表.csv", "项目,情况\n取暖,正常\n".encode(), "text/csv")
    added = browser.post(there, data={"kind": "text"}, files={"file": cells})
    assert "已添加附件：自查表" in unescape(added.text)
    (made,) = the_document().attachments
    assert (made["kind"], made["rows"]) == ("table", [["取暖", "正常"]])


def addresses(page: str) -> list[str]:
    return re.findall(r'<img src="([^"]+/pages/\d+\?v=[^"]+)"', page)


def test_a_browser_that_kept_the_pages_asks_again_once_they_carry_the_number(flow: Flow):
    document = flow.to("number")
    clerk, path = as_person(flow, CLERK), f"/documents/out/{document.uid}?tab=body"
    before = addresses(clerk.get(path).text)
    flow.do_number(flow.fresh(document))
    after = addresses(clerk.get(path).text)
    assert before and len(before) == len(after)
    assert not set(before) & set(after)


def signed(browser: Browser, page: str) -> str:
    found = re.search(r'name="nonce" value="([^"]+)"', page)
    assert found, "no confirmation page"
    answer = browser.post("/acts/confirm", data={"nonce": unescape(found[1])})
    assert answer.status_code == 200
    return answer.text


def test_the_whole_way_in_the_browser(flow: Flow):
    document = flow.to("section_review", main=["620700-GFIN"], cc=[])
    path = f"/documents/out/{document.uid}"
    _agree(flow, HEAD, path, "review")
    _agree(flow, DIRECTOR, path, "office_review")
    _signed_step(flow, LEADER, path, "sign_off", "同意印发", opinion="同意印发。")
    clerk = as_person(flow, CLERK)
    _signed_step(flow, CLERK, path, "assign_number", "市委办发〔")
    page = clerk.get(path).text
    assert addresses(page), "who proof-reads finds the pages open"
    unchecked = clerk.post(f"{path}/actions/typeset", data={"version": version(page)})
    assert unchecked.status_code == 422
    assert "勾选“已核对”" in unescape(unchecked.text) and addresses(unchecked.text)
    clerk.post(f"{path}/actions/typeset", data={"version": version(page), "checked": "y"})
    _signed_step(flow, KEEPER, path, "seal", "盖章后不可修改")
    page = clerk.get(path).text
    late = {"version": version(page), "until": "2020-01-01"}
    refused = clerk.post(f"{path}/actions/dispatch", data=late)
    assert refused.status_code == 422
    assert "签收时限不能早于今天" in unescape(refused.text)
    assert 'value="2020-01-01"' in refused.text
    told = "将发往 1 个单位，发出后各单位立即收到。签收时限为2099年1月1日。"
    _signed_step(flow, CLERK, path, "dispatch", told, until="2099-01-01")
    sent = unescape(clerk.get(path).text)
    assert "已发往 1 个单位" in sent
    assert "演示印章，校验通过" in sent
    assert clerk.get(f"{path}/document.pdf").content[:5] == b"%PDF-"
    assert clerk.get(f"{path}/pages/1").headers["content-type"] == "image/png"
    assert "防汛" in clerk.get(f"{path}/text").text
    flow_page = unescape(clerk.get(f"{path}?tab=flow").text)
    assert "同意印发。" in flow_page


def _agree(flow: Flow, name: str, path: str, verb: str) -> None:
    browser = as_person(flow, name)
    page = browser.get(path).text
    data = {"version": version(page), "opinion": "同意。"}
    answer = browser.post(f"{path}/actions/{verb}", data=data)
    assert "已办理，下一步" in unescape(answer.text)


def _signed_step(
    flow: Flow, name: str, path: str, verb: str, consequence: str, **values: str
) -> None:
    browser = as_person(flow, name)
    page = browser.get(path).text
    data = {"version": version(page), **values}
    answer = browser.post(f"{path}/actions/{verb}", data=data)
    assert answer.status_code == 200
    assert consequence in unescape(answer.text)
    assert "已完成" in signed(browser, answer.text)


def test_an_opinion_on_a_changed_document_is_kept(flow: Flow):
    document = flow.to("sign")
    path = f"/documents/out/{document.uid}"
    browser = as_person(flow, LEADER)
    data = {"version": "1", "opinion": "同意，请抓紧印发。"}
    answer = browser.post(f"{path}/actions/sign_off", data=data)
    assert answer.status_code == 409
    shown = unescape(answer.text)
    assert "同意，请抓紧印发。" in shown
    assert all(f"</strong> {name}" in shown for name in (DRAFTER, HEAD, DIRECTOR))
    kept = browser.post(f"{path}/actions/sign_off", data=hidden_in(answer.text))
    assert kept.status_code == 200 and "同意，请抓紧印发。" in kept.text
    again = {"version": version(kept.text), "opinion": "同意，请抓紧印发。"}
    assert "nonce" in browser.post(f"{path}/actions/sign_off", data=again).text


def test_what_changed_before_the_signature_is_shown_and_the_opinion_is_kept(flow: Flow):
    document = flow.to("sign")
    path = f"/documents/out/{document.uid}"
    here, there = as_person(flow, LEADER), as_person(flow, LEADER)
    page = here.get(path).text
    data = {"version": version(page), "opinion": "同意，请抓紧印发。"}
    confirm = here.post(f"{path}/actions/sign_off", data=data)
    back = {"version": version(page), "to": "draft", "reason": "标题再斟酌"}
    assert there.post(f"{path}/actions/send_back", data=back).status_code == 200
    nonce = re.search(r'name="nonce" value="([^"]+)"', confirm.text)
    assert nonce
    answer = here.post("/acts/confirm", data={"nonce": nonce[1]})
    assert answer.status_code == 409
    shown = unescape(answer.text)
    assert f"退回</strong> {LEADER}" in shown and "同意，请抓紧印发。" in shown
    assert f"核稿</strong> {HEAD}" not in shown  # he had seen that before
    again = here.post("/acts/confirm/again", data=hidden_in(answer.text))
    assert again.status_code == 409 and f"已由{LEADER}办理" in unescape(again.text)


def test_a_return_without_reason_is_refused_at_its_field(flow: Flow):
    document = flow.to("section_review")
    path = f"/documents/out/{document.uid}"
    browser = as_person(flow, HEAD)
    data = {"version": str(document.version), "to": "draft", "reason": ""}
    answer = browser.post(f"{path}/actions/send_back", data=data)
    assert answer.status_code == 422
    assert "请写明退回原因" in unescape(answer.text)
    data["reason"] = "请补充依据。"
    answer = browser.post(f"{path}/actions/send_back", data=data)
    assert "已退回，现在“拟稿”" in unescape(answer.text)
    drafts = as_person(flow, DRAFTER).get(f"{path}?tab=flow")
    assert "请补充依据。" in unescape(drafts.text)


@pytest.mark.parametrize("name", [DRAFTER, HEAD, CLERK, KEEPER])
def test_who_has_no_turn_sees_no_button(flow: Flow, name: str):
    document = flow.to("sign")
    text = unescape(as_person(flow, name).get(f"/documents/out/{document.uid}").text)
    assert f"现在“签发”，由{LEADER}办理" in text
    assert "/actions/sign_off" not in text


def test_the_list_finds_filters_and_keeps_to_its_tabs(flow: Flow):
    flow.draft(title="中共张掖市委办公室关于植树的通知")
    flow.to("section_review", title="中共张掖市委办公室关于供暖的函", type="函")
    browser = as_person(flow, DRAFTER)

    def titles(query: str) -> set[str]:
        text = browser.get(f"/documents/out{query}").text
        return {word for word in ("植树", "供暖") if word in text}

    assert titles("") == {"供暖"}
    assert titles("?tab=drafts") == {"植树"}
    assert titles("?tab=all") == {"植树", "供暖"}
    assert titles("?tab=all&type=函") == {"供暖"}
    assert titles("?tab=all&q=植树") == {"植树"}
    assert browser.get("/documents/out?tab=all&export=csv").status_code == 200


def test_others_find_nothing(flow: Flow):
    document = flow.to("section_review")
    path = f"/documents/out/{document.uid}"
    stranger = as_person(flow, "刘志强")
    for one in (path, f"{path}/pages/1", f"{path}/document.pdf", f"{path}/text"):
        assert stranger.get(one).status_code == 404, one
    assert stranger.get(f"{path}/edit").status_code == 403
    assert stranger.post(f"{path}/actions/seal", data={"version": "1"}).status_code == 404
    drafts = as_person(flow, DRAFTER)
    assert drafts.get(f"{path}/document.pdf").status_code == 404
    assert drafts.post(f"{path}/actions/burn", data={"version": "1"}).status_code == 404


def test_switched_off_nothing_of_it_is_shown_and_on_again_all_is_there(flow: Flow):
    document = flow.to("section_review")
    browser = as_person(flow, HEAD)
    switch(False)
    assert browser.get("/documents/out").status_code == 404
    assert browser.get(f"/documents/out/{document.uid}").status_code == 404
    home = browser.get("/").text
    assert "发文办理" not in home
    assert "防汛" not in home
    assert "防汛" not in browser.get("/search?q=防汛").text.replace("防汛", "", 1).split("main")[-1]
    switch(True)
    assert browser.get(f"/documents/out/{document.uid}").status_code == 200
    assert "防汛" in browser.get("/").text


def switch(on: bool) -> None:
    with transaction():
        Activation.create(organ="620700-CPCO", plugin="documents", on=on, act="test")


def test_the_pages_speak_english(flow: Flow):
    document = flow.to("section_review")
    browser = as_person(flow, HEAD)
    browser.cookies.set("lang", "en")
    listing = browser.get("/documents/out").text
    assert "Outgoing" in listing
    assert "Section review" in listing
    page = browser.get(f"/documents/out/{document.uid}").text
    assert "Agree, on to the office" in page
    assert "Drafting sheet" in page
