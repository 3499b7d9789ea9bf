"""What goes wrong on an ordinary day: each time a clear sentence, and nothing typed is lost."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import APIResponse, Route, expect

from kernel.settings import ROOT, load
from tests.portal.driver import PATIENCE, Driver, Person
from tests.portal.node import Place

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.early]
BODY = ["为做好有关工作，现将有关事项通知如下。", "请各单位认真贯彻执行。"]
MEASURE = """() => {
  const width = document.documentElement.clientWidth;
  return document.documentElement.scrollWidth - width;
}"""


@pytest.fixture(scope="session")
def letter(place: Place, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The title of a document that lies in the boxes of several units."""
    title = "中共张掖市委办公室关于开展签收演练的通知"
    data = {
        "issuer": "中共张掖市委办公室",
        "type": "通知",
        "series": "市委办字",
        "title": title,
        "main": ["市财政局", "市教育局", "甘州区委办"],
        "body": BODY,
    }
    file = tmp_path_factory.mktemp("letter") / "letter.json"
    file.write_text(json.dumps(data, ensure_ascii=False), "utf-8")
    manage = [sys.executable, str(ROOT / "manage.py"), "--instance", str(place.folder)]
    subprocess.run([*manage, "document", "send", str(file)], check=True, capture_output=True)
    return title


def drafting(driver: Driver, title: str, body: list[str] | None = None) -> Person:
    """林晓梅 in the editor of a new document with this title."""
    drafter = driver.as_person("林晓梅")
    drafter.begin()
    data = {"title": title, "main": ["市财政局"], "body": BODY if body is None else body}
    drafter.write(data)
    return drafter


def body_of(person: Person) -> str:
    return person.page.get_by_label("正文*", exact=True).input_value()


def under_review(driver: Driver, title: str) -> None:
    """A document of this title waits for 王芳."""
    drafter = drafting(driver, title)
    drafter.submit()


def test_an_empty_text_is_not_submitted(driver: Driver):
    drafter = drafting(driver, "市委办关于空白正文的通知", [])
    drafter.press("保存并送核")
    drafter.sees("正文不能为空，请填写后再送核。")
    title = drafter.page.get_by_label("标题*", exact=True)
    assert title.input_value() == "市委办关于空白正文的通知"
    drafter.picture("20-empty-text", full=False)


def test_a_title_of_300_characters_comes_back_with_its_limit(driver: Driver):
    long = "关于" + "很长的事由" * 59 + "通知"
    drafter = drafting(driver, long)
    drafter.press("保存并送核")
    drafter.sees("标题不能超过 200 字，现有 299 字。")
    assert drafter.page.get_by_label("标题*", exact=True).input_value() == long
    assert body_of(drafter) == "\n".join(BODY)
    drafter.picture("21-long-title", full=False)


def test_a_secret_line_is_refused_and_kept_nowhere(driver: Driver, place: Place):
    before = set((place.folder / "blobs").rglob("*"))
    clean, secret = "本段不涉密，应当保存在数据库中。", "某基地坐标见附图，不得外传。"
    drafter = drafting(driver, "市委办关于误填内容的通知", [clean])
    drafter.press("保存", exact=True)
    drafter.sees("已保存。")
    drafter.page.get_by_label("正文*", exact=True).fill(f"机密★1年\n{secret}\n{clean}")
    drafter.press("保存", exact=True)
    drafter.sees("检测到密级标志“机密★1年”，内容没有保存")
    assert clean in body_of(drafter)
    drafter.picture("22-secret-line", full=False)
    assert stored(place.folder, clean)
    assert not stored(place.folder, secret)
    assert set((place.folder / "blobs").rglob("*")) == before


def stored(folder: Path, text: str) -> list[str]:
    """The files and tables of a node that hold a text, as it is or as JSON writes it."""
    wanted = [text, json.dumps(text).strip('"')]
    files = [file for file in folder.rglob("*") if file.is_file()]
    found = [str(f) for f in files if any(one.encode() in f.read_bytes() for one in wanted)]
    server = load(folder, {}).database
    return found + (on_server(server, wanted) if server else [])


def on_server(url: str, wanted: list[str]) -> list[str]:
    """The tables of a server's database with a row that holds one of the texts."""
    import psycopg  # only there where a server is

    found = []
    with psycopg.connect(url) as base:
        tables = base.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        for (table,) in tables.fetchall():
            held = psycopg.sql.SQL("SELECT count(*) FROM {t} AS r WHERE r::text LIKE ANY (%s)")
            likes = [f"%{one}%" for one in (*wanted, wanted[1].replace("\\", "\\\\"))]
            query = held.format(t=psycopg.sql.Identifier(table))
            count = base.execute(query, [likes]).fetchone()
            found += [table] if count and count[0] else []
    return found


def test_an_unknown_recipient_is_named(driver: Driver):
    drafter = drafting(driver, "市委办关于收文单位有误的通知")
    box = drafter.page.locator("input[name=main]:checked").first
    box.evaluate("e => { e.value = '不存在的单位'; }")
    drafter.press("保存", exact=True)
    drafter.sees("主送机关里有不认识的单位：不存在的单位。")
    assert body_of(drafter) == "\n".join(BODY)


def test_a_text_of_10_mb_is_refused_in_words_and_still_there(driver: Driver):
    drafter = drafting(driver, "市委办关于正文过长的通知")
    drafter.page.get_by_label("正文*", exact=True).evaluate(
        "e => { e.value = '长'.repeat(3500000); }"
    )
    drafter.page.set_default_timeout(3 * PATIENCE)
    drafter.press("保存", exact=True)
    drafter.sees("提交的内容太大")
    drafter.page.go_back()
    assert len(body_of(drafter)) == 3_500_000


def test_two_windows_on_one_draft(driver: Driver):
    title = "市委办关于两个窗口的通知"
    first = drafting(driver, title)
    first.press("保存", exact=True)
    first.sees("已保存。")
    second = driver.as_person("林晓梅")
    second.go("发文办理")
    second.page.get_by_role("link", name="草稿").click()
    second.page.get_by_role("link", name=title).first.click()
    second.page.get_by_role("link", name="编辑、送核").click()
    first.page.get_by_label("正文*", exact=True).fill("第一个窗口写的。")
    first.press("保存", exact=True)
    first.sees("已保存。")
    second.page.get_by_label("正文*", exact=True).fill("第二个窗口写的。")
    second.press("保存", exact=True)
    second.sees("您打开之后，此件有新的办理")
    second.sees("第一个窗口写的。")
    second.picture("24-stale", full=False)
    second.press("保留我的内容再改", exact=True)
    assert body_of(second) == "第二个窗口写的。"


def saved_without_an_answer(drafter: Person, text: str) -> tuple[Route, APIResponse]:
    """This text has saved itself, and the browser has not heard of it: how to let it know."""
    page, answers = drafter.page, list[tuple[Route, APIResponse]]()
    page.route("**/autosave", lambda route: answers.append((route, route.fetch())))
    page.get_by_label("正文*", exact=True).fill(text)
    while not answers:
        page.wait_for_timeout(100)
    assert answers[0][1].status == 204
    return answers[0]


def test_who_saves_while_it_is_being_saved_is_not_in_his_own_way(driver: Driver):
    drafter = drafting(driver, "市委办关于自动保存途中的通知")
    page, body = drafter.page, drafter.page.get_by_label("正文*", exact=True)
    route, answer = saved_without_an_answer(drafter, "自动保存已到，答复未到。")
    body.fill("自动保存已到，答复未到，又写了一句。")
    drafter.press("保存并管理附件")
    page.wait_for_timeout(500)
    assert page.url.endswith("/edit")
    route.fulfill(response=answer)
    page.get_by_label("附件名称").wait_for()
    page.get_by_role("link", name="返回编辑").first.click()
    assert body_of(drafter) == "自动保存已到，答复未到，又写了一句。"


def test_who_leaves_while_his_form_waits_is_offered_his_text(driver: Driver):
    drafter = drafting(driver, "市委办关于途中离开的通知")
    page, body = drafter.page, drafter.page.get_by_label("正文*", exact=True)
    saved_without_an_answer(drafter, "自动保存已到。")
    body.fill("自动保存已到，又写了很长一段。")
    drafter.press("保存", exact=True)
    page.wait_for_timeout(500)
    where, again = page.url, page.context.new_page()
    page.close()
    again.goto(where)
    again.locator("[data-kept-take]").click()
    expect(again.get_by_label("正文*", exact=True)).to_have_value("自动保存已到，又写了很长一段。")
    again.close()


def test_an_answer_that_never_comes_holds_nobody_up(driver: Driver):
    drafter = drafting(driver, "市委办关于自动保存没有答复的通知")
    page, asked = drafter.page, []
    page.route("**/autosave", lambda route: asked.append(route))
    page.get_by_label("正文*", exact=True).fill("自动保存没有到。")
    while not asked:
        page.wait_for_timeout(100)
    drafter.press("保存", exact=True)
    drafter.sees("已保存。")
    assert body_of(drafter) == "自动保存没有到。"


def test_a_session_that_ends_in_mid_opinion(driver: Driver):
    title = "市委办关于会话中断的通知"
    under_review(driver, title)
    head = driver.as_person("王芳")
    head.open_task(title)
    head.page.get_by_label("意见", exact=True).fill("写到一半的意见，不能丢。")
    head.page.context.clear_cookies()
    head.press("同意，送办公室核稿")
    head.sees("请先登录")
    head.picture("25-signed-out", full=False)
    head.page.get_by_role("link", name="去登录").click()
    head.choose_oneself()
    expect(head.page.get_by_role("heading", level=1)).to_contain_text(title)
    opinion = head.page.get_by_label("意见", exact=True)
    assert opinion.input_value() == "写到一半的意见，不能丢。"
    head.press("同意，送办公室核稿")
    head.sees("已办理，下一步")


def test_what_was_typed_waits_for_its_form_whatever_page_comes_first(driver: Driver):
    title = "市委办关于绕路返回的通知"
    under_review(driver, title)
    head = driver.as_person("王芳")
    head.open_task(title)
    opinion = head.page.get_by_label("意见", exact=True)
    opinion.fill("绕了一圈也不能丢。")
    head.page.context.clear_cookies()
    head.press("同意，送办公室核稿")
    head.page.get_by_role("link", name="回到工作台").click()
    head.choose_oneself()
    head.open_task(title)
    expect(opinion).to_have_value("绕了一圈也不能丢。")


def test_what_somebody_typed_does_not_stand_in_the_form_of_who_signs_in_after_him(driver: Driver):
    first, place = driver.as_person("王芳"), driver.place.url
    first.page.goto(f"{place}/feedback/new")
    box = first.page.locator("textarea[name=text]")
    box.fill("本办内部的话。")
    first.page.context.clear_cookies()
    first.press("提交")
    first.page.get_by_role("link", name="去登录").click()
    second = Person(driver, "刘志强", first.page)
    second.choose_oneself()
    expect(first.page).to_have_url(f"{place}/feedback/new")
    expect(box).to_have_value("")
    second.page.context.clear_cookies()
    second.page.goto(f"{place}/login?next=/feedback/new")
    first.choose_oneself()
    expect(box).to_have_value("本办内部的话。")


def test_a_session_that_ends_while_a_text_is_written(driver: Driver):
    drafter = drafting(driver, "市委办关于写作中断的通知")
    drafter.page.context.clear_cookies()
    drafter.press("保存", exact=True)
    drafter.page.get_by_role("link", name="去登录").click()
    drafter.choose_oneself()
    assert body_of(drafter) == "\n".join(BODY)
    drafter.press("保存", exact=True)
    drafter.sees("已保存。")
    assert body_of(drafter) == "\n".join(BODY)


def test_a_double_click_submits_once(driver: Driver):
    title = "市委办关于双击提交的通知"
    drafter = drafting(driver, title)
    drafter.page.get_by_role("button", name="保存并送核").dblclick()
    drafter.sees("已送核")
    drafter.page.get_by_role("link", name="流程").click()
    expect(drafter.page.locator(".timeline__i.is-done")).to_have_count(1)


def test_back_after_signing_says_that_it_is_done(driver: Driver, letter: str):
    clerk = driver.as_person("陈静")
    clerk.sign_for(letter)
    clerk.page.go_back()
    clerk.page.wait_for_load_state()
    clerk.picture("26-back-after-signing", full=False)
    # The result is shown instead: there is nothing to sign a second time.
    expect(clerk.page.locator("input[name=nonce]")).to_have_count(0)


def test_reading_and_signing_for_work_without_scripts(driver: Driver, letter: str):
    clerk = driver.as_person("马丽", java_script_enabled=False)
    clerk.open_task(letter)
    clerk.page.get_by_role("link", name="文本视图").click()
    clerk.sees(BODY[1])
    clerk.sign_for(letter)


def test_who_goes_back_before_signing_finds_what_he_typed(driver: Driver, letter: str):
    clerk = driver.as_person("刘志强")
    clerk.open_task(letter)
    clerk.page.locator("summary", has_text="退回").click()
    kind = clerk.page.get_by_label("退回原因")
    kind.select_option(index=2)
    chosen = kind.input_value()
    clerk.page.get_by_label("具体说明").fill("第二页缺附件，不能丢。")
    clerk.press("退回来文单位")
    clerk.page.get_by_role("link", name="返回，先不签名").click()
    expect(clerk.page.get_by_label("具体说明")).to_be_visible()
    assert clerk.page.get_by_label("具体说明").input_value() == "第二页缺附件，不能丢。"
    assert kind.input_value() == chosen
    clerk.picture("27-back-before-signing", full=False)


def test_signing_for_with_the_keyboard_alone(driver: Driver, letter: str):
    clerk = driver.as_person("刘志强")
    clerk.page.locator(".topbar .brand").focus()
    for label in (letter, "签收", "签名并提交"):
        press_by_keyboard(clerk, label)
    clerk.wait_while("正在登记回执")
    clerk.sees("签收。")


def press_by_keyboard(person: Person, label: str) -> None:
    """Tab to what is named so, and press Enter."""
    for _ in range(60):
        person.page.keyboard.press("Tab")
        if person.page.evaluate("document.activeElement.textContent.trim()") == label:
            break
    shown = person.page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert shown == "solid", f"nobody sees that {label} has the focus"
    with person.page.expect_navigation():
        person.page.keyboard.press("Enter")


@pytest.mark.parametrize(
    ("width", "scale", "large"), [(320, 1, False), (720, 2, False), (320, 1, True)]
)
def test_no_page_scrolls_sideways(driver: Driver, letter: str, width: int, scale: int, large: bool):
    """320 px; 1440 px at 200 % zoom; large text."""
    size = {"viewport": {"width": width, "height": 800}, "device_scale_factor": scale}
    clerk, sender = driver.as_person("马丽", **size), driver.as_person("孙倩", **size)
    for person in (clerk, sender):
        if large:
            person.press("大字")
        assert person.page.evaluate(MEASURE) <= 0, "home"
    for person, place in ((clerk, "exchange/inbox"), (sender, "documents/out?tab=sent")):
        person.page.goto(f"{driver.place.url}/{place}")
        assert person.page.evaluate(MEASURE) <= 0, place
        person.page.get_by_role("link", name=letter).first.click()
        person.sees("校验通过")
        assert person.page.evaluate(MEASURE) <= 0, f"from {place}"
        person.picture(f"27-{place[:9].replace('/', '-')}-{width}-{large}", full=False, sizes=())
