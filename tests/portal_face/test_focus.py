"""Where the focus is and where Tab goes, in a browser: drawer, menu, size, columns, filters."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.needs("chromium")
PHONE, DESK = {"width": 390, "height": 844}, {"width": 1440, "height": 900}
HERE = "document.activeElement"
# In the order of the page, and from top to bottom of the screen.
ORDERS = """() => {
  const all = [...document.querySelectorAll('.col-side__do, .paper, .col-side__facts')];
  const top = e => e.getBoundingClientRect().top, seen = [...all].sort((a, b) => top(a) - top(b));
  return [all, seen].map(list => list.map(e => e.className.split(' ')[0]).join(' '));
}"""


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    found = browser.new_page(viewport=PHONE)  # type: ignore[arg-type]  # its type is not exported
    yield found
    found.close()


def test_nothing_behind_an_open_drawer_takes_the_focus(page: Page, base: str):
    page.goto(f"{base}/home")
    toggle, drawer = page.locator("[data-nav-toggle]"), page.locator("#sidenav")
    toggle.focus()
    page.keyboard.press("Space")
    assert toggle.get_attribute("aria-expanded") == "true" and page.evaluate("scrollY") == 0
    expect(drawer.get_by_role("link", name="收起导航")).to_be_focused()
    stops = drawer.locator("a, button").count()
    for _ in range(stops + 3):
        page.keyboard.press("Tab")
        assert page.evaluate(f"{HERE} === document.body || !!{HERE}.closest('#sidenav')")
    page.keyboard.press("Escape")
    expect(toggle).to_be_focused()
    page.keyboard.press("Enter")
    page.mouse.click(380, 400)  # the page beside it
    expect(drawer).not_to_be_in_viewport()
    expect(toggle).to_be_focused()
    assert page.locator("[inert]").count() == 0
    toggle.click()
    page.set_viewport_size(DESK)  # type: ignore[arg-type]  # its type is not exported
    expect(page.locator("[inert]")).to_have_count(0)


def test_the_size_that_goes_hands_the_focus_to_the_other(page: Page, base: str):
    page.goto(f"{base}/home")
    page.get_by_role("button", name="大字").press("Enter")
    expect(page.get_by_role("button", name="标准")).to_be_focused()


def test_a_menu_that_tab_leaves_is_closed(page: Page, base: str):
    page.set_viewport_size(DESK)  # type: ignore[arg-type]  # its type is not exported
    page.goto(f"{base}/home")
    menu = page.locator("details.user-menu")
    menu.locator("summary").press("Enter")
    for _ in range(menu.locator("a, button").count()):
        page.keyboard.press("Tab")
        assert menu.get_attribute("open") is not None
    page.keyboard.press("Tab")
    assert menu.get_attribute("open") is None


def test_a_message_is_read_first_and_a_filter_waits_for_its_button(page: Page, base: str):
    page.set_viewport_size(DESK)  # type: ignore[arg-type]  # its type is not exported
    page.goto(f"{base}/list")
    expect(page.locator(".main > .notice--ok")).to_be_focused()
    choice = page.locator(".filters select").first
    choice.press("ArrowDown")
    page.wait_for_timeout(200)
    expect(choice).to_be_focused()
    assert page.url.endswith("/list")
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # its type is not exported
    more = page.get_by_role("button", name="筛选")
    if more.is_visible():
        more.click()
    expect(page.get_by_role("button", name="查询")).to_be_visible()


def test_tab_goes_as_the_columns_stand(page: Page, base: str):
    page.goto(f"{base}/sheet")
    below = ["col-side__do paper col-side__facts"] * 2
    assert page.evaluate(ORDERS) == below
    page.locator("textarea").focus()
    page.set_viewport_size(DESK)  # type: ignore[arg-type]  # its type is not exported
    page.wait_for_function("document.querySelector('.sheetgrid').lastElementChild.matches('aside')")
    expect(page.locator("textarea")).to_be_focused()
    assert page.locator(".actioncolumn .col-side__facts").count() == 1
    page.get_by_role("button", name="大字").click()
    assert page.evaluate(ORDERS) == below


def test_a_file_that_is_too_large_is_named_and_not_sent(page: Page, base: str):
    page.goto(f"{base}/form")
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.method))
    box = page.locator("input[type=file]").first
    box.evaluate("box => { box.dataset.limit = 2048; }")
    box.set_input_files([{"name": "附件.docx", "mimeType": "text/plain", "buffer": b"x" * 3000}])
    said = page.locator("[data-too-large]").first
    expect(said).to_contain_text("“附件.docx”为 2.9 KB，超过每个文件 2.0 KB 的上限")
    box.evaluate("box => box.form.requestSubmit()")
    expect(box).to_be_focused()
    assert "POST" not in sent and not page.locator("form[data-sent]").count()
    box.set_input_files([{"name": "附件.docx", "mimeType": "text/plain", "buffer": b"x" * 300}])
    expect(said).to_be_hidden()
    page.route("**/*", lambda route: route.fulfill(status=413, body="too large"))
    box.evaluate("box => box.form.requestSubmit()")
    expect(page.locator(".underway")).to_contain_text("文件太大")
    assert not page.locator("form[data-sent]").count()
