"""The recipients of the whole city in a browser: branches come when they are opened."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.portal.driver import Driver, Person

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture
def drafter(driver: Driver) -> Person:
    """Who has begun a notice."""
    person = driver.as_person("林晓梅")
    person.begin()
    return person


def of(person: Person, label: str = "抄送机关") -> Locator:
    """A picker."""
    return person.page.get_by_role("group", name=label)


def parts(picker: Locator) -> Locator:
    """The branches that have not come yet."""
    return picker.locator("[data-part]")


def test_a_branch_is_opened_by_the_keyboard(drafter: Person):
    picker = of(drafter)
    count = parts(picker).count()
    assert count > 5 and picker.get_by_role("checkbox").count() == 0
    picker.locator("summary", has_text="市政府部门").press("Enter")
    expect(parts(picker)).to_have_count(count - 1)
    box = picker.get_by_role("checkbox", name="张掖市财政局")
    box.press("Space")
    expect(picker.get_by_role("status").first).to_contain_text("已选 1 项")


def test_enter_takes_only_what_can_be_meant_and_says_what(drafter: Person):
    picker, page = of(drafter), drafter.page
    find, said = picker.get_by_label("查找单位"), picker.get_by_role("status").first
    find.fill("jyj")  # the city's and each district's
    page.keyboard.press("Enter")
    boxes = picker.locator(".picker__leaf:not([hidden]) input[name]")
    expect(boxes.first).to_be_focused()
    expect(said).to_have_text("已选 0 项")
    for known in ("张掖市教育局", "市教育局", "sjyj", "shijiaoyuju"):
        find.fill(known)
        find.press("Enter")
        expect(said).to_contain_text("已选 1 项")
    expect(said).to_have_text("已选 1 项，先前已选：张掖市教育局")
    picker.get_by_role("button", name="移除：张掖市教育局").click()
    expect(said).to_have_text("已选 0 项，刚移除：张掖市教育局")


def test_the_arrows_enter_the_list_and_go_past_closed_branches(drafter: Person):
    picker, page = of(drafter), drafter.page
    branches = picker.locator(".picker__tree > .picker__branch > summary")
    picker.get_by_label("查找单位").press("ArrowDown")
    expect(branches.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(branches.nth(1)).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    inside = picker.locator(".picker__tree > .picker__branch").nth(1).locator("input")
    expect(inside.first).to_be_focused()
    for _ in range(inside.count()):
        page.keyboard.press("ArrowDown")
    expect(branches.nth(2)).to_be_focused()
    page.keyboard.press("Escape")
    expect(picker.get_by_label("查找单位")).to_be_focused()


def test_enter_waits_for_what_was_searched(drafter: Person):
    picker = of(drafter)
    find = picker.get_by_label("查找单位")
    find.press_sequentially("czj")
    find.press("Enter")
    chosen = picker.get_by_role("button", name="移除：张掖市财政局")
    expect(chosen).to_be_visible()


def test_a_line_that_breaks_is_told_and_what_is_chosen_stays(drafter: Person):
    drafter.pick("抄送机关", ["张掖市财政局"])
    drafter.press("保存", exact=True)
    drafter.sees("已保存。")
    picker, page = of(drafter), drafter.page

    def broken(route: Route) -> None:
        route.fulfill(status=404, body="")

    page.route("**/edit?picker=*", broken)
    picker.locator("summary", has_text="市委部门").click()
    expect(picker.get_by_text("名单没有取到")).to_be_visible()
    page.unroute("**/edit?picker=*")
    count = parts(picker).count()
    picker.get_by_role("button", name="显示“市委部门”全部").click()
    expect(parts(picker)).to_have_count(count - 1)
    drafter.press("保存", exact=True)
    drafter.sees("已保存。")
    expect(of(drafter).get_by_role("button", name="移除：张掖市财政局")).to_be_visible()


def test_what_this_browser_kept_is_put_back_with_boxes_that_had_not_come(drafter: Person):
    page = drafter.page
    page.route("**/autosave", lambda route: route.fulfill(status=404, body=""))
    page.get_by_label("正文*", exact=True).fill("写到一半。")
    drafter.pick("抄送机关", ["张掖市财政局"])
    page.wait_for_timeout(1200)  # the copy is written a moment after the last key
    page.goto(page.url)
    picker = of(drafter)
    assert picker.get_by_role("checkbox").count() == 0
    page.locator("[data-kept-take]").click()
    expect(picker.get_by_role("button", name="移除：张掖市财政局")).to_be_visible()
    expect(page.get_by_label("正文*", exact=True)).to_have_value("写到一半。")


def test_units_of_branches_that_had_not_come_are_chosen_again_or_named(drafter: Person):
    page, where = drafter.page, drafter.page.url
    page.route("**/autosave", lambda route: route.fulfill(status=404, body=""))
    drafter.pick("抄送机关", ["张掖市财政局"])
    page.get_by_label("正文*", exact=True).fill("写到一半。")
    # Sent when the session was over: the page comes again as it is stored.
    page.route(
        where,
        lambda route: (
            route.fulfill(status=404, content_type="text/html", body="<p>...</p>")
            if route.request.method == "POST"
            else route.fallback()
        ),
    )
    drafter.press("保存", exact=True)
    page.get_by_text("...").wait_for()
    kept = page.evaluate("sessionStorage.getItem('juyan')")
    page.goto(where)
    picker = of(drafter)
    expect(picker.get_by_role("button", name="移除：张掖市财政局")).to_be_visible()
    expect(page.get_by_label("正文*", exact=True)).to_have_value("写到一半。")
    assert "请重新选择" not in page.locator(".refilled").inner_text()
    page.locator(".refilled button").click()
    expect(picker.get_by_role("status").first).to_contain_text("已选 0 项")
    page.evaluate("(kept) => sessionStorage.setItem('juyan', kept)", kept)
    page.route("**/edit?picker=*", lambda route: route.fulfill(status=404, body=""))
    page.goto(where)
    expect(page.locator(".refilled")).to_contain_text("请重新选择：抄送机关")
