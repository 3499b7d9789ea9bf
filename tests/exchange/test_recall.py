"""Taking a dispatch back: who signed for it keeps it, who did not can no longer open it."""

import pytest

from kernel.acts.gate import perform, prepare
from kernel.errors import Conflict, Invalid, NotFound
from kernel.exchange import evidence as evidences
from kernel.exchange.inbound import sign_for
from kernel.exchange.recalling import open_count, recall
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.notice import (
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    deliveries,
    delivery,
    evidence,
    opened,
    package,
    root,
    signed_for,
)


def recalled(office: Office) -> None:
    with connection():
        sent = package()
    office.act(office.desk("孙倩"), recall, sent, reason="附件有误，另行印发。")


def test_a_recall_reaches_all_but_those_who_signed_for_it(office: Office):
    signed_for(office, GFIN)
    recalled(office)
    states = {row.organ: row.state for row in deliveries()}
    assert states.pop(GFIN) == "signed"
    assert set(states.values()) == {"recalled"}
    with connection():
        assert open_count(package()) == 0


def test_each_recall_has_its_evidence_which_holds_offline(office: Office):
    recalled(office)
    asked = evidence("", "X1")
    effects = [row for row in evidence() if row.type == "X2"]
    assert len([row for row in asked if row.type == "X1"]) == 1
    assert len(effects) == len(deliveries())
    for row in [*asked[:1], *effects[:3]]:
        facts = evidences.verify(bytes(row.record), [root()])
        assert facts.evidence.reasons[0].text == "附件有误，另行印发。"


def test_what_was_recalled_cannot_be_opened_or_signed_for(office: Office):
    waiting = opened(office, GEDU)
    recalled(office)
    browser = browser_of(office, GEDU)
    page = browser.get(f"/exchange/inbox/{waiting.uid}")
    assert "发文单位已撤回此件：附件有误，另行印发。" in page.text
    assert "/pages/1" not in page.text
    assert browser.get(f"/files/delivery/{waiting.uid}/pages/1").status_code == 404
    assert browser.get(f"/files/delivery/{waiting.uid}/package.asice").status_code == 404
    with pytest.raises(Conflict), connection():
        prepare(office.desk("陈静"), sign_for, delivery(GEDU))


def test_a_prepared_receipt_loses_against_a_recall(office: Office):
    waiting, desk = opened(office, GEDU), office.desk("陈静")
    prepared = prepare(desk, sign_for, waiting)
    recalled(office)
    with pytest.raises(Conflict):
        perform(desk, prepared, office.sign(desk, prepared))
    assert delivery(GEDU).state == "recalled"


def test_a_recall_needs_a_reason_and_something_to_recall(office: Office):
    with connection():
        sent = package()
    with pytest.raises(Invalid) as refused:
        prepare(office.desk("孙倩"), recall, sent, reason=" ")
    assert refused.value.field == "reason"
    recalled(office)
    with pytest.raises(Conflict):
        prepare(office.desk("孙倩"), recall, package(), reason="再撤一次")


def test_only_the_sender_recalls(office: Office):
    with pytest.raises(NotFound):
        prepare(office.desk("刘志强"), recall, package(), reason="不是我发的")


def test_the_page_asks_for_the_reason_and_keeps_it(office: Office):
    browser = browser_of(office, CPCO)
    sent = package()
    assert "可以撤回" in browser.get(f"/exchange/outbox/{sent.uid}").text
    empty = browser.post(f"/exchange/outbox/{sent.uid}/recall", data={"reason": ""})
    assert empty.status_code == 422
    asked = browser.post(f"/exchange/outbox/{sent.uid}/recall", data={"reason": "附件有误"})
    assert "将被撤回" in asked.text
