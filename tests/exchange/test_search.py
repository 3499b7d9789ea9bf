"""What lies in the box of an organ is found by its clerk, before and after it was signed for."""

from __future__ import annotations

from html import unescape

from kernel.exchange.inbound import send_back
from kernel.testing_office import Office
from tests.exchange.after import recipient_does
from tests.exchange.notice import CLERKS, GEDU, GFIN, NOTICE, delivery, signed_for

TITLE = str(NOTICE["title"])


def found(office: Office, text: str, name: str = CLERKS[GFIN]) -> str:
    browser = office.browser()
    browser.login(name)
    return unescape(browser.get("/search", params={"q": text}).text)


def test_what_waits_in_the_box_is_found_by_title_number_and_sender(office: Office):
    where = f"/exchange/inbox/{delivery(GFIN).uid}"
    for text in (TITLE, TITLE[-8:], delivery(GFIN).number, f"{TITLE[:5]} {TITLE[-5:]}"):
        page = found(office, text)
        assert f'href="{where}"' in page and "待签收" in page, text
    assert where not in found(office, "某某没有的词")
    assert delivery(GEDU).uid not in found(office, TITLE)


def test_what_was_returned_is_found_as_returned(office: Office):
    recipient_does(office, GFIN, send_back, reason="重复来文")
    page = found(office, TITLE)
    assert f'href="/exchange/inbox/{delivery(GFIN).uid}"' in page and "已退回" in page


def test_what_was_signed_for_is_found_once_also_by_words_of_its_body(office: Office):
    words = str(NOTICE["body"][0])[2:12]
    assert "/documents/in/" not in found(office, words)
    signed_for(office, GFIN)
    page = found(office, words)
    assert "/documents/in/" in page
    assert f'href="/exchange/inbox/{delivery(GFIN).uid}"' not in found(office, TITLE)


def test_the_contacts_are_named_where_they_can_be_looked_into(office: Office):
    page = found(office, "caj")
    assert "在通讯录中查找“caj”" in page and 'href="/contacts/?q=caj"' in page


def test_letters_lead_to_the_units_that_they_may_mean(office: Office):
    page = found(office, "jyj")
    assert "查找“市教育局”" in page and "查找“市财政局”" not in page
    assert "市教育局”" not in found(office, "j") and "市教育局”" not in found(office, "教育")
