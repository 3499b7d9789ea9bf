"""What a clerk finds on the pages of what came in, beyond the acts themselves."""

from __future__ import annotations

import re
from html import unescape

import pytest

from kernel.acts import outbox
from kernel.exchange.inbound import sign_for
from kernel.testing_office import Office
from tests.exchange.after import recipient_does
from tests.exchange.notice import CLERKS, GFIN, delivery, signed_for


def page_of(office: Office, place: str) -> str:
    browser = office.browser()
    browser.login(CLERKS[GFIN])
    return unescape(browser.get(place).text)


def test_the_reason_of_a_return_is_chosen_and_never_preset(office: Office):
    browser = office.browser()
    browser.login(CLERKS[GFIN])
    where = f"/exchange/inbox/{delivery(GFIN).uid}"
    hasty = browser.post(f"{where}/send-back", data={"kind": "", "reason": "缺第2页"})
    assert hasty.status_code == 422
    assert "请选择退回原因" in hasty.text and "缺第2页" in hasty.text
    asked = browser.post(f"{where}/send-back", data={"kind": "其他", "reason": "缺第2页"})
    assert asked.url.path == "/acts/confirm" and "其他：缺第2页" in unescape(asked.text)


def test_signed_for_it_says_where_to_go_on_and_when_it_was(office: Office):
    where = f"/exchange/inbox/{delivery(GFIN).uid}"
    assert "到待阅事项中继续办理" not in page_of(office, where)
    recipient_does(office, GFIN, sign_for)
    assert "/tasks?tab=toread" in page_of(office, where)
    rows = page_of(office, "/exchange/inbox")
    assert "签收时间" in rows


def test_the_text_leads_back_to_its_document(office: Office):
    uid = delivery(GFIN).uid
    text = page_of(office, f"/files/delivery/{uid}/text")
    assert f'href="/exchange/inbox/{uid}"' in text


def test_it_says_what_is_true_while_the_receipt_is_being_recorded(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    browser = office.browser()
    browser.login(CLERKS[GFIN])
    where = f"/exchange/inbox/{delivery(GFIN).uid}"
    browser.get(where)
    nonce = re.search(r'name="nonce" value="([^"]+)"', browser.post(f"{where}/sign-for").text)
    assert nonce
    monkeypatch.setattr(outbox, "settle", lambda act, seconds=0: False)
    said = unescape(browser.post("/acts/confirm", data={"nonce": nonce[1]}).text)
    assert "已签名，正在登记回执；" in said and "已签收，时间已回传" not in said
    page = unescape(browser.get(where).text)
    assert "<noscript>请稍候刷新本页。</noscript>" in page
    asks = re.search(r'<div id="underway" hx-get="([^"]+)"', page)
    assert asks and asks[1] == where

    def again() -> str:
        answer = browser.get(where, headers={"HX-Request": "true"})
        assert answer.status_code == 204
        return answer.headers.get("HX-Refresh", "")

    assert again() == ""
    outbox.drain()
    assert again() == "true"
    assert "已于" in page_of(office, where) and 'id="underway"' not in page_of(office, where)


def test_who_audits_reads_what_it_was_done_to_and_not_its_title(office: Office):
    signed_for(office, GFIN)
    auditor = office.browser()
    auditor.login("高峰")
    page = unescape(auditor.get("/admin/log?q=exchange.sign_for").text)
    found = delivery(GFIN)
    assert f"来文 …{found.uid[-8:]}" in page and found.title not in page
