"""Writing by hand in a real browser, and the cards of a leader without a script."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route

from kernel.acts.ink import read_ink

pytestmark = pytest.mark.needs("chromium")


@pytest.fixture(params=[(1440, 900), (390, 844)], ids=["desk", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, base: str) -> Iterator[Page]:
    width, height = request.param
    page = browser.new_context(viewport={"width": width, "height": height}).new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{base}/leader")
    yield page
    page.context.close()
    assert said == []


def open_pad(page: Page) -> None:
    page.locator(".matter__fold summary", has_text="另写意见或手写").first.click()
    page.locator("[data-ink] summary", has_text="手写意见").click()


def stroke(page: Page, *points: tuple[float, float]) -> None:
    """Points in parts of the field's width and height."""
    frame = page.locator("[data-ink-pad]:visible").bounding_box()
    assert frame is not None
    at = [(frame["x"] + x * frame["width"], frame["y"] + y * frame["height"]) for x, y in points]
    page.mouse.move(*at[0])
    page.mouse.down()
    for where in at[1:]:
        page.mouse.move(*where, steps=5)
    page.mouse.up()


def written(page: Page) -> str:
    return page.locator("#a-ink").input_value()


def caught(page: Page) -> list[str]:
    """What is sent to /sign from now on."""
    sent: list[str] = []

    def take(route: Route) -> None:
        sent.append(route.request.post_data or "")
        route.fulfill(status=204, body="")

    page.route("**/sign", take)
    return sent


def dark(page: Page) -> int:
    """How many points of the field are drawn on."""
    count: int = page.locator("[data-ink-pad]:visible").evaluate(
        "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
        ".filter((v, i) => i % 4 === 3 && v).length"
    )
    return count


def test_strokes_become_text_that_the_server_reads(page: Page):
    open_pad(page)
    assert written(page) == ""
    stroke(page, (0.1, 0.2), (0.5, 0.25), (0.9, 0.2))
    stroke(page, (0.5, 0.5))
    ink = read_ink(written(page))
    assert ink.width == 600 and len(ink.strokes) == 2
    first, dot = ink.strokes
    assert abs(first[0][0] - 60) <= 3 and abs(first[-1][0] - 540) <= 6
    assert len(first) > 5 and len(dot) == 1
    assert dark(page) > 200


def test_a_stroke_is_undone_and_all_is_cleared(page: Page):
    open_pad(page)
    stroke(page, (0.1, 0.2), (0.9, 0.2))
    one = written(page)
    stroke(page, (0.1, 0.6), (0.9, 0.6))
    page.locator("[data-ink-undo]:visible").click()
    assert written(page) == one
    page.locator("[data-ink-clear]:visible").click()
    assert written(page) == "" and dark(page) == 0


def test_what_was_cleared_comes_back_by_the_keyboard_and_the_strokes_are_counted(page: Page):
    open_pad(page)
    count = page.locator("[data-ink-count]:visible")
    assert count.inner_text() == "还没有手写"
    assert page.locator(".ink__how:visible").count() == 1
    stroke(page, (0.1, 0.2), (0.9, 0.2))
    stroke(page, (0.1, 0.6), (0.9, 0.6))
    both = written(page)
    assert count.inner_text() == "已写 2 笔"
    page.locator("[data-ink-clear]:visible").focus()
    page.keyboard.press("Enter")
    assert count.inner_text() == "还没有手写"
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    assert written(page) == both and dark(page) > 200
    page.keyboard.press("Space")
    assert count.inner_text() == "已写 1 笔"


def test_a_pen_that_leaves_the_field_stays_within_it(page: Page):
    open_pad(page)
    stroke(page, (0.9, 0.5), (1.4, 0.5), (1.4, 1.6))
    read_ink(written(page))


def test_what_comes_back_is_drawn_again(page: Page):
    text = "600 360;40,40 560,60;300,200"
    page.locator("#a-ink").evaluate(
        "(field, text) => { field.value = text;"
        " field.dispatchEvent(new Event('input', { bubbles: true })); }",
        text,
    )
    page.locator(".matter__fold summary", has_text="另写意见或手写").first.click()
    assert page.locator("[data-ink-pad]:visible").count() == 1
    page.wait_for_timeout(100)
    assert dark(page) > 100
    stroke(page, (0.2, 0.8), (0.4, 0.8))
    assert written(page).startswith(text)


def test_it_is_sent_with_the_form(page: Page):
    sent = caught(page)
    open_pad(page)
    stroke(page, (0.1, 0.2), (0.9, 0.2))
    page.locator(".matter__fold .submitbar button", has_text="签发").first.click()
    page.wait_for_timeout(200)
    assert len(sent) == 1 and "ink=600+" in sent[0]


def test_one_tap_is_one_button_without_a_script_too(browser: Browser, base: str):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    sent = caught(page)
    page.goto(f"{base}/leader")
    page.locator(".matter__fold summary", has_text="另写意见或手写").first.click()
    assert page.locator("#a-opinion").is_visible()
    assert page.locator("[data-ink-pad]:visible").count() == 0
    page.get_by_role("button", name="签发：同意。").click()
    page.wait_for_timeout(200)
    assert len(sent) == 1 and "version=3" in sent[0] and "opinion=" in sent[0]
    context.close()


def test_the_keyboard_reaches_every_button_of_a_card(page: Page):
    seen: set[str] = set()
    page.locator(".matter a").first.focus()
    for _ in range(14):
        page.keyboard.press("Tab")
        seen.add(str(page.evaluate("document.activeElement.textContent.trim()")))
    for label in ("签发：同意印发。", "签发：同意。", "另写意见或手写", "退回", "已阅"):
        assert any(one.startswith(label) for one in seen), label
