"""Makes the pictures of the README: the main job, done by its people in a real browser.

    .venv/bin/python -m tests.portal.tour [FOLDER]

It founds a throw-away demonstration node; nothing of it stays but the pictures.
"""

from __future__ import annotations

import re
import sys
import tempfile
from pathlib import Path

from kernel.settings import ROOT
from tests.portal.driver import SIZES, Driver, Person
from tests.portal.node import chromium, notice, office

PICTURES = ROOT / "docs" / "pictures"
OTHERS = ("叶国华", "姜春", "曾建", "顾淑琴", "廖卫波", "朱成辉", "韩永英")
"""Clerks of further units that sign for the notice, so that the receipts have something to show."""


class Tour:
    """The people of the notice, one after the other."""

    def __init__(self, driver: Driver, folder: Path) -> None:
        self.driver, self.folder = driver, folder
        self.notice = notice()
        self.title: str = self.notice["title"]

    def person(self, name: str, size: str = "desktop") -> Person:
        """Sign somebody in."""
        print(f"  {name}", flush=True)
        return self.driver.as_person(name, size)

    def keep(self, person: Person, name: str) -> None:
        """Keep what the window shows."""
        person.page.wait_for_load_state("networkidle")
        person.page.wait_for_timeout(200)
        person.page.screenshot(path=self.folder / f"{name}.png")

    def run(self) -> None:
        """From the login page to the receipts."""
        self.draft()
        self.approve()
        self.issue()
        self.receive()
        self.look()

    def draft(self) -> None:
        """林晓梅 chooses herself on the login page, writes the notice and submits it."""
        drafter = self.person("林晓梅")
        visitor = self.driver.browser.new_page(locale="zh-CN")
        width, height = SIZES["desktop"]
        visitor.set_viewport_size({"width": width, "height": height})
        visitor.goto(f"{self.driver.place.url}/login")
        visitor.screenshot(path=self.folder / "login.png")
        visitor.close()
        drafter.draft_notice(self.notice)
        drafter.page.get_by_label("标题*", exact=True).wait_for()
        self.keep(drafter, "editor")
        drafter.submit()

    def approve(self) -> None:
        """Two reviews and the sign-off."""
        self.person("王芳").review(self.title, "同意，请办公室核稿。", "同意，送办公室核稿")
        director = self.person("李建国")
        director.review(self.title, "内容、格式符合要求，请审签。", "同意，送领导签发")
        leader = self.person("周海涛")
        self.keep(leader, "home")
        leader.open_task(self.title)
        leader.page.get_by_label("意见", exact=True).fill("同意印发。")
        self.keep(leader, "document")
        leader.press("签发")
        leader.page.get_by_role("button", name="签名并提交").wait_for()
        self.keep(leader, "confirm")
        leader.confirm()
        leader.sees("“签发”已完成")

    def issue(self) -> None:
        """Number, final pages, seal, dispatch."""
        clerk, keeper = self.person("孙倩"), self.person("赵敏华")
        clerk.number(self.title)
        clerk.typeset()
        keeper.open_task(self.title)
        hint = re.search(r"盖在第 (\d+) 页", keeper.page.locator("main").inner_text())
        assert hint is not None
        keeper.seal(self.title)
        clerk.dispatch(self.title)
        keeper.page.get_by_role("link", name="正文").first.click()
        keeper.sees("校验通过")
        signed = keeper.page.locator("main img").nth(int(hint[1]) - 1)
        signed.scroll_into_view_if_needed()
        signed.evaluate("image => image.decode()")
        signed.evaluate("image => image.scrollIntoView({block: 'center'})")
        self.keep(keeper, "sealed")

    def receive(self) -> None:
        """Some units sign for it, one sends it back."""
        finance = self.person("刘志强")
        finance.go("收文签收")
        self.keep(finance, "inbox")
        finance.page.get_by_role("link", name=self.title).first.click()
        finance.sees("校验通过")
        self.keep(finance, "delivery")
        finance.sign_for(self.title)
        self.keep(self.person("马丽", "phone"), "phone")
        for name in ("马丽", *OTHERS):
            self.person(name).sign_for(self.title)
        self.person("陈静").send_back(self.title, "内容缺页或附件不全", "附件2缺最后一页。")

    def look(self) -> None:
        """The sender looks at the receipts."""
        clerk = self.person("孙倩")
        clerk.receipts(self.title)
        self.keep(clerk, "receipts")


def main(folder: Path = PICTURES) -> None:
    """Make all pictures; the browser must have nothing to complain about."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="juyan-tour-") as place:
        with office(Path(place) / "node") as node, chromium() as browser:
            driver = Driver(node, browser)
            Tour(driver, folder).run()
            driver.check()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:2]))
