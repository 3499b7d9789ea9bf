"""The rollout in the browser: one administrator proposes, another confirms, and it only goes on."""

import re

from kernel.identity.phases import node_phase
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office


def signed(browser: Browser, answer: str) -> str:
    nonce = re.search(r'name="nonce" value="([^"]+)"', answer)
    assert nonce, answer
    return browser.post("/acts/confirm", data={"nonce": nonce[1]}).text


def test_two_administrators_advance_the_rollout(office: Office):
    first, second = office.browser(), office.browser()
    first.login("杨帆")
    second.login("何静")
    asked = first.post("/admin/rollout", data={"phase": "2"}).text
    assert "将进入第2阶段" in asked
    assert "等待另一人复核" in signed(first, asked)
    with connection():
        assert node_phase() == 1
    page = second.get("/admin/proposals").text
    uid = re.search(r"/admin/proposals/([0-9a-f-]+)", page)
    assert uid
    signed(second, second.post(f"/admin/proposals/{uid[1]}", data={"answer": "yes"}).text)
    with connection():
        assert node_phase() == 2


def test_it_does_not_go_back_and_only_administrators_see_it(office: Office):
    browser = office.browser()
    browser.login("杨帆")
    assert "只能向后推进" in browser.post("/admin/rollout", data={"phase": "1"}).text
    assert "只能向后推进" in browser.post("/admin/rollout", data={"phase": "x"}).text
    other = office.browser()
    other.login("林晓梅")
    assert other.get("/admin/rollout").status_code == 403
