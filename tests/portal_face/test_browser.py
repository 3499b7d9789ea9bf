"""The gallery in a real browser, under the portal's policy: it fits, it speaks, it answers."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, Route

from tests.portal_face.gallery import PAGES

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.early]
# What sticks out to the right of the window, and what is too small to hit.
MEASURE = """() => {
  const width = document.documentElement.clientWidth, seen = e => {
    const s = getComputedStyle(e), r = e.getBoundingClientRect();
    return s.visibility !== 'hidden' && r.width > 1 && r.height > 1
      && !e.closest('.vh, .sidenav, thead');
  };
  const all = [...document.querySelectorAll('body *')].filter(seen);
  const right = e => e.getBoundingClientRect().right;
  const out = all.filter(e => right(e) > width + 1 && !e.closest('.tabs'));
  const controls = 'a[href], button, select, summary, textarea, input:not([type=hidden])';
  const small = all.filter(e => e.matches(controls)).filter(e => {
    const r = (e.closest('label') || e).getBoundingClientRect();
    return r.width < 24 || r.height < 24;
  });
  const name = e => e.tagName + '.' + e.className + ' ' + e.textContent.trim().slice(0, 20);
  const scroll = document.documentElement.scrollWidth - width;
  return {scroll, out: out.map(name), small: small.map(name)};
}"""


def open_page(browser: Browser, width: int, height: int) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": height})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return page, said


@pytest.mark.parametrize(
    ("width", "height", "query"),
    [
        (1440, 900, ""),
        (1440, 900, "?size=large&theme=zhangye"),
        (390, 844, ""),
        (390, 844, "?size=large&language=en"),
        (320, 640, ""),
    ],
)
def test_every_page_fits_and_the_console_is_silent(
    browser: Browser, base: str, width: int, height: int, query: str
):
    page, said = open_page(browser, width, height)
    for name in PAGES:
        page.goto(f"{base}/{name}{query}")
        found = page.evaluate(MEASURE)
        assert found == {"scroll": 0, "out": [], "small": []}, name
    assert said == []
    page.close()


LENGTHEN = """() => {
  const said = 'h1, h2, p, dd, .task, .meta, .op, .timeline__op, .notice__t, .trail a';
  const all = [...document.querySelectorAll('main :is(' + said + ')')]
    .filter(e => e.children.length == 0 && e.offsetWidth && !e.closest('.vh'));
  for (const e of all) e.textContent = 'https://www.example.gov.cn/' + 'a1b2c3d4e5'.repeat(24);
  return document.documentElement.scrollWidth - innerWidth;
}"""


@pytest.mark.parametrize(("width", "height"), [(1440, 900), (390, 844)])
def test_a_long_address_that_somebody_typed_does_not_widen_a_page(
    browser: Browser, base: str, width: int, height: int
):
    page, _ = open_page(browser, width, height)
    for name in PAGES:
        page.goto(f"{base}/{name}")
        assert page.evaluate(LENGTHEN) <= 0, name
    page.close()


SQUARES = """() => ['signed', 'done', 'read', 'wait', 'late', 'off', 'gone'].map(state => {
  const item = document.querySelector('.legend .is-' + state);
  const drawn = getComputedStyle(item, '::before');
  return [drawn.borderStyle, drawn.backgroundColor, drawn.backgroundImage].join();
})"""


def test_each_state_of_the_receipts_has_its_own_square_without_colours(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.emulate_media(forced_colors="active")
    seen = []
    for name in PAGES:
        page.goto(f"{base}/{name}")
        if page.locator(".legend").count():
            seen.append(page.evaluate(SQUARES))
    assert seen and all(len(set(squares)) == 7 for squares in seen)
    page.close()


def test_text_size_changes_at_once_and_is_remembered(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/home")
    page.get_by_role("button", name="大字").click()
    assert page.evaluate("document.documentElement.dataset.size") == "large"
    assert {c["name"]: c["value"] for c in page.context.cookies()}["size"] == "large"
    page.close()


def test_the_drawer_opens_closes_and_gives_the_focus_back(browser: Browser, base: str):
    page, _ = open_page(browser, 390, 844)
    page.goto(f"{base}/home")
    toggle, link = page.locator("[data-nav-toggle]"), page.locator("#sidenav .navlink").first
    assert not link.is_visible()
    toggle.click()
    assert link.is_visible() and toggle.get_attribute("aria-expanded") == "true"
    page.get_by_role("link", name="收起导航").click()
    assert not link.is_visible()
    toggle.click()
    page.keyboard.press("Escape")
    assert not link.is_visible() and toggle.evaluate("e => e === document.activeElement")
    page.close()


def test_without_scripts_the_drawer_is_a_link_and_chips_are_not_shown(browser: Browser, base: str):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{base}/sheet")
    assert not page.locator(".quick").is_visible()
    page.locator("[data-nav-toggle]").click()
    assert page.locator("#sidenav .navlink").first.is_visible()
    assert page.locator("#sidenav").get_by_role("button", name="退出登录").is_visible()
    page.context.close()


def test_errors_take_the_focus_and_lead_to_the_field(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/form")
    assert page.evaluate("document.activeElement.className").endswith("summary")
    page.get_by_role("link", name="标题不能为空。").click()
    assert page.evaluate("location.hash") == "#field-title"
    page.close()


def test_phrases_are_added_to_what_stands_there(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/sheet")
    box = page.locator("textarea")
    box.fill("请按时报送。")
    page.get_by_role("button", name="已阅。").click()
    assert box.input_value() == "请按时报送。已阅。"
    box.fill("手写的意见在这里 ")
    page.get_by_role("button", name="同意。").click()
    assert box.input_value() == "手写的意见在这里，同意。"
    page.close()


def test_phrases_are_put_in_by_keyboard(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/sheet")
    box = page.locator("textarea")
    box.fill("")
    box.press("Alt+2")
    assert box.input_value() == "请阅处。"
    box.press("Alt+1")
    assert box.input_value() == "请阅处。同意。"
    box.press("Alt+9")
    assert box.input_value() == "请阅处。同意。"
    page.close()


def test_the_sixth_phrase_is_behind_a_fold(browser: Browser, base: str):
    page, _ = open_page(browser, 390, 844)
    page.goto(f"{base}/leader")
    page.locator(".matter__fold summary", has_text="另写意见或手写").first.click()
    sixth = page.get_by_role("button", name="另议。")
    assert not sixth.is_visible()
    page.locator("#a-opinion").press("Alt+6")
    assert page.locator("#a-opinion").input_value() == "另议。"
    page.locator(".quick__more summary").first.click()
    assert sixth.is_visible()
    page.close()


def test_the_picker_finds_counts_and_takes_whole_groups(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/editor")
    picker = page.locator("[data-picker]")
    assert "已选 3 项" in (picker.inner_text())
    picker.locator("[data-picker-find]").fill("临泽")
    assert picker.locator(".picker__leaf:visible").count() == 2
    picker.locator("[data-picker-find]").fill("")
    picker.get_by_label("全选本级 6 家").first.check()
    assert "已选 7 项" in picker.inner_text()
    page.close()


def test_the_picker_is_used_without_a_mouse(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/editor")
    picker = page.locator("[data-picker]")
    find = picker.locator("[data-picker-find]")
    find.fill("linze")
    first, second = picker.locator(".picker__leaf input:visible").all()
    before = first.is_checked(), second.is_checked()
    find.press("ArrowDown")
    page.keyboard.press("Enter")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Space")
    assert (first.is_checked(), second.is_checked()) == (not before[0], not before[1])
    page.keyboard.press("Escape")
    assert find.evaluate("box => box === document.activeElement")
    find.fill("lz")
    assert first.is_visible()
    find.fill("没有这个单位")
    assert "没有找到" in picker.inner_text()
    chosen = picker.locator("[data-picker-chosen] button")
    count, name = chosen.count(), chosen.first.inner_text()
    chosen.first.press("Enter")
    assert chosen.count() == count - 1 and chosen.first.inner_text() != name
    assert page.url.endswith("/editor")
    page.close()


def test_a_form_is_sent_once(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/confirm")
    posts: list[str] = []

    def hold(route: object, request: object) -> None:
        posts.append(request.method)  # type: ignore[attr-defined]  # its type is not exported
        route.fulfill(status=204, body="")  # type: ignore[attr-defined]  # its type is not exported

    page.route("**/sign", hold)
    button = page.locator(".confirm .btn--primary")
    button.click()
    page.wait_for_timeout(100)
    assert button.is_disabled() and button.inner_text() == "正在提交…"
    page.evaluate("document.querySelector('.confirm').requestSubmit()")
    page.wait_for_timeout(100)
    assert posts == ["POST"]
    page.close()


def test_typing_asks_for_a_preview_and_saves(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.goto(f"{base}/editor")
    page.route("**/preview", lambda route: route.fulfill(body="<p>新的预览</p>"))
    page.route("**/autosave", lambda route: route.fulfill(status=204))
    page.locator("#field-title").fill("新题")
    page.locator("#preview", has_text="新的预览").wait_for(timeout=3000)
    page.locator("[data-saved]", has_text="已自动保存").wait_for(timeout=8000)
    page.close()


def test_what_could_not_be_saved_is_offered_again(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    page.route("**/preview", lambda route: route.fulfill(body=""))
    page.route("**/autosave", lambda route: route.abort())
    page.goto(f"{base}/editor")
    assert not page.locator("[data-kept]").is_visible()
    page.locator("#field-title").fill("断网时写的标题")
    page.locator("[data-saved]", has_text="网络不通").wait_for(timeout=8000)
    page.reload()
    assert page.locator("#field-title").input_value() != "断网时写的标题"
    page.get_by_role("button", name="恢复这份内容").click()
    assert page.locator("#field-title").input_value() == "断网时写的标题"
    page.unroute("**/autosave")
    page.route("**/autosave", lambda route: route.fulfill(status=204))
    page.locator("[data-saved]", has_text="已自动保存").wait_for(timeout=8000)
    page.reload()
    assert not page.locator("[data-kept]").is_visible()
    page.close()


def test_a_second_writer_is_told_and_nothing_is_saved_over_him(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    tried: list[int] = []

    def conflict(route: Route) -> None:
        tried.append(1)
        route.fulfill(status=409)

    page.route("**/preview", lambda route: route.fulfill(body=""))
    page.route("**/autosave", conflict)
    page.goto(f"{base}/editor")
    page.locator("#field-title").fill("第二个人的标题")
    page.locator("[data-saved]", has_text="已被他人更新").wait_for(timeout=8000)
    page.locator("#field-title").fill("第二个人又改的标题")
    page.wait_for_timeout(5000)
    assert tried == [1]
    assert page.locator("#field-title").input_value() == "第二个人又改的标题"
    page.close()


def test_the_preview_keeps_its_place(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    tall = '<figure class="pages__p"><img width="1190" height="1684" alt=""></figure>'
    page.route("**/autosave", lambda route: route.fulfill(status=204))
    page.route("**/preview", lambda route: route.fulfill(body=f"<p>新</p>{tall * 4}"))
    page.goto(f"{base}/editor")
    page.locator("#field-title").fill("一")
    page.locator("#preview p", has_text="新").wait_for(timeout=5000)
    third = "document.querySelectorAll('#preview .pages__p')[2]"
    page.evaluate(f"{third}.scrollIntoView()")
    before = page.evaluate(f"{third}.getBoundingClientRect().top")
    page.route("**/preview", lambda route: route.fulfill(body=f"<p>更新</p><p>多</p>{tall * 4}"))
    page.locator("#field-title").fill("二")
    page.locator("#preview p", has_text="更新").wait_for(timeout=5000)
    assert abs(page.evaluate(f"{third}.getBoundingClientRect().top") - before) < 2
    page.close()


def test_a_file_field_names_what_was_chosen_in_the_words_of_the_page(browser: Browser, base: str):
    page, said = open_page(browser, 390, 844)
    page.goto(f"{base}/form")
    field, words = page.locator("input[type=file]").first, page.locator("[data-file-names]").first
    assert words.inner_text() == "还没有选择文件"
    some = {"mimeType": "text/plain", "buffer": b"x"}
    field.set_input_files([{"name": "名单.docx", **some}])
    assert words.inner_text() == "已选 1 个文件：名单.docx"
    # The field itself lies over our words: a click and the keyboard reach it as ever.
    words.scroll_into_view_if_needed()
    over = words.evaluate(
        "e => { const r = e.getBoundingClientRect();"
        " return document.elementFromPoint(r.x + 2, r.y + 2).type; }"
    )
    assert over == "file"
    assert said == []
    page.close()


def test_signing_out_asks_once_where_something_typed_would_be_lost(browser: Browser, base: str):
    page, _ = open_page(browser, 1440, 900)
    sent: list[str] = []

    def take(route: Route) -> None:
        sent.append(route.request.url)
        route.fulfill(status=204, body="")

    page.route("**/logout", take)
    page.goto(f"{base}/form")
    menu, button = page.locator("details.user-menu summary"), page.locator("[data-ask-unsent]")
    menu.click()
    button.first.click()
    page.wait_for_timeout(200)
    assert len(sent) == 1
    page.reload()
    page.locator("main textarea").first.fill("还没有写完")
    menu.click()
    button.first.click()
    page.wait_for_timeout(200)
    assert len(sent) == 1 and "退出后不保留" in button.first.inner_text()
    button.first.click()
    page.wait_for_timeout(200)
    assert len(sent) == 2
    page.close()
