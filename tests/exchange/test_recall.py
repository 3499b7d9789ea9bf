"""Taking a dispatch back: who signed for it keeps it, who did not can no longer open it."""

from typing import Any

import pytest

from kernel.acts.gate import perform, prepare
from kernel.errors import Conflict, Invalid, NotFound
from kernel.exchange import evidence as evidences
from kernel.exchange.consenting import agree_recall, refuse_recall
from kernel.exchange.inbound import sign_for
from kernel.exchange.recalling import open_count, recall
from kernel.exchange.resending import resend
from kernel.storage import log_check
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.notice import (
    CLERKS,
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


def recalled(office: Office, **chosen: Any) -> None:
    with connection():
        sent = package()
    office.act(office.desk("孙倩"), recall, sent, reason="附件有误，另行印发。", **chosen)


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


def proved(office: Office) -> list[str]:
    """What ``log verify`` finds to be otherwise than what was signed."""
    with connection():
        return [f"{one.where}: {one.what}" for one in log_check.verify().problems]


def states(office: Office) -> dict[str, str]:
    with connection():
        return {row.organ: row.state for row in deliveries() if row.organ in (GEDU, GFIN)}


def test_what_went_to_the_wrong_unit_is_taken_back_from_it_alone(office: Office):
    recalled(office, units=[GEDU])
    assert states(office) == {GEDU: "recalled", GFIN: "delivered"}
    assert len([row for row in deliveries() if row.state == "recalled"]) == 1
    assert [row.organ for row in evidence() if row.type in ("X2", "X3")] == [GEDU]
    with connection():
        assert package().ended == "", "it goes on"
    signed_for(office, GFIN)
    assert proved(office) == []


def test_who_was_recalled_by_mistake_gets_it_again(office: Office):
    recalled(office, units=[GEDU])
    with connection():
        sent = package()
    office.act(office.desk("孙倩"), resend, sent, units=[GEDU], reason="误撤")
    signed_for(office, GEDU)
    assert proved(office) == []


def test_a_chosen_unit_that_signed_for_it_is_asked_and_the_others_are_not(office: Office):
    signed_for(office, GEDU)
    signed_for(office, GFIN)
    recalled(office, units=[GEDU], ask=True)
    with connection():
        asked = {row.organ for row in deliveries() if row.asked}
    assert asked == {GEDU}
    office.act(office.desk("陈静"), agree_recall, delivery(GEDU))
    with connection():
        assert package().ended == ""
    assert states(office) == {GEDU: "recalled", GFIN: "signed"} and proved(office) == []


def test_after_some_were_recalled_the_rest_can_be_and_that_ends_it(office: Office):
    signed_for(office, GFIN)
    recalled(office, units=[GEDU])
    recalled(office, ask=True)
    with connection():
        assert package().ended == "recall"
    assert states(office) == {GEDU: "recalled", GFIN: "signed"} and proved(office) == []


def test_all_that_were_left_had_signed_for_it_and_one_had_been_recalled(office: Office):
    with connection():
        others = [row.organ for row in deliveries() if row.organ not in (GEDU, GFIN)]
    signed_for(office, GFIN)
    recalled(office, units=others)
    recalled(office, units=[GEDU])
    with connection():
        assert package().ended == "" and open_count(package()) == 0
    recalled(office, ask=True)
    with connection():
        assert package().ended == "", "those who are only asked may refuse"
    office.act(office.desk(CLERKS[GFIN]), agree_recall, delivery(GFIN))
    with connection():
        assert package().ended == "recall"
    assert proved(office) == []


def test_of_a_recall_of_others_a_recipient_reads_nothing(office: Office):
    signed_for(office, GFIN)
    recalled(office, units=[GEDU])
    asked = evidence(type_="X1")[0]
    for organ, sees in ((GFIN, False), (GEDU, True)):
        browser = browser_of(office, organ)
        page = browser.get(f"/exchange/inbox/{delivery(organ).uid}").text
        assert (asked.uid in page) is sees
        assert (browser.get(f"/exchange/evidence/{asked.uid}").status_code == 200) is sees


def test_all_were_asked_first_and_one_was_recalled_alone_then(office: Office):
    for organ in (GEDU, GFIN):
        signed_for(office, organ)
    with connection():
        rest = [row.organ for row in deliveries() if row.state == "delivered"]
    recalled(office, units=rest)
    recalled(office, ask=True)
    office.act(office.desk(CLERKS[GEDU]), refuse_recall, delivery(GEDU), reason="已印发")
    with connection():
        sent = package()
    office.act(office.desk("孙倩"), resend, sent, units=[rest[0]], reason="误撤")
    recalled(office, units=[rest[0]])
    with connection():
        assert package().ended == ""
    assert proved(office) == []


def test_units_that_it_was_not_sent_to_are_named(office: Office):
    with connection(), pytest.raises(Invalid, match=r"exchange\.not_recipient") as refused:
        prepare(office.desk("孙倩"), recall, package(), reason="x", units=["620700-NOBODY"])
    assert "620700-NOBODY" in refused.value.zh


def test_only_those_it_was_of_are_in_the_refusal_of_a_recall_that_came_too_late(office: Office):
    with connection():
        desk, sent = office.desk("孙倩"), package()
        prepared = prepare(desk, recall, sent, reason="x", units=[GEDU])
    signed_for(office, GFIN)
    signed_for(office, GEDU)
    with pytest.raises(Conflict):
        perform(desk, prepared, office.sign(desk, prepared))
    assert [row.organ for row in evidence() if row.type == "X3"] == [GEDU]
    assert proved(office) == []


def test_the_page_offers_the_units_and_says_whom_it_leaves_alone(office: Office):
    signed_for(office, GFIN)
    browser, place = browser_of(office, CPCO), f"/exchange/outbox/{package().uid}/recall"
    form = browser.get(place).text
    assert "未签收，可以撤回" in form and "已签收，须对方同意" in form
    some = browser.post(place, data={"units": [GEDU, GFIN], "reason": "发错了"}).text
    assert "只向所选单位撤回：" in some and "市教育局" in some and "市财政局" in some
    assert "1 家将被撤回" in some and "其中 1 家已签收，将收到撤回申请" in some
    whole = browser.post(place, data={"reason": "都撤"}).text
    assert "只向所选单位" not in whole and "此后不能再补发" in whole
