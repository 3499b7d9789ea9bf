"""The founding notice, from its drafter's desk to 124 boxes, by its people in a real browser."""

from __future__ import annotations

import re
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import expect

from tests.portal.driver import Driver, Person
from tests.portal.node import notice

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.early]


def write(drafter: Person, data: dict[str, object]) -> None:
    """林晓梅 writes the notice and submits it."""
    drafter.picture("01-home")
    drafter.draft_notice(data)
    drafter.page.locator("#preview img").nth(5).wait_for()
    drafter.picture("02-editor")
    drafter.submit()
    drafter.picture("03-submitted")


def approve(driver: Driver, title: str) -> None:
    """Section head and director review, the leader signs off."""
    head, director = driver.as_person("王芳"), driver.as_person("李建国")
    head.picture("04-home-of-a-section-head")
    head.review(title, "同意，请办公室核稿。", "同意，送办公室核稿")
    director.open_task(title)
    director.picture("05-review")
    director.review(title, "内容、格式符合要求，请审签。", "同意，送领导签发")
    leader = driver.as_person("周海涛")
    leader.open_task(title)
    leader.page.get_by_label("意见", exact=True).fill("同意印发。")
    leader.press("签发")
    leader.sees("您将签名的内容", "签发后正文不可修改", "同意印发。")
    leader.picture("06-before-signing")
    leader.confirm()
    leader.sees("“签发”已完成")


def issue(driver: Driver, clerk: Person, title: str) -> str:
    """孙倩 numbers and typesets, 赵敏华 seals, 孙倩 sends; the number."""
    number = clerk.number(title)
    clerk.picture("07-to-typeset")
    clerk.typeset()
    keeper = driver.as_person("赵敏华")
    keeper.open_task(title)
    keeper.picture("08-to-seal")
    keeper.seal(title)
    clerk.open_task(title)
    clerk.page.locator("summary", has_text="收文单位 124 个").click()
    clerk.sees("张掖市财政局")
    clerk.picture("09-to-dispatch")
    clerk.press("核对名单并分发")
    clerk.sees("将发往 124 个单位")
    clerk.confirm()
    clerk.wait_while("正在封装和投递")
    clerk.sees("已发往 124 个单位", "校验通过")
    clerk.picture("10-sent")
    return number


def receive(driver: Driver, title: str, number: str) -> None:
    """刘志强 signs for it, 陈静 sends it back."""
    finance, education = driver.as_person("刘志强"), driver.as_person("陈静")
    finance.picture("11-home-of-a-clerk")
    finance.open_task(title)
    finance.sees("演示印章，校验通过", number)
    finance.picture("12-delivery", full=False)
    finance.sign_for(title)
    finance.picture("13-signed-for", full=False)
    finance.go("收文办理")
    finance.page.get_by_role("link", name=title).first.click()
    finance.sees("收文登记", "来文字号")
    education.send_back(title, "内容缺页或附件不全", "附件2只有表头。")
    education.picture("14-sent-back", full=False)


def look(sender: Person, title: str) -> None:
    """Who signed for it, who sent it back and why."""
    sender.receipts(title)
    expect(sender.page.locator(".rcpt__num")).to_have_text(re.compile(r"1 / 124\s*已签收"))
    sender.sees("退回 1 家", "未签收 122 家", "附件2只有表头。")
    sender.page.goto(f"{sender.page.url.partition('?')[0]}?state=signed")
    sender.sees("张掖市财政局", "已签收", "刘志强")


def test_the_notice_goes_from_a_desk_to_every_unit(driver: Driver):
    data = notice()
    title = data["title"]
    drafter = driver.as_person("林晓梅")
    write(drafter, data)
    approve(driver, title)
    clerk = driver.as_person("孙倩")
    number = issue(driver, clerk, title)
    year = datetime.now(ZoneInfo("Asia/Shanghai")).year
    assert number == f"市委办发〔{year}〕91号"
    receive(driver, title, number)
    look(clerk, title)
    clerk.picture("15-receipts")
    look(drafter, title)
