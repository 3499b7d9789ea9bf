"""After sign-for a recall takes the recipient's consent, and both answers are signed."""

from pathlib import Path
from typing import Any

import pytest

from kernel.acts import gate, outbox
from kernel.errors import Conflict, Invalid, NotFound, Refused
from kernel.exchange import recalling
from kernel.exchange.consenting import agree_recall, refuse_recall
from kernel.exchange.ending import supersede
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.models import Package
from kernel.exchange.recalling import CONSENT, RESEND, askable_count, recall
from kernel.exchange.resending import request_resend, resend
from kernel.storage import log, log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.documents.line import issue
from plugins.documents.models import Incoming
from tests.exchange.after import (
    SECOND,
    codes,
    proved,
    recipient_does,
    sender_does,
    signed,
    steps,
    verifies_alone,
)
from tests.exchange.notice import (
    CLERKS,
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


def asked_of_all(office: Office, *more: str) -> Package:
    """A package that the finance bureau has signed for and is asked to give back, and no other
    has to sign for any more; some sent it back."""
    uid = issue({**SECOND, "main": ["市财政局", *("市教育局" for _ in more)]}).package
    for organ in more:
        opened(office, organ)
        recipient_does(office, organ, send_back, reason="重复来文")
        recipient_does(office, organ, request_resend, reason="误退")
    signed_for(office, GFIN)
    office.act(office.desk(CLERKS[CPCO]), recall, as_it_is(uid), reason=WHY, ask=True)
    return as_it_is(uid)


def as_it_is(uid: str) -> Package:
    with connection():
        found: Package = Package.get(Package.uid == uid)
    return found


def problems() -> list[tuple[str, str]]:
    log.integrate()
    return list(log_check.verify().problems)


@pytest.mark.both
def test_a_request_that_is_refused_ends_nothing(office: Office):
    asked_for, clerk = asked_of_all(office, GEDU), office.desk(CLERKS[CPCO])
    browser, place = browser_of(office, CPCO), f"/exchange/outbox/{asked_for.uid}"
    head = browser.get(place).text.partition("签收情况")[0]
    assert "已申请撤回，1 家待答复" in head and "已撤回" not in head
    assert asked_for.ended == "" and RESEND in steps(CPCO) and problems() == []
    recipient_does(office, GFIN, refuse_recall, reason="已经传达学习")
    assert "申请撤回，" not in browser.get(place).text.partition("签收情况")[0]
    office.act(clerk, resend, as_it_is(asked_for.uid), units=[GEDU], reason="误退")
    assert delivery(GEDU).state == "delivered" and RESEND not in steps(CPCO)
    office.act(clerk, supersede, package(), by=asked_for.uid, reason="内容有调整")
    assert problems() == []
    with transaction():
        Package.update(ended="recall").where(Package.uid == asked_for.uid).execute()
    assert [where for where, _ in problems()] == [f"package {asked_for.uid}"]


@pytest.mark.both
def test_the_first_who_agrees_ends_it(office: Office):
    asked_for, clerk = asked_of_all(office, GEDU), office.desk(CLERKS[CPCO])
    recipient_does(office, GFIN, agree_recall)
    assert as_it_is(asked_for.uid).ended == "recall" and RESEND not in steps(CPCO)
    with pytest.raises(Conflict):
        office.act(clerk, resend, as_it_is(asked_for.uid), units=[GEDU], reason="误退")
    assert problems() == []
    with transaction():
        Package.update(ended="").where(Package.uid == asked_for.uid).execute()
    assert f"package {asked_for.uid}" in [where for where, _ in problems()]


def begun(office: Office, sent: Package, verb: Any, **said: Any) -> None:
    """The sender's act is done, and the node has not yet recorded what follows."""
    clerk = office.desk(CLERKS[CPCO])
    act = gate.prepare(clerk, verb, sent, **said)
    gate.perform(clerk, act, office.sign(clerk, act))


@pytest.mark.both
def test_while_copies_go_out_nobody_asks_again_and_nobody_ends_it(office: Office):
    begun(office, asked_of_all(office, GEDU), resend, units=[GEDU], reason="误退")
    with pytest.raises(Conflict, match=r"exchange\.busy"):
        recipient_does(office, GEDU, request_resend, reason="再请补发")
    with pytest.raises(Conflict, match=r"exchange\.busy"):
        recipient_does(office, GFIN, agree_recall)
    outbox.drain()
    assert delivery(GEDU).state == "delivered"
    recipient_does(office, GFIN, agree_recall)
    assert delivery(GFIN).state == "recalled" and problems() == []


@pytest.mark.both
def test_a_request_of_version_0_1_that_is_recorded_after_the_update_is_no_finding(office: Office):
    uid = issue(SECOND).package
    signed_for(office, GFIN)
    begun(office, as_it_is(uid), recall, reason=WHY, ask=True)
    with transaction():
        Package.update(ended="recall").where(Package.uid == uid).execute()
    outbox.drain()
    assert problems() == []


def test_what_version_0_1_ended_by_the_request_alone_is_no_finding(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    by_node = recalling.by_node

    def as_then(desk: object, action: object, sent: Package, **said: object) -> None:
        said.pop("boxes")
        by_node(desk, action, sent, **said)  # type: ignore[arg-type]  # handed on as it came
        Package.update(ended="recall").where(Package.uid == sent.uid).execute()

    monkeypatch.setattr(recalling, "by_node", as_then)
    assert asked_of_all(office).ended == "recall" and problems() == []
    recipient_does(office, GFIN, refuse_recall, reason="已经传达学习")
    assert problems() == []
