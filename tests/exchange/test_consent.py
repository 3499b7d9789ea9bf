"""After sign-for a recall takes the recipient's consent, and both answers are signed."""

from pathlib import Path

import pytest

from kernel.acts import outbox
from kernel.errors import Conflict, Invalid, NotFound, Refused
from kernel.exchange.consenting import agree_recall, refuse_recall
from kernel.exchange.inbound import sign_for
from kernel.exchange.recalling import CONSENT, askable_count, recall
from kernel.storage import log, log_check
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents.models import Incoming
from tests.exchange.after import (
    codes,
    proved,
    recipient_does,
    sender_does,
    signed,
    steps,
    verifies_alone,
)
from tests.exchange.notice import (
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    delivery,
    evidence,
    opened,
    package,
    signed_for,
)

WHY = "附件有误，另行印发。"


def asked(office: Office) -> None:
    signed_for(office, GFIN)
    sender_does(office, recall, reason=WHY, ask=True)


def test_who_has_signed_for_it_is_asked_and_keeps_it_until_he_agrees(office: Office):
    asked(office)
    assert (delivery(GFIN).state, delivery(GFIN).asked_reason) == ("signed", WHY)
    assert CONSENT in steps(GFIN)
    assert delivery(GEDU).state == "recalled" and CONSENT not in steps(GEDU)
    assert evidence(GFIN, "X3") == [] and evidence(GFIN, "X2") == []


def test_agreed_it_is_recalled_by_the_evidence_of_both(office: Office, tmp_path: Path):
    asked(office)
    recipient_does(office, GFIN, agree_recall)
    facts = proved(GFIN, "X4")
    assert facts.act is not None and facts.act.verb == "exchange.agree_recall"
    assert (facts.evidence.state_from, facts.evidence.state_to) == ("signed", "recalled")
    assert facts.evidence.actor.unit == GFIN and facts.evidence.reasons[0].text == WHY
    row = delivery(GFIN)
    assert (row.state, row.claim, row.asked) == ("recalled", "", "")
    assert CONSENT not in steps(GFIN)
    assert verifies_alone(tmp_path) == "0"
    log.integrate()
    assert log_check.verify().ok


def test_the_content_is_closed_and_the_digest_stays(office: Office):
    asked(office)
    browser, place = browser_of(office, GFIN), f"/exchange/inbox/{delivery(GFIN).uid}"
    recipient_does(office, GFIN, agree_recall)
    page = browser.get(place).text
    assert "/pages/1" not in page
    assert package().pkg_digest.removeprefix("sha256:") in page
    for name in ("pages/1", "document.pdf", "text", "package.asice"):
        assert browser.get(f"/files/delivery/{delivery(GFIN).uid}/{name}").status_code == 404


def test_the_register_of_the_recipient_says_so_and_shows_no_page(office: Office):
    asked(office)
    browser = browser_of(office, GFIN)
    with connection():
        place = f"/documents/in/{Incoming.get(Incoming.organ == GFIN).uid}"
    page = browser.get(place).text
    assert "申请撤回" in page and "/pages/1" in page
    recipient_does(office, GFIN, agree_recall)
    page = browser.get(place).text
    assert "已撤回" in page and "/pages/1" not in page and "package.asice" not in page


def test_refused_it_stays_and_the_sender_reads_why(office: Office, tmp_path: Path):
    asked(office)
    recipient_does(office, GFIN, refuse_recall, reason="已经传达学习")
    facts = proved(GFIN, "X3")
    assert facts.act is not None and facts.act.verb == "exchange.refuse_recall"
    assert [(one.code, one.text) for one in facts.evidence.reasons] == [("604", "已经传达学习")]
    assert (delivery(GFIN).state, delivery(GFIN).asked) == ("signed", "")
    assert CONSENT not in steps(GFIN)
    assert verifies_alone(tmp_path) == "0"
    with connection():
        assert askable_count(package()) == 1, "it may be asked again"


def test_without_asking_those_who_signed_are_left_alone_and_the_sender_is_told(office: Office):
    signed_for(office, GFIN)
    sender_does(office, recall, reason=WHY)
    assert CONSENT not in steps(GFIN)
    assert codes(GFIN, "X3") == ["600"]


def test_a_recall_while_the_receipt_is_being_made_asks_afterwards(office: Office):
    opened(office, GFIN)
    signed(office, GFIN, sign_for)()
    assert (delivery(GFIN).state, delivery(GFIN).claim) == ("delivered", "sign_for")
    signed(office, CPCO, recall, reason=WHY, ask=True)()
    outbox.drain()
    assert (delivery(GFIN).state, steps(GFIN).count(CONSENT)) == ("signed", 1)
    recipient_does(office, GFIN, agree_recall)
    assert delivery(GFIN).state == "recalled"


def test_the_answer_is_the_clerk_s_alone_and_once(office: Office):
    asked(office)
    with pytest.raises(NotFound):
        office.act(office.desk("陈静"), agree_recall, delivery(GFIN))
    director = office.desk("李建国")
    with pytest.raises((NotFound, Refused)):
        office.act(director, agree_recall, delivery(GFIN))
    with pytest.raises(Invalid):
        recipient_does(office, GFIN, refuse_recall, reason=" ")
    late = signed(office, GFIN, refuse_recall, reason="太迟的答复")
    recipient_does(office, GFIN, agree_recall)
    with pytest.raises(Conflict):
        late()
    assert codes(GFIN, "X14") == ["601"]


def test_nobody_is_asked_for_what_he_never_signed_for(office: Office):
    with pytest.raises(Conflict):
        recipient_does(office, GFIN, agree_recall)
