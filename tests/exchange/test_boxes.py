"""The lists of what came in and what went out, and the receipts of one document, on their pages."""

from __future__ import annotations

import re
from html import unescape

import pytest
from msgspec.structs import replace

from kernel.exchange.inbound import send_back
from kernel.exchange.models import Delivery
from kernel.exchange.recalling import recall
from kernel.exchange.resending import resend
from kernel.portal.views import sent
from kernel.storage.database import transaction
from kernel.testing_office import Office
from tests.exchange.after import another, recipient_does, sender_does
from tests.exchange.notice import CPCO, GEDU, GFIN, browser_of, delivery, package, signed_for
from tests.exchange.test_deadlines import by

LIST = "/exchange/outbox"
FINANCE, EDUCATION = "张掖市财政局", "张掖市教育局"


def rows(office: Office, place: str, organ: str = CPCO) -> list[list[str]]:
    """The cells of each row of a list, as words."""
    answer = browser_of(office, organ).get(place)
    assert answer.status_code == 200
    body = unescape(answer.text).partition("<tbody")[2].partition("</tbody>")[0]
    lines = re.findall(r'<tr role="row".*?</tr>', body, re.S)
    return [[_words(cell) for cell in re.findall(r"<t[hd].*?</t[hd]>", x, re.S)] for x in lines]


def _words(cell: str) -> str:
    cell = re.sub(r'<span class="c-label".*?</span>', "", cell, flags=re.S)
    return " ".join(re.sub(r"<[^>]+>", " ", cell).split())


def numbers(office: Office, place: str = LIST) -> list[str]:
    """Of the only row: recipients, signed for, not yet, returned, recalled."""
    ((_title, *found),) = rows(office, place)
    return found[:5]


def test_the_numbers_of_a_dispatch_add_up(office: Office):
    assert numbers(office) == ["7", "0", "7", "0", "0"]
    signed_for(office, GFIN)
    recipient_does(office, GEDU, send_back, reason="重复来文")
    assert numbers(office) == ["7", "1", "5", "1", "0"]
    sender_does(office, resend, units=[GEDU], reason="对方误退")
    assert numbers(office) == ["7", "1", "6", "0", "0"]
    sender_does(office, recall, reason="有误")
    assert numbers(office) == ["7", "1", "0", "0", "6"]
    assert rows(office, LIST)[0][0].startswith("已撤回 ")


def test_the_dispatches_are_asked_for_by_how_they_stand(office: Office):
    alone = another(office)

    def found(state: str) -> int:
        return len(rows(office, f"{LIST}?state={state}"))

    assert [found(state) for state in ("open", "signed", "returned", "ended")] == [2, 0, 0, 0]
    signed_for(office, GFIN)
    recipient_does(office, GEDU, send_back, reason="重复来文")
    assert [found(state) for state in ("open", "signed", "returned", "ended")] == [1, 1, 1, 0]
    assert alone.number in rows(office, f"{LIST}?state=signed")[0][0]
    sender_does(office, resend, units=[GEDU], reason="对方误退")
    sender_does(office, recall, reason="有误")
    assert [found(state) for state in ("open", "signed", "returned", "ended")] == [0, 1, 0, 1]
    assert "共 2 件" in browser_of(office, CPCO).get(LIST).text


def test_what_was_sent_again_stands_beside_what_was_sent_first(office: Office):
    page = f"{LIST}/{package().uid}"
    before = [row[0].split()[0] for row in rows(office, page)]
    recipient_does(office, GEDU, send_back, reason="重复来文")
    sender_does(office, resend, units=[GEDU], reason="对方误退")
    after = rows(office, page)
    at = before.index(EDUCATION)
    assert len(after) == 8 and after[at][:2] == [f"{EDUCATION} 重复来文 · 已补发", "已退回"]
    assert after[at + 1][:2] == [f"补发 {EDUCATION}", "未签收"]
    assert [row[0].split()[-1] for row in after[at + 2 :]] == before[at + 1 :]
    squares = unescape(browser_of(office, CPCO).get(page).text)
    assert re.findall(r'title="([^："]+)：', squares.partition("matrix")[2])[:7] == before


def test_the_receipts_go_on_from_page_to_page_with_copies(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    recipient_does(office, GEDU, send_back, reason="重复来文")
    sender_does(office, resend, units=[GEDU], reason="对方误退")
    place = f"{LIST}/{package().uid}"
    whole = rows(office, place)
    made = sent._spec
    monkeypatch.setattr(sent, "_spec", lambda asked: replace(made(asked), page_size=3))
    found: list[list[str]] = []
    while place:
        found += rows(office, place)
        text = unescape(browser_of(office, CPCO).get(place).text)
        further = re.search(r'href="([^"]+)" rel="next"', text)
        place = further[1] if further else ""
    assert found == whole


def inbox(office: Office, **query: str) -> list[str]:
    """The titles in the box of the finance bureau, shortened."""
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return [row[1] for row in rows(office, f"/exchange/inbox?{asked}", GFIN)]


def change(uid: str, **values: object) -> None:
    with transaction():
        Delivery.update(values).where(Delivery.uid == uid).execute()


def test_the_inbox_says_until_when_and_orders_by_it(office: Office):
    notice = delivery(GFIN).uid
    another(office)
    second = delivery(GFIN).uid
    by(office)
    change(second, urgency="加急")
    (first_row, notice_row) = rows(office, "/exchange/inbox", GFIN)
    assert "剩" in " ".join(notice_row) and "剩" not in " ".join(first_row)
    titles = inbox(office)
    assert len(titles) == 2 and titles[0].startswith("加急")
    assert inbox(office, sort="due") == titles[::-1]
    assert inbox(office, sort="urgent") == titles
    change(second, urgency="")
    plain = inbox(office)
    assert inbox(office, sort="urgent") == plain[::-1]
    change(notice, urgency="加急")
    assert inbox(office, sort="urgent")[0].startswith("加急")
    signed_for(office, GFIN)
    assert len(inbox(office, sort="urgent")) == 2


def test_what_is_settled_stands_behind_what_waits(office: Office):
    notice = delivery(GFIN).uid
    by(office)
    another(office)
    change(notice, state="signed")
    order = inbox(office, sort="due")
    assert "补充通知" in order[0] and "补充通知" not in order[1]
    assert order == inbox(office, sort="urgent")
    assert "剩" not in " ".join(rows(office, "/exchange/inbox", GFIN)[1])


def test_the_inbox_is_narrowed_by_role_and_urgency(office: Office):
    another(office)
    change(delivery(GFIN).uid, urgency="特急", role="cc")
    assert len(inbox(office, role="main")) == len(inbox(office, role="cc")) == 1
    assert inbox(office, role="cc") == inbox(office, urgency="特急")
    assert inbox(office, role="main") == inbox(office, urgency="平件")
    assert inbox(office, urgency="加急") == []
