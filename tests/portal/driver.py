"""A browser in the hands of the people of the demo: what they click and type, and what they see.

A :class:`Driver` at a node (:func:`tests.portal.node.office`) and in a browser gives
each person a browser context of his own; his :class:`Person` has the steps of the main job as
functions, each done with visible things only: labels, links, buttons. Whatever a page says to the
console, and every answer of the server that is a defect, ends the test (:meth:`Driver.check`).

With ``JUYAN_PICTURES`` set, :meth:`Person.picture` keeps screenshots in that folder.
"""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, ConsoleMessage, Page, Response, expect

from tests.portal.node import Place

SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
PATIENCE = 60_000
"""Milliseconds that a page may take on a busy machine; sealing needs a second or two."""
expect.set_options(timeout=PATIENCE)


@dataclass
class Driver:
    """The people at a node, each in a browser context of his own.

    :ivar trouble: what consoles said and which answers were defects; refusals that a test asks
        for are not among them.
    """

    place: Place
    browser: Browser
    pictures: Path | None = None
    trouble: list[str] = field(default_factory=list)
    _people: list[Person] = field(default_factory=list)

    def as_person(self, name: str, size: str = "desktop", **options: Any) -> Person:
        """A person who just signed in and sees the home page.

        :param options: of the browser context (``java_script_enabled``, ``viewport`` …).
        """
        person = Person(self, name, self._page(size, **options))
        self._people.append(person)
        person.sign_in()
        return person

    def _page(self, size: str, **options: Any) -> Page:
        width, height = SIZES[size]
        viewport = {"viewport": {"width": width, "height": height}, "locale": "zh-CN"}
        page = self.browser.new_context(**{**viewport, **options}).new_page()
        page.set_default_timeout(PATIENCE)
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.trouble.append(f"script: {error}"))
        page.on("response", self._answered)
        return page

    def _said(self, message: ConsoleMessage) -> None:
        # The browser notes every refused request there; which refusals are right, the tests say.
        if not re.match(r"Failed to load resource: .* status of 4\d\d", message.text):
            self.trouble.append(f"console: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 500:
            self.trouble.append(f"{response.status} {response.url}")

    def check(self) -> None:
        """Nothing was said to a console, and no answer was a defect."""
        assert self.trouble == [], "\n".join(self.trouble)

    def close(self) -> None:
        """Everybody goes home."""
        for person in self._people:
            person.page.context.close()
        self._people.clear()


@dataclass
class Person:
    """Somebody at his browser."""

    driver: Driver
    name: str
    page: Page

    def sign_in(self) -> None:
        """Find oneself on the login page of the demo."""
        self.page.goto(f"{self.driver.place.url}/login")
        self.choose_oneself()

    def choose_oneself(self) -> None:
        """On the login page: search for the name and press its button."""
        self.page.get_by_label("查找人员或单位").fill(self.name)
        self.page.get_by_role("button", name="查找").click()
        with self.page.expect_navigation():
            self.page.get_by_role("button", name=self.name).first.click()

    def picture(self, name: str, *, full: bool = True, sizes: Sequence[str] = tuple(SIZES)) -> None:
        """Screenshots of this page in both sizes, if anybody wants them."""
        folder = self.driver.pictures
        if folder is None:
            return
        before = self.page.viewport_size
        for size in sizes:
            width, height = SIZES[size]
            self.page.set_viewport_size({"width": width, "height": height})
            self.page.wait_for_timeout(150)
            path = folder / f"{name}-{width}x{height}.png"
            self.page.screenshot(path=path, full_page=full and size == "desktop")
        if before:
            self.page.set_viewport_size(before)

    def go(self, label: str) -> None:
        """Take a link of the main navigation."""
        self.page.get_by_role("navigation", name="主导航").get_by_role("link", name=label).click()

    def open_task(self, title: str) -> None:
        """Home, then the task with this title."""
        self.page.locator(".topbar .brand").click()
        # In the list of a clerk as on the cards of a leader.
        self.page.locator("main a.task", has_text=title).first.click()
        expect(self.page.get_by_role("heading", level=1)).to_contain_text(title)

    def press(self, label: str, *, exact: bool = False) -> None:
        """Press the button of this name."""
        self.page.get_by_role("button", name=label, exact=exact).click()

    def sees(self, *texts: str) -> None:
        """Each text stands visibly on the page."""
        for text in texts:
            expect(self.page.get_by_text(text).locator("visible=true").first).to_be_visible(
                timeout=PATIENCE
            )

    def confirm(self) -> None:
        """On the page before signing: sign, and wait for the page that follows."""
        self.press("签名并提交")
        # A security key is asked by a script: the press itself leads nowhere yet.
        self.page.wait_for_url(lambda address: "/acts/confirm" not in address)

    # The steps of the main job.

    def begin(self, kind: str = "通知") -> None:
        """Home → 起草公文 → the type → the editor."""
        self.page.get_by_role("link", name="起草公文").click()
        self.page.get_by_label(kind, exact=True).check()
        self.press("开始起草")
        self.page.get_by_label("标题*", exact=True).wait_for()

    def write(self, data: Mapping[str, Any]) -> None:
        """Fill in the editor: title, recipients by group and by unit, text, copies, publicity."""
        page = self.page
        page.get_by_label("标题*", exact=True).fill(data["title"])
        self.pick("主送机关", data["main"])
        if data.get("main_text"):
            page.get_by_label("主送机关的写法").fill(data["main_text"])
        page.get_by_label("正文*", exact=True).fill("\n".join(data["body"]))
        self.pick("抄送机关", data.get("cc", ()))
        page.get_by_label("公开属性").select_option(data.get("disclosure") or "依申请公开")

    def pick(self, label: str, names: Sequence[str]) -> None:
        """Find each recipient in a picker and tick it."""
        picker = self.page.get_by_role("group", name=label)
        find = picker.get_by_label("查找单位")
        for name in names:
            find.fill(name)
            # The whole tree comes with the first search.
            expect(picker.locator("[data-part]")).to_have_count(0)
            # A unit may be found by its short name; its box carries the full one.
            exact = picker.get_by_label(name, exact=True)
            box = exact if exact.count() else picker.locator(".picker__leaf input:visible")
            box.first.check()
        find.fill("")

    def attach_units(self, title: str, scope: str) -> None:
        """On the page of attachments: a list of units, made from the data."""
        self._attach("单位名单（自动生成）", title)
        self.page.get_by_label("名单范围").select_option(scope)
        self.press("添加")
        self.sees(f"已添加附件：{title}")

    def attach_form(self, title: str) -> None:
        """On the page of attachments: a blank form."""
        self._attach("空白表样", "")
        self.page.get_by_label("表样", exact=True).select_option(title)
        self.press("添加")
        self.sees(f"已添加附件：{title}")

    def _attach(self, kind: str, title: str) -> None:
        self.page.get_by_label("类型").select_option(kind)
        name = self.page.get_by_label("附件名称")
        if title or name.is_visible():
            name.fill(title)

    def draft_notice(self, data: Mapping[str, Any]) -> None:
        """Begin and write a document with its attachments: lists of units and blank forms."""
        self.begin(data.get("type", "通知"))
        self.write(data)
        if data.get("attachment_note"):
            self.press("保存并管理附件")
            for title in data["attachment_note"]:
                if title.endswith("单位名单"):
                    self.attach_units(title, "第1阶段接入单位")
                else:
                    self.attach_form(title)
            self.page.get_by_role("link", name="返回编辑").first.click()

    def submit(self) -> None:
        """From the editor to the section head."""
        self.press("保存并送核")
        self.sees("已送核")

    def review(self, title: str, opinion: str, label: str) -> None:
        """Section or office review: open the task, give an opinion, pass it on."""
        self.open_task(title)
        self.page.get_by_label("意见", exact=True).fill(opinion)
        self.press(label)
        self.sees("已办理，下一步")

    def sign_off(self, title: str, opinion: str) -> None:
        """Sign off: open the task, give an opinion, sign."""
        self.open_task(title)
        self.page.get_by_label("意见", exact=True).fill(opinion)
        self.press("签发")
        self.confirm()
        self.sees("“签发”已完成")

    def number(self, title: str) -> str:
        """Take the next number and sign; the number."""
        self.open_task(title)
        self.page.get_by_role("button", name=re.compile("编号：")).click()
        self.confirm()
        self.sees("已完成")
        found = re.search(r"\S+〔\d{4}〕\d+号", self.page.locator(".pagehead").inner_text())
        assert found is not None
        return found[0]

    def typeset(self) -> None:
        """On the page of the document: look at the pages, declare so, make the final file."""
        self.page.get_by_label("已核对文字、格式和页面").check()
        self.press("生成版式文件，送用印")
        self.sees("已办理，下一步")

    def seal(self, title: str) -> None:
        """Apply the seal, and wait for the signer."""
        self.open_task(title)
        self.press("核对并用印")
        self.confirm()
        self.wait_while("正在用印")

    def dispatch(self, title: str) -> None:
        """Look at the recipients, sign, and wait until it is in every box."""
        self.open_task(title)
        self.press("核对名单并分发")
        self.confirm()
        self.wait_while("正在封装和投递")
        self.sees("已发往")

    def sign_for(self, title: str) -> None:
        """As a clerk: open what came in, look whether it is genuine, sign for it."""
        self.open_task(title)
        self.sees("校验通过")
        self.page.get_by_role("button", name="签收", exact=True).click()
        self.confirm()
        self.wait_while("正在登记回执")
        self.sees("签收。")

    def send_back(self, title: str, kind: str, reason: str) -> None:
        """As a clerk: open what came in and send it back with a reason."""
        self.open_task(title)
        self.page.locator("summary", has_text="退回").click()
        self.page.get_by_label("退回原因").select_option(kind)
        self.page.get_by_label("具体说明").fill(reason)
        self.press("退回来文单位")
        self.confirm()
        self.wait_while("正在登记回执")
        self.sees("已退回：")

    def receipts(self, title: str) -> None:
        """As the sender: 发文回执, then the document."""
        self.go("发文回执")
        self.page.get_by_role("link", name=title).first.click()
        self.sees("已签收")

    def wait_while(self, text: str, seconds: float = 60) -> None:
        """Reload the page, as it asks for, while it says that something is going on."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self.page.wait_for_load_state()
            if not self.page.get_by_text(text).count():
                return
            self.page.wait_for_timeout(300)
            self.page.reload()
        raise AssertionError(f"{self.name} still sees {text!r}")
