"""What was typed and not sent, when its page is left by a link: an opinion, and a draft."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.portal.driver import Driver, Person

pytestmark = pytest.mark.needs("chromium")
TITLE = "市委办关于写到一半的通知"
BODY = ["为做好有关工作，现将有关事项通知如下。"]
STROKE = "600 300;10,10 20,20 30,40"
WRITE = """(box, text) => {
  box.value = text;
  box.dispatchEvent(new Event('change', { bubbles: true }));
}"""


def drafting(driver: Driver, title: str = TITLE) -> Person:
    """林晓梅 in the editor of a new document."""
    drafter = driver.as_person("林晓梅")
    drafter.begin()
    drafter.write({"title": title, "main": ["市财政局"], "body": BODY})
    return drafter


def test_an_opinion_waits_for_its_form_and_is_gone_when_it_was_given(driver: Driver):
    drafter = drafting(driver)
    drafter.submit()
    head = driver.as_person("王芳")
    head.open_task(TITLE)
    page, where = head.page, head.page.url
    opinion = page.get_by_label("意见", exact=True)
    opinion.fill("写到一半，先看正文。")
    ink = page.locator(".actioncolumn [data-ink-strokes]").first
    ink.evaluate(WRITE, STROKE)
    page.get_by_role("link", name="正文").first.click()
    page.wait_for_url("**tab=body**")
    expect(opinion).to_have_value("写到一半，先看正文。")
    head.sees("已放回您先前写了没有提交的内容。")
    head.picture("28-refilled", full=False)
    page.locator(".topbar .brand").click()
    page.wait_for_url(lambda address: address != where and "documents" not in address)
    page.goto(where)
    expect(opinion).to_have_value("写到一半，先看正文。")
    assert ink.input_value() == STROKE
    head.press("不要了")
    expect(opinion).to_have_value("")
    assert ink.input_value() == ""
    page.reload()
    expect(opinion).to_have_value("")
    opinion.fill("看过了，同意。")
    page.reload()
    expect(opinion).to_have_value("看过了，同意。")
    head.press("同意，送办公室核稿")
    head.sees("已办理，下一步")
    assert page.evaluate("sessionStorage.getItem('juyan')") is None
    # Who comes by a redirect with a message is at the message.
    assert page.evaluate("document.activeElement.matches('.main > .notice--ok')")


def test_who_leaves_a_draft_at_once_sees_what_he_wrote(driver: Driver):
    drafter = drafting(driver, "市委办关于旧标题的通知")
    page = drafter.page
    drafter.press("保存", exact=True)
    drafter.sees("已保存。")
    page.get_by_label("标题*", exact=True).fill("市委办关于新标题的通知")
    page.get_by_role("link", name="返回稿纸").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("市委办关于新标题的通知")
    page.get_by_role("link", name="编辑、送核").click()
    drafter.submit()


def test_a_save_without_an_answer_keeps_nobody_on_the_page(driver: Driver):
    drafter = drafting(driver, "市委办关于保存没有答复的通知")
    page, asked = drafter.page, []
    page.route("**/autosave", lambda route: asked.append(route))
    page.get_by_label("正文*", exact=True).fill("没有答复。")
    page.get_by_role("link", name="返回稿纸").click()
    page.wait_for_timeout(500)
    assert page.url.endswith("/edit") and len(asked) == 1
    page.wait_for_url(lambda address: not address.endswith("/edit"), timeout=10_000)
