"""What was typed and not sent, when its page is left by a link: an opinion, and a draft."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.portal.driver import Driver, Person

pytestmark = pytest.mark.needs("chromium")
TITLE = "市委办关于写到一半的通知"
LEADER = "李建国"
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


KEPT = "JSON.parse(sessionStorage.getItem('juyan') || '[]')"


def leave_and_come_back(person: Person, where: str) -> None:
    """By a link to the home page, and again by the address."""
    person.page.locator(".topbar .brand").click()
    person.page.wait_for_url(lambda address: address != where)
    person.page.goto(where)


def test_two_forms_with_one_action_get_each_its_own(driver: Driver):
    giver = driver.as_person(LEADER)
    page, where = giver.page, f"{driver.place.url}/account/delegations"
    page.goto(where)
    forms = page.locator(".main form.form")
    expect(forms).to_have_count(2)
    last = forms.nth(1).locator("input[type=date]").last
    default = last.input_value()
    last.fill("2099-03-04")
    box = forms.nth(1).locator("input[name=names]").first
    before = box.is_checked()
    box.set_checked(not before)
    leave_and_come_back(giver, where)
    expect(last).to_have_value("2099-03-04")
    assert box.is_checked() is not before
    assert forms.nth(0).locator("input[type=date]").last.input_value() == default
    assert forms.nth(0).locator("input[name=names]").first.is_checked() is before
    assert page.locator(".refilled").count() == 1
    giver.press("不要了")
    expect(last).to_have_value(default)
    assert box.is_checked() is before


def test_a_form_with_only_handwriting_gives_it_up(driver: Driver):
    drafter = drafting(driver, "市委办关于只有手写的通知")
    drafter.submit()
    head = driver.as_person("王芳")
    head.open_task("市委办关于只有手写的通知")
    page, where = head.page, head.page.url
    page.context.add_init_script(
        """document.addEventListener('DOMContentLoaded', () => {
          document.querySelectorAll('.actioncolumn form').forEach((form) => {
            if (!form.querySelector('[data-ink-strokes]')) return;
            const others = form.querySelectorAll('textarea, select, input[type=text]');
            others.forEach((box) => box.remove());
          });
        })"""
    )
    page.goto(where)
    ink = page.locator(".actioncolumn [data-ink-strokes]").first
    ink.evaluate(WRITE, STROKE)
    leave_and_come_back(head, where)
    expect(page.locator(".refilled")).to_be_visible()
    assert ink.input_value() == STROKE
    head.press("不要了")
    expect(page.locator(".refilled")).to_have_count(0)
    assert ink.input_value() == ""


def test_codes_are_kept_nowhere(driver: Driver):
    page = driver.as_person(LEADER).page
    page.goto(f"{driver.place.url}/login")
    page.evaluate(
        """() => {
          const form = document.createElement('form');
          form.method = 'post';
          form.innerHTML = '<input type=text name=code>';
          document.querySelector('main').append(form);
        }"""
    )
    assert page.locator("[data-waiting]").count() == 1
    page.locator("input[name=code]").fill("ABCD-1234")
    page.reload()
    assert page.evaluate(KEPT) == []
    page.goto(f"{driver.place.url}/account/delegations")
    field = page.locator(".main form.form input[type=date]").last
    field.evaluate("(box) => box.form.setAttribute('autocomplete', 'off')")
    field.fill("2099-03-04")
    page.reload()
    assert page.evaluate(KEPT) == []


def test_where_there_is_no_room_the_oldest_go_and_then_it_is_asked(driver: Driver):
    giver = driver.as_person(LEADER)
    page, where = giver.page, f"{driver.place.url}/account/delegations"
    page.goto(where)
    last = page.locator(".main form.form").first.locator("input[type=date]").last
    fill_up = """(old) => {
      sessionStorage.clear();
      const values = { text: ['x'.repeat(9000)] };
      const one = { at: Date.now(), action: 'x', desk: '', first: '', version: '', values };
      if (old) sessionStorage.setItem('juyan', JSON.stringify([one, one]));
      for (let size = 4194304; size >= 1; size /= 2) {
        try {
          for (let n = 0; ; n++) sessionStorage.setItem('full' + size + n, 'x'.repeat(size));
        } catch (full) { /* as much as fits */ }
      }
    }"""
    page.evaluate(fill_up, True)
    asked: list[str] = []
    page.on("dialog", lambda one: (asked.append(one.type), one.accept()))
    last.fill("2099-03-04")
    page.locator(".topbar .brand").click()
    page.wait_for_url(lambda address: address != where)
    assert asked == []
    assert [one["action"] == "x" for one in page.evaluate(KEPT)] == [False, True]
    page.goto(where)
    expect(last).to_have_value("2099-03-04")
    page.evaluate(fill_up, False)
    last.fill("2099-03-05")
    page.locator(".topbar .brand").click()
    page.wait_for_url(lambda address: address != where)
    assert asked == ["beforeunload"]
