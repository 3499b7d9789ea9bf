"""People at the portal in a real browser: each step is what a person does, by what he sees.

::

    with demo(folder) as address, chromium() as browser:
        drafter = Clerk.sign_in(browser, address, "林晓梅")
        title = drafter.write(notice())
        ...

Used by the browser tests and by the tour that makes the pictures of the README.
"""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Locator, Page, sync_playwright

from kernel import testing_parts
from kernel.reference import ZHANGYE
from kernel.settings import ROOT

DESK, PHONE = (1440, 900), (390, 844)
ARGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]
PATIENCE = 90.0


def notice() -> dict[str, Any]:
    """The founding notice as data."""
    found: dict[str, Any] = json.loads((ZHANGYE / "notice.json").read_text("utf-8"))
    return found


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


def _answers(address: str) -> bool:
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=1) as got:  # noqa: S310  # our own
            return bool(got.status == 200)
    except OSError:
        return False


@contextmanager
def demo(instance: Path) -> Iterator[str]:
    """``manage.py demo`` on a folder of its own, in a process of its own; gives its address."""
    port = _free_port()
    command = [sys.executable, str(ROOT / "manage.py"), "--instance", str(instance), "demo"]
    said = instance.parent / f"{instance.name}.log"
    with said.open("wb") as log:
        node = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log)
        try:
            address, end = f"http://localhost:{port}", time.monotonic() + PATIENCE
            while not _answers(address):
                if node.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the demo did not start:\n{said.read_text('utf-8')}")
                time.sleep(0.2)
            yield address
        finally:
            node.terminate()
            node.wait(timeout=30)


@contextmanager
def chromium() -> Iterator[Browser]:
    """The Chromium of this machine."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=testing_parts.find("chromium"), args=ARGS)
        yield browser
        browser.close()


class Clerk:
    """One person at one browser.

    :ivar said: what the browser had to complain about; a test wants it empty.
    """

    def __init__(self, browser: Browser, address: str, size: tuple[int, int] = DESK) -> None:
        viewport: Any = {"width": size[0], "height": size[1]}
        self.page: Page = browser.new_page(viewport=viewport, locale="zh-CN")
        self.address = address
        self.said: list[str] = []
        self.page.set_default_timeout(20_000)
        self.page.on("console", lambda message: self._note(message.type, message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))

    def _note(self, kind: str, text: str) -> None:
        if kind in ("error", "warning"):
            self.said.append(text)

    @classmethod
    def sign_in(
        cls, browser: Browser, address: str, who: str, size: tuple[int, int] = DESK
    ) -> Clerk:
        """A new browser, signed in as the first person that the search for ``who`` finds."""
        clerk = cls(browser, address, size)
        clerk.go(f"/login?q={who}")
        clerk.page.locator("button.people__b").first.click()
        return clerk

    def go(self, path: str) -> None:
        """Open an address of the portal."""
        self.page.goto(f"{self.address}{path}")

    @property
    def path(self) -> str:
        """Where he is."""
        return self.page.url.removeprefix(self.address)

    @property
    def text(self) -> str:
        """What the page says."""
        return self.page.locator("main").inner_text()

    def button(self, label: str) -> Locator:
        """The button or link of the work area whose words begin like this."""
        words = re.compile(rf"^\s*{re.escape(label)}")
        main = self.page.locator("main")
        buttons = main.get_by_role("button", name=words)
        return buttons.or_(main.get_by_role("link", name=words)).first

    def press(self, label: str) -> None:
        """Press it, and wait for the page that follows."""
        self.button(label).click()
        self.page.wait_for_load_state()

    def open_task(self, title: str) -> None:
        """Find what has to be done in the task centre and open it."""
        self.go("/tasks")
        self.page.get_by_role("link", name=title).first.click()
        self.page.wait_for_load_state()

    def sign(self) -> None:
        """Sign what the page shows."""
        self.press("签名并提交")

    def begin(self, type_: str = "通知") -> None:
        """Begin a document of this type; the editor is open then."""
        self.go("/documents/out/new")
        self.page.get_by_role("radio", name=type_, exact=True).check()
        self.press("开始起草")

    def choose(self, field: str, names: list[str]) -> None:
        """Choose units or groups in a picker, by its search box."""
        for name in names:
            self.page.fill(f"#{field}-find", name)
            exact = re.compile(rf"^\s*{re.escape(name)}\s*$")
            leaves = self.page.locator(f"#{field} .picker__leaves label:visible")
            leaf = leaves.filter(has_text=exact)
            (leaf if leaf.count() else leaves).first.locator("input").check()
        self.page.fill(f"#{field}-find", "")

    def fill_in(self, document: dict[str, Any]) -> None:
        """Write a document into the editor, and wait for its preview."""
        self.page.fill("#title", document["title"])
        self.page.select_option("#disclosure", document.get("disclosure") or "主动公开")
        self.choose("main", document["main"])
        self.page.fill("#main_text", document.get("main_text", ""))
        self.choose("cc", document.get("cc", []))
        with self.page.expect_response("**/preview"):
            self.page.fill("#body", "\n".join(document["body"]))
        self.page.wait_for_load_state("networkidle")

    def attach(self, kind: str, **values: str) -> None:
        """Add an attachment on the page of attachments (``units``, ``form``, ``text``, ``table``)."""
        self.page.select_option("#kind", kind)
        for name, value in values.items():
            field = self.page.locator(f"#{name}")
            if field.evaluate("e => e.tagName") == "SELECT":
                field.select_option(value)
            else:
                field.fill(value)
        self.press("添加")

    def agree(self, title: str, phrase: str, button: str) -> None:
        """Open the task, choose a usual sentence as the opinion, and press the button."""
        self.open_task(title)
        self.page.locator(f"[data-phrase='{phrase}']").click()
        self.press(button)

    def wait_for(self, words: str) -> None:
        """Reload until the page says so: the node works on what was signed."""
        end = time.monotonic() + 30
        while words not in self.text:
            if time.monotonic() > end:
                raise AssertionError(f"{self.path} does not say {words!r}:\n{self.text}")
            time.sleep(0.3)
            self.page.reload()

    def open_delivery(self, title: str) -> None:
        """Open what came in under this title."""
        self.go("/exchange/inbox")
        self.page.get_by_role("link", name=title).first.click()
        self.page.wait_for_load_state()

    def sign_for(self, title: str) -> None:
        """Sign for a delivery."""
        self.open_delivery(title)
        self.press("签收")
        self.sign()

    def send_back(self, title: str, kind: str, reason: str) -> None:
        """Send a delivery back, with the reason."""
        self.open_delivery(title)
        self.page.locator("summary", has_text="退回").click()
        self.page.locator("details [name=kind]").select_option(kind)
        self.page.locator("details [name=reason]").fill(reason)
        self.press("退回来文单位")
        self.sign()

    def picture(self, file: Path) -> None:
        """Keep what the window shows."""
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("document.fonts.ready")
        self.page.screenshot(path=file)
