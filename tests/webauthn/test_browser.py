"""People with security keys in a real browser: from the code on the telephone to a sealed file."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from kernel.acts.models import Act
from kernel.node import open_node
from kernel.settings import ROOT
from kernel.settings import load as load_settings
from kernel.storage.database import connection
from tests.portal.driver import Driver
from tests.portal.node import Place
from tests.webauthn.browser import KeyHolder, holder, issue_key, keys_of, open_slot

pytestmark = [pytest.mark.needs("chromium"), pytest.mark.early]

NOTICE = {
    "title": "中共张掖市委办公室关于做好值班工作的通知",
    "main": ["张掖市财政局"],
    "body": ["请各单位做好值班工作。"],
}


def equip(driver: Driver, *names: str) -> dict[str, KeyHolder]:
    """Each of these people gets a key of his own from the two administrators."""
    first, second = driver.as_person("杨帆"), driver.as_person("何静")
    people = {name: holder(driver, name) for name in names}
    for name, person in people.items():
        code = open_slot(first, name, "蓝色插件")
        first.picture(f"keys-slot-{len(name)}")
        short = person.enrol(code)
        person.picture("keys-enrolled")
        issue_key(first, second, name, short)
        keys_of(first, name)
        first.sees("在用", short)
        first.picture("keys-of")
    return people


def approve(driver: Driver, leader: KeyHolder) -> None:
    title = str(NOTICE["title"])
    drafter = driver.as_person("林晓梅")
    drafter.begin()
    drafter.write(NOTICE)
    drafter.submit()
    driver.as_person("王芳").review(title, "同意。", "同意，送办公室核稿")
    driver.as_person("李建国").review(title, "请审签。", "同意，送领导签发")
    before = leader.counted()
    leader.sign_off(title, "同意印发。")
    assert leader.counted() > before


def test_a_document_is_signed_off_sealed_and_sent_with_security_keys(
    driver: Driver, tmp_path: Path
):
    people = equip(driver, "周海涛", "赵敏华", "孙倩")
    for person in people.values():
        person.sign_in()
    leader, keeper, clerk = people.values()
    approve(driver, leader)
    title = str(NOTICE["title"])
    clerk.number(title)
    clerk.typeset()
    keeper.seal(title)
    clerk.dispatch(title)
    finance = driver.as_person("刘志强")
    finance.open_task(title)
    finance.sees("校验通过")
    with finance.page.expect_download() as download:
        finance.page.get_by_role("link", name=re.compile("公文包")).first.click()
    package = tmp_path / "package.asice"
    download.value.save_as(package)
    verify(driver.place, package)
    kinds = signed_with(driver.place)
    assert {verb: kinds[verb] for verb in PROVED} == dict.fromkeys(PROVED, "webauthn")


PROVED = ("documents.sign_off", "documents.assign_number", "documents.seal", "documents.dispatch")


def verify(place: Place, package: Path) -> None:
    """The stand-alone verifier, with nothing but the package and the root."""
    tool = ROOT / "kernel" / "exchange" / "verify.py"
    root = place.folder / "keys" / "root.pem"
    command = [sys.executable, str(tool), str(package), "--root", str(root), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert json.loads(done.stdout)["level"] == "demo"


def signed_with(place: Place) -> dict[str, str]:
    with open_node(load_settings(place.folder, {})), connection():
        rows = Act.select(Act.verb, Act.signature_kind).order_by(Act.id)
        return {row.verb: row.signature_kind for row in rows}


def test_a_key_is_registered_once_and_only_with_a_good_code(driver: Driver):
    leader = equip(driver, "周海涛")["周海涛"]
    admin = driver.as_person("杨帆")
    code = open_slot(admin, "周海涛", "备用插件")
    leader.open_enrolment(code)
    leader.press("登记这把插件")
    leader.sees("这把插件您已经登记过了")
    leader.picture("keys-twice")
    leader.page.goto(f"{driver.place.url}/enrol")
    leader.page.get_by_label("登记码").fill("AAAA-BBBB-CCCC")
    leader.press("下一步")
    leader.sees("登记码不对、已用过或已过期")


def test_a_revoked_key_is_out_at_once_and_told_why(driver: Driver):
    leader = equip(driver, "周海涛")["周海涛"]
    leader.sign_in()
    leader.page.goto(f"{driver.place.url}/account/security")
    leader.sees("蓝色插件", "本次登录使用")
    leader.picture("security")
    admin = driver.as_person("何静")
    keys_of(admin, "周海涛")
    admin.page.locator("summary", has_text="停用这个插件").first.click()
    admin.page.get_by_label("停用理由").first.fill("插件遗失")
    admin.page.get_by_role("button", name="停用", exact=True).first.click()
    admin.sees("插件遗失")
    admin.confirm()
    admin.sees("“停用安全认证插件”已完成")
    leader.page.reload()
    leader.sees("您的安全认证插件已被停用")
    leader.picture("keys-revoked")
    leader.press("用安全认证插件登录")
    leader.sees("没有在本平台登记，或已停用")


REASONS = {
    "NotAllowedError": "没有完成",
    "AbortError": "没有完成",
    "TimeoutError": "等待超时",
    "InvalidStateError": "已经登记过",
    "ConstraintError": "不支持 PIN 或指纹",
    "NotSupportedError": "不支持 PIN 或指纹",
    "SecurityError": "当前网址不能使用",
    "UnknownError": "没有给出签名",
}
REJECT = """(name) => {
  navigator.credentials.get = () => Promise.reject(new DOMException('no', name));
}"""


def test_whatever_goes_wrong_with_a_key_is_said_and_can_be_tried_again(driver: Driver):
    person = holder(driver, "周海涛")
    person.page.goto(f"{driver.place.url}/login?next=/tasks")
    for name, words in REASONS.items():
        person.page.evaluate(REJECT, name)
        person.press("用安全认证插件登录")
        person.sees(words)
        expect(person.page.get_by_role("button", name="用安全认证插件登录")).to_be_enabled()
    person.picture("key-wrong")
    person.page.evaluate("() => { delete window.PublicKeyCredential; }")
    person.press("用安全认证插件登录")
    person.sees("这个浏览器不能使用安全认证插件")
    assert person.page.locator(".keylogin input[name=next]").input_value() == "/tasks"


def test_while_the_key_waits_the_page_says_so_and_can_be_stopped(driver: Driver):
    person = holder(driver, "周海涛", automaticPresenceSimulation=False)
    code = open_slot(driver.as_person("杨帆"), "周海涛", "蓝色插件")
    person.open_enrolment(code)
    person.press("登记这把插件")
    person.sees("请触碰插件")
    expect(person.page.get_by_role("button", name="登记这把插件")).to_be_disabled()
    person.picture("key-waits")
    person.press("取消等待")
    person.sees("没有完成")
    expect(person.page.get_by_role("button", name="登记这把插件")).to_be_enabled()


def test_a_key_without_pin_is_of_no_use(driver: Driver):
    person = holder(driver, "周海涛", hasUserVerification=False, isUserVerified=False)
    code = open_slot(driver.as_person("杨帆"), "周海涛", "旧插件")
    person.open_enrolment(code)
    person.press("登记这把插件")
    person.page.locator("[data-key-state].is-wrong").wait_for()


def test_without_a_script_the_page_says_what_is_needed(driver: Driver):
    page = driver._page("desktop", java_script_enabled=False)
    page.goto(f"{driver.place.url}/login")
    expect(page.get_by_text("请启用 JavaScript")).to_be_visible()
    page.context.close()
