"""Several at once, in another one's name, after somebody else: pages of the gate in a browser."""

import pytest

from tests.portal.driver import Driver
from tests.portal.test_bad_moments import (
    body_of,
    drafting,
    letter,  # noqa: F401  # a fixture
)


@pytest.mark.usefixtures("letter")
def test_several_deliveries_are_signed_for_at_once(driver: Driver):
    clerk = driver.as_person("刘志强")
    clerk.go("收文签收")
    clerk.picture("30-inbox")
    boxes = clerk.page.locator("input[name=t]")
    for n in range(boxes.count()):
        boxes.nth(n).check()
    clerk.press("批量签收")
    clerk.sees("您将一次签名办理以下")
    clerk.picture("31-batch")
    clerk.page.get_by_role("button", name="签名并办理").click()
    clerk.sees("全部办理完毕")
    clerk.picture("32-batch-done")


def test_a_leader_delegates_and_the_secretary_works_at_his_desk(driver: Driver):
    leader = driver.as_person("李建国")
    leader.page.goto(f"{driver.place.url}/account/delegations")
    form = leader.page.locator("form", has=leader.page.locator("input[value=delegate]"))
    form.get_by_label("受托人").select_option(label="王芳（秘书科 科长）")
    form.get_by_label("办公室核稿").check()
    leader.picture("33-delegations")
    form.get_by_role("button", name="核对并签名").click()
    leader.sees("委托王芳")
    leader.picture("34-delegation-confirm")
    leader.page.get_by_role("button", name="签名并提交").click()
    leader.sees("“授权委托”已完成")
    other = driver.as_person("王芳")
    other.page.goto(f"{driver.place.url}/account/delegations")
    other.sees("委托给我的")
    other.page.get_by_role("button", name="到此办公身份办理").click()
    other.sees("您正在以李建国的名义办理")
    other.picture("35-acting-desk")
    other.page.get_by_role("button", name="回到我的办公身份").click()
    assert "您正在以" not in other.page.inner_text("body")


def test_a_double_click_saves_one_draft(driver: Driver):
    drafter = driver.as_person("林晓梅")
    drafter.page.goto(f"{driver.place.url}/documents/out/new")
    drafter.page.get_by_role("button", name="开始起草").dblclick()
    drafter.page.wait_for_url("**/edit")


def test_both_texts_stand_side_by_side(driver: Driver):
    title = "市委办关于并排对照的通知"
    first = drafting(driver, title)
    first.press("保存", exact=True)
    first.sees("已保存。")
    second = driver.as_person("林晓梅")
    second.page.goto(first.page.url)
    first.page.get_by_label("正文*", exact=True).fill("第一段不变。\n第二段由甲改写。")
    first.press("保存", exact=True)
    first.sees("已保存。")
    second.page.get_by_label("正文*", exact=True).fill(
        "第一段不变。\n第二段由乙改写。\n乙另加一段。"
    )
    second.press("保存", exact=True)
    second.sees("第二段由甲改写。")
    second.picture("36-conflict")
    second.press("保留我的内容再改", exact=True)
    assert body_of(second).endswith("乙另加一段。")
