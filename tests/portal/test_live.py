"""Pages that change by themselves, in a real browser; and the stream cut under them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route, expect

from kernel.acts import outbox
from kernel.acts.models import NoticeWish
from kernel.exchange.models import Delivery
from kernel.exchange.urging import urge
from kernel.identity import sessions
from kernel.storage.database import transaction
from kernel.testing_office import Office
from tests.exchange.after import sender_does
from tests.exchange.conftest import _offices, later  # noqa: F401  # fixtures
from tests.exchange.notice import GEDU, GFIN, delivery, package, signed_for
from tests.portal.driver import Driver, Person
from tests.portal.node import Place, free_port, pictures_folder, started

pytestmark = pytest.mark.needs("chromium")


class Portal:
    """The portal of an office in a process that can be stopped and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._running = ExitStack()

    def start(self) -> Place:
        outbox.handlers().worker = True
        return self._running.enter_context(started(self.folder, "serve", port=self.port))

    def stop(self) -> None:
        self._running.close()
        outbox.handlers().worker = False


@pytest.fixture
def portal(office: Office, office_folder: Path) -> Iterator[Portal]:
    outbox.drain()
    found = Portal(office_folder)
    yield found
    found.stop()


@pytest.fixture
def people(portal: Portal, browser: Browser) -> Iterator[Driver]:
    found = Driver(portal.start(), browser, pictures_folder())
    yield found
    found.close()


def bell(person: Person, unread: int, patience: int = 10_000) -> None:
    """The bell says so many, in words and beside it."""
    words = person.page.locator("[data-live-words]")
    expect(words).to_have_text(f"消息，{unread} 条未读", timeout=patience)
    badge = person.page.locator("[data-live] .badge")
    if unread:
        expect(badge).to_have_text(str(unread))
    else:
        expect(badge).to_be_hidden()


def live(person: Person) -> None:
    expect(person.page.locator("html")).to_have_class("js live-up", timeout=10_000)


def test_the_bell_rings_without_a_reload_and_names_nothing(people: Driver, office: Office):
    with transaction():
        NoticeWish.create(person=office.post("刘志强").person.uid, popup=True, quiet=False)
    clerk = people.as_person("刘志强")
    live(clerk)
    bell(clerk, 1)
    clerk.page.evaluate("window.here = true")
    sender_does(office, urge, units=[GFIN])
    bell(clerk, 2)
    toast = clerk.page.locator("[data-live-toast]")
    expect(toast).to_be_visible()
    assert "您有 1 条新消息。" in toast.inner_text()
    assert package().title not in toast.inner_text()
    expect(clerk.page.locator("[data-live-say]")).to_have_text("您有 1 条新消息。")
    clerk.picture("60-toast", full=False)
    clerk.page.locator(".topbar .brand").focus()
    toast.get_by_role("button", name="关闭提醒").click()
    expect(toast).to_be_hidden()
    expect(clerk.page.locator(".topbar .brand")).to_be_focused()
    assert clerk.page.evaluate("window.here") is True
    clerk.page.locator("[data-live]").click()
    clerk.sees("发文单位催办，请尽快签收")
    clerk.picture("61-notices")
    clerk.press("全部标为已读")
    bell(clerk, 0)
    clerk.picture("62-no-notices")
    clerk.page.get_by_role("link", name="提醒设置").click()
    clerk.picture("63-reminders")
    people.check()


def test_the_receipts_change_with_the_stream_and_ask_by_the_clock_when_it_is_cut(
    people: Driver, portal: Portal, office: Office
):
    sender = people.as_person("孙倩")
    sender.page.goto(f"{people.place.url}/exchange/outbox/{package().uid}")
    live(sender)
    sender.sees("有签收即更新")
    asked: list[str] = []
    sender.page.on("request", lambda one: asked.append(one.url))
    signed_for(office, GFIN)
    sender.sees("1 / 7 已签收")
    fragments = [one for one in asked if f"/exchange/outbox/{package().uid}" in one]
    assert len(fragments) <= 2  # by the stream, not by the clock
    sender.sees("6 家可以撤回，1 家可以申请")
    row = sender.page.get_by_role("row").filter(has_text="张掖市财政局")
    expect(row).to_contain_text("刘志强")
    sender.picture("64-receipts-live", full=False)

    portal.stop()
    expect(sender.page.locator("html")).to_have_class("js live-cut", timeout=15_000)
    sender.sees("与服务器的连接断了")
    expect(sender.page.locator("[data-when-cut]")).to_be_hidden()
    sender.picture("65-receipts-cut", full=False)
    signed_for(office, GEDU)
    portal.start()
    sender.sees("2 / 7 已签收")
    live(sender)
    bell(sender, 0)


def test_the_receipts_change_around_what_a_person_is_typing(people: Driver, office: Office):
    sender = people.as_person("孙倩")
    sender.page.goto(f"{people.place.url}/exchange/outbox/{package().uid}?state=waiting")
    live(sender)
    field = sender.page.locator("#lq")
    field.fill("财政")
    told = sender.page.locator("#receipts-squares [role=status]")
    told.evaluate("(line) => { line.mine = true; }")
    signed_for(office, GFIN)
    expect(told).to_have_text("1 / 7 已签收")
    assert told.evaluate("(line) => line.mine"), "another line is not read out"
    expect(field).to_be_focused()
    expect(field).to_have_value("财政")
    rows = sender.page.locator("tbody [role=row]")
    expect(rows).to_have_count(6)  # those who have still to sign, as the page was asked for
    sender.page.get_by_role("link", name="修改签收时限").focus()
    signed_for(office, GEDU)
    expect(rows).to_have_count(5)
    expect(field).to_have_value("财政")
    expect(sender.page.get_by_role("link", name="修改签收时限")).to_be_focused()
    expect(sender.page.locator("#receipts-deeds")).to_contain_text("5 家未签收")
    people.check()


@pytest.mark.parametrize("status", [401, 404, 409, 503])
def test_an_answer_that_is_an_error_leaves_the_receipts_and_they_go_on(
    people: Driver, office: Office, status: int
):
    sender = people.as_person("孙倩")
    page, where = sender.page, f"/exchange/outbox/{package().uid}"
    page.goto(f"{people.place.url}{where}")
    live(sender)
    asked: list[str] = []

    def refuse(route: Route) -> None:
        asked.append(route.request.url)
        route.fulfill(status=status, content_type="text/html", body="<h1>没有找到</h1>")

    page.route(f"**{where}", refuse)
    with page.expect_response(lambda answer: answer.url.endswith(where)):
        signed_for(office, GFIN)
    page.wait_for_timeout(500)
    column = page.locator("#receipts-live")
    expect(column).to_contain_text("0 / 7 已签收")
    expect(page.locator("h1")).to_have_count(1)
    page.unroute(f"**{where}")
    signed_for(office, GEDU)
    sender.sees("2 / 7 已签收")
    assert len(asked) == 1


def test_who_goes_back_before_recalling_finds_the_units_and_the_reason(people: Driver):
    sender = people.as_person("孙倩")
    page = sender.page
    page.goto(f"{people.place.url}/exchange/outbox/{package().uid}/recall")
    reason = page.locator("form[data-once] textarea, form[data-once] input[type=text]").first
    sender.pick("撤回单位", ["张掖市财政局"])
    reason.fill("附件有误。")
    page.locator(".submitbar button").click()
    sender.sees("只向所选单位撤回：市财政局。")
    page.get_by_role("link", name="返回，先不签名").click()
    sender.sees("已放回您先前写了没有提交的内容。")
    picker = page.get_by_role("group", name="撤回单位")
    expect(reason).to_have_value("附件有误。")
    expect(picker.get_by_role("button", name="移除：张掖市财政局")).to_be_visible()
    expect(picker.get_by_role("status").first).to_contain_text("已选 1 项")
    assert "请重新选择" not in page.locator(".refilled").inner_text()
    sender.picture("67-recall-refilled", full=False)
    # What is no longer there to be ticked is said, and is not a recall from everybody unseen.
    page.evaluate(
        """() => addEventListener('pagehide', () => {
          const kept = JSON.parse(sessionStorage.juyan);
          Object.keys(kept[0].ticks).forEach((name) => kept[0].ticks[name].push('gone'));
          sessionStorage.juyan = JSON.stringify(kept);
        })"""
    )
    page.reload()
    expect(page.locator(".refilled")).to_contain_text("请重新选择：撤回单位")
    expect(picker.get_by_role("status").first).to_contain_text("已选 1 项")
    sender.press("不要了")
    expect(reason).to_have_value("")
    expect(picker.get_by_role("status").first).to_contain_text("已选 0 项")
    people.check()


def test_after_a_refusal_stands_what_the_server_has_drawn(people: Driver):
    sender = people.as_person("孙倩")
    page, where = sender.page, f"{people.place.url}/exchange/outbox/{package().uid}/recall"
    page.goto(where)
    reason = page.locator("form[data-once] textarea").first
    sender.pick("撤回单位", ["张掖市财政局"])
    reason.fill("长" * 501)
    page.locator(".submitbar button").click()
    expect(page.locator(".summary")).to_be_visible()
    assert page.locator(".refilled").count() == 0
    assert page.evaluate("sessionStorage.getItem('juyan')") is None
    page.goto(where)
    expect(page.locator(".refilled")).to_be_visible()
    expect(reason).to_have_value("长" * 501)
    expect(page.locator(".picker__state")).to_contain_text("已选 1 项")


def test_a_page_that_says_it_is_being_recorded_comes_anew_when_it_is(
    people: Driver, office: Office
):
    def claimed(what: str) -> None:
        with transaction():
            Delivery.update(claim=what).where(Delivery.organ == GFIN).execute()

    claimed("sign_for")
    clerk = people.as_person("刘志强")
    clerk.page.goto(f"{people.place.url}/exchange/inbox/{delivery(GFIN).uid}")
    clerk.sees("登记好后本页自动更新。")
    assert clerk.page.get_by_text("请稍候刷新本页").count() == 0
    claimed("")
    expect(clerk.page.get_by_role("button", name="签收", exact=True)).to_be_visible(timeout=10_000)
    people.check()


def test_a_bell_that_was_cut_off_is_right_again(people: Driver, portal: Portal, office: Office):
    clerk = people.as_person("刘志强")
    live(clerk)
    bell(clerk, 1)
    portal.stop()
    expect(clerk.page.locator("html")).to_have_class("js live-cut", timeout=15_000)
    sender_does(office, urge, units=[GFIN])
    portal.start()
    bell(clerk, 2, 45_000)


def test_where_only_the_stream_is_refused_the_page_asks_by_itself(people: Driver, office: Office):
    clerk = people.as_person("刘志强")
    is_stream = "text/event-stream"

    clerk.page.route(
        "**/events?*",
        lambda route: (
            route.abort()
            if is_stream in route.request.headers.get("accept", "")
            else route.continue_()
        ),
    )
    clerk.page.reload()
    expect(clerk.page.locator("html")).to_have_class("js live-cut", timeout=15_000)
    sender_does(office, urge, units=[GFIN])
    bell(clerk, 2, 30_000)


def test_a_session_that_ends_says_so_on_the_open_page(people: Driver, office: Office):
    clerk = people.as_person("刘志强")
    live(clerk)
    with transaction():
        sessions.end_all(office.post("刘志强").person.uid)
    clerk.sees("登录已超时。重新登录后继续，已填内容不会丢失。")
    clerk.picture("66-session-over", full=False)
    clerk.page.get_by_role("link", name="重新登录").click()
    expect(clerk.page).to_have_url(f"{people.place.url}/login?next=%2F")


def test_without_a_script_the_bell_is_right_when_the_page_loads(people: Driver, office: Office):
    clerk = people.as_person("刘志强", java_script_enabled=False)
    bell(clerk, 1)
    sender_does(office, urge, units=[GFIN])
    outbox.drain()
    clerk.page.reload()
    bell(clerk, 2)
