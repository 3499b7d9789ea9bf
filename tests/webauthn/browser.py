"""A small node that is served, and people at real browsers with virtual security keys."""

from __future__ import annotations

import re
from typing import Any

from playwright.sync_api import CDPSession, expect

from tests.portal.driver import PATIENCE, Driver, Person


class KeyHolder(Person):
    """Somebody with a key in the port of his computer (CDP, domain WebAuthn)."""

    cdp: CDPSession
    key: str

    def plug_in(self, **options: Any) -> None:
        """A USB key that asks for a PIN; *options* as of CDP's VirtualAuthenticatorOptions."""
        self.cdp = self.page.context.new_cdp_session(self.page)
        self.cdp.send("WebAuthn.enable", {"enableUI": False})
        usual = {
            "protocol": "ctap2",
            "transport": "usb",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        made = self.cdp.send("WebAuthn.addVirtualAuthenticator", {"options": usual | options})
        self.key = made["authenticatorId"]

    def forget(self) -> None:
        """Lose what is on the key."""
        self.cdp.send("WebAuthn.clearCredentials", {"authenticatorId": self.key})

    def counted(self) -> int:
        """How often the key has signed."""
        found = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.key})
        return int(found["credentials"][0]["signCount"])

    def open_enrolment(self, code: str) -> None:
        """Login page → 登记我的插件 → the code."""
        self.page.goto(f"{self.driver.place.url}/login")
        self.page.get_by_role("link", name="登记我的插件").click()
        self.page.get_by_label("登记码").fill(code)
        self.press("下一步")
        self.sees(f"{self.name}，请插入您的插件")

    def enrol(self, code: str) -> str:
        """Register the key with a code; the short code to tell the administrator."""
        self.open_enrolment(code)
        self.press("登记这把插件")
        self.sees("您的插件已登记，还不能使用")
        return self.page.locator(".shortcode").inner_text().strip()

    def sign_in(self) -> None:
        """On the login page: press the button, touch the key."""
        self.page.goto(f"{self.driver.place.url}/login")
        self.press("用安全认证插件登录")
        expect(self.page.get_by_role("link", name="工作台").first).to_be_visible(timeout=PATIENCE)


def holder(driver: Driver, name: str, **options: Any) -> KeyHolder:
    """A person at a browser of his own, with a key plugged in."""
    person = KeyHolder(driver, name, driver._page("desktop"))
    driver._people.append(person)
    person.plug_in(**options)
    return person


def keys_of(admin: Person, name: str) -> None:
    """As an administrator: the page of a person's keys."""
    admin.go("安全认证插件")
    admin.page.get_by_placeholder("姓名、单位或拼音首字母").fill(name)
    admin.press("查询")
    admin.page.get_by_role("link", name=name).first.click()
    admin.sees(f"{name}的安全认证插件")


def open_slot(admin: Person, name: str, label: str) -> str:
    """As an administrator: let a person register a key; the code."""
    keys_of(admin, name)
    admin.page.get_by_label("插件名称").fill(label)
    admin.press("开通登记，取得登记码")
    admin.sees("请把登记码")
    found = re.search(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", admin.page.inner_text("main"))
    assert found is not None
    return found[0]


def issue_key(first: Person, second: Person, name: str, short: str) -> None:
    """Two administrators: the first compares the short code and proposes, the second confirms."""
    keys_of(first, name)
    first.sees(short)
    first.press("校验码一致，提出配发")
    first.sees(short)
    first.confirm()
    first.sees("已提出，等待另一人复核")
    second.go("双人复核")
    second.sees(short)
    second.press("复核同意")
    second.confirm()
    second.sees("“复核同意”已完成")
