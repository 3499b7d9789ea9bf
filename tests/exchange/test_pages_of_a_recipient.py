"""What a clerk finds on the pages of what came in, beyond the acts themselves."""

from __future__ import annotations

from html import unescape

from kernel.exchange.inbound import sign_for
from kernel.testing_office import Office
from tests.exchange.after import recipient_does
from tests.exchange.notice import CLERKS, GFIN, delivery


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
