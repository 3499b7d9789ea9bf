"""Makes the pictures of the README: the main job, done by its people in a real browser.

    .venv/bin/python -m tests.portal.tour [FOLDER]

It founds a throw-away demonstration node; nothing of it stays but the pictures.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from kernel.settings import ROOT
from tests.portal.driver import DESK, PHONE, Clerk, chromium, demo, notice

PICTURES = ROOT / "docs" / "pictures"
OTHERS = (
    "市纪委",
    "市委组织部",
    "市审计局",
    "市水务局",
    "市卫生局",
    "市农业局",
    "市文化",
    "临泽县委",
)


class Tour:
    """The people of the notice, one after the other."""

    def __init__(self, browser: Browser, address: str, folder: Path) -> None:
        self.browser, self.address, self.folder = browser, address, folder
        self.notice = notice()
        self.title: str = self.notice["title"]
        self.clerks: list[Clerk] = []

    def clerk(self, who: str, size: tuple[int, int] = DESK) -> Clerk:
        """Sign somebody in."""
        print(f"  {who}", flush=True)
        self.clerks.append(Clerk.sign_in(self.browser, self.address, who, size))
        return self.clerks[-1]

    def keep(self, clerk: Clerk, name: str) -> None:
        """Take a picture."""
        clerk.picture(self.folder / f"{name}.png")

    def run(self) -> None:
        """From the login page to the receipts."""
        visitor = Clerk(self.browser, self.address)
        visitor.go("/login")
        self.keep(visitor, "login")
        self.draft()
        self.approve()
        self.issue()
        self.receive()
        self.look()

    def draft(self) -> None:
        """林晓梅 writes the notice and submits it."""
        clerk = self.clerk("林晓梅")
        clerk.begin()
        clerk.fill_in(self.notice)
        units, form = self.notice["attachment_note"]
        clerk.press("保存并管理附件")
        clerk.attach("units", title=units, group="1")
        clerk.attach("form", blank=form)
        clerk.press("返回编辑")
        clerk.page.wait_for_load_state("networkidle")
        self.keep(clerk, "editor")
        clerk.press("保存并送核")

    def approve(self) -> None:
        """Two reviews and the sign-off."""
        self.clerk("王芳").agree(self.title, "同意，请办公室核稿。", "同意，送办公室核稿")
        director = self.clerk("李建国")
        director.agree(self.title, "内容、格式符合要求，请审签。", "同意，送领导签发")
        leader = self.clerk("周海涛")
        leader.open_task(self.title)
        self.keep(leader, "document")
        leader.agree(self.title, "同意印发。", "签发")
        self.keep(leader, "confirm")
        leader.sign()

    def issue(self) -> None:
        """Number, final pages, seal, dispatch."""
        clerk, keeper = self.clerk("孙倩"), self.clerk("赵敏华")
        clerk.open_task(self.title)
        clerk.press("编号：")
        clerk.sign()
        clerk.page.get_by_role("checkbox", name="已核对文字").check()
        clerk.press("生成版式文件")
        keeper.open_task(self.title)
        keeper.press("核对并用印")
        keeper.sign()
        clerk.page.reload()
        clerk.wait_for("核对名单并分发")
        clerk.press("核对名单并分发")
        clerk.sign()
        clerk.wait_for("查看签收回执")
        clerk.press("查看签收回执")

    def receive(self) -> None:
        """Some units sign for it, one sends it back."""
        finance = self.clerk("刘志强")
        finance.go("/exchange/inbox")
        self.keep(finance, "inbox")
        finance.open_delivery(self.title)
        self.keep(finance, "delivery")
        finance.sign_for(self.title)
        for who in ("马丽", *OTHERS):
            self.clerk(who).sign_for(self.title)
        self.clerk("陈静").send_back(self.title, "内容缺页或附件不全", "附件2缺最后一页。")

    def look(self) -> None:
        """The sealed page, the receipts, a home page at a desk and on a phone."""
        sender = next(one for one in self.clerks if "/exchange/outbox/" in one.path)
        sender.page.reload()
        self.keep(sender, "receipts")
        keeper = self.clerk("赵敏华")
        keeper.go("/documents/out")
        keeper.page.get_by_role("link", name=self.title).first.click()
        keeper.page.get_by_role("link", name="正文").first.click()
        keeper.page.locator("main img").last.wait_for()
        place = keeper.page.locator("main img").nth(SEALED_PAGE)
        place.scroll_into_view_if_needed()
        place.evaluate("e => e.scrollIntoView({block: 'start'})")
        self.keep(keeper, "sealed")
        home = self.clerk("孙倩")
        home.go("/")
        self.keep(home, "home")
        phone = self.clerk("孙倩", PHONE)
        phone.go("/")
        self.keep(phone, "phone")


SEALED_PAGE = 3
"""The page of the notice that carries signature, date and seal, from 0."""


def main(folder: Path = PICTURES) -> int:
    """Make all pictures; 1 if the browser had anything to complain about."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="juyan-tour-") as place:
        with demo(Path(place) / "node") as address, chromium() as browser:
            tour = Tour(browser, address, folder)
            tour.run()
            said = [text for clerk in tour.clerks for text in clerk.said]
    print(*said, sep="\n")
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:2])))
