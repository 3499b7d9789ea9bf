"""One document from the sender's desk to every box, and the receipts on their way back."""

import json
from collections import Counter
from pathlib import Path

import pytest

from kernel.acts import gate
from kernel.acts.models import Effect, Task
from kernel.crypto import canonical, x509
from kernel.errors import Conflict, Invalid, NotFound, Unverified
from kernel.exchange import evidence as evidences
from kernel.exchange.inbound import open_delivery, send_back, sign_for
from kernel.exchange.receipts import evidence_of
from kernel.exchange.verdict import examine
from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.storage.models import LogLeaf
from kernel.testing_office import Office
from plugins.documents.models import Incoming
from tests.exchange.notice import (
    CLERKS,
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    deliveries,
    delivery,
    evidence,
    laid_out,
    opened,
    package,
    package_bytes,
    root,
    signed_for,
    verified_alone,
)

WHY = "附件第二页缺失，请补齐后重发"


def facts_of(organ: str, type_: str) -> evidences.EvidenceFacts:
    """One piece of evidence, verified with nothing but the root certificate."""
    (row,) = evidence(organ, type_)
    return evidences.verify(bytes(row.record), [root()])


def open_tasks(organ: str) -> list[str]:
    with connection():
        rows = Task.select().where((Task.organ == organ) & Task.done.is_null())
        return [row.step for row in rows]


def rows_of_evidence() -> dict[str, bytes]:
    return {row.uid: bytes(row.record) for row in evidence()}


def test_it_arrives_once_in_every_box_and_not_in_the_sender_s(office: Office):
    boxes = {one.organ: one.role for one in deliveries()}
    assert len(boxes) == len(deliveries()) == package().total == 7
    assert CPCO not in boxes
    assert boxes.pop(GFIN) == "main", "named as main and in the cc group: main counts"
    assert boxes.pop("620702-CPCO") == "main"
    assert set(boxes.values()) == {"cc"}
    assert {one.state for one in deliveries()} == {"delivered"}


def test_every_box_has_a_task_for_its_clerk(office: Office):
    assert all(open_tasks(one.organ) == ["签收"] for one in deliveries())


def test_its_number_is_the_first_of_the_open_series(office: Office):
    assert package().number.endswith("〕91号")


def test_evidence_says_accepted_once_and_delivered_once_for_each_box(office: Office):
    boxes = [one.organ for one in deliveries()]
    assert Counter(row.type for row in evidence()) == {"A1": 1, "D1": len(boxes)}
    assert [row.organ for row in evidence(type_="D1")] == boxes
    for row in evidence():
        facts = evidences.verify(bytes(row.record), [root()])
        said = facts.evidence
        assert (said.msg_id, said.pkg_digest) == (package().uid, package().pkg_digest)
        assert (said.type, said.recipient) == (row.type, row.organ)
        assert said.state_to == {"A1": "accepted", "D1": "delivered"}[row.type]


def test_the_package_is_true_and_says_that_it_is_a_demonstration(office: Office):
    verdict = examine(package_bytes(), [root()])
    assert (verdict.number, verdict.level) == (100, "demo")
    assert verdict.package is not None
    assert verdict.package.digest == package().pkg_digest
    assert [one.verb for one in verdict.acts] == [
        "documents.sign_off",
        "documents.assign_number",
        "documents.seal",
        "documents.dispatch",
    ]


def test_the_acts_in_it_are_all_about_the_same_content(office: Office):
    """From the sign-off to the dispatch nothing but number and versions has changed."""
    acts = examine(package_bytes(), [root()]).acts
    assert len({one.act["object"]["digest"] for one in acts}) == 1
    assert len({one.act["object"]["version"] for one in acts}) == len(acts)


def test_a_stranger_verifies_package_and_evidence_with_the_root_alone(
    office: Office, tmp_path: Path
):
    signed_for(office, GFIN)
    clerk = office.desk(CLERKS[GEDU])
    office.act(clerk, send_back, opened(office, GEDU), reason=WHY)
    folder = tmp_path / "stranger"
    folder.mkdir()
    said = verified_alone(laid_out(folder, package_bytes()))
    assert said.returncode == 0, said.stdout + said.stderr
    report = json.loads(said.stdout)
    assert (report["level"], report["pkg_digest"]) == ("demo", package().pkg_digest)
    history = report["checks"][-1]
    assert history["status"] == "PASS"
    assert f"{GFIN} 签收" in history["detail"] and f"{GEDU} 退文" in history["detail"]


def test_the_stranger_is_not_content_with_another_root(office: Office, tmp_path: Path):
    folder = tmp_path / "stranger"
    folder.mkdir()
    laid_out(folder, package_bytes())
    (folder / "root.pem").write_bytes(x509.pem(x509.new_root("Elsewhere").cert))
    assert verified_alone(folder).returncode == 1


def test_sign_for_gives_a_receipt_of_the_unit_with_the_clerk_s_act(office: Office):
    done = signed_for(office, GFIN)
    assert (done.state, done.claim, done.settled_by) == ("signed", "", CLERKS[GFIN])
    facts = facts_of(GFIN, "C1")
    assert x509.unit_of(facts.signer) == GFIN == facts.evidence.recipient
    assert facts.evidence.pkg_digest == package().pkg_digest
    assert (facts.evidence.state_from, facts.evidence.state_to) == ("delivered", "signed")
    assert facts.evidence.heads == (facts_of(GFIN, "D1").digest,)
    assert facts.act is not None
    assert (facts.act.verb, facts.act.organ) == ("exchange.sign_for", GFIN)
    assert facts.act.act["object"]["digest"] == package().pkg_digest


def test_sign_for_ends_the_task_and_registers_the_document(office: Office):
    done = signed_for(office, GFIN)
    assert open_tasks(GFIN) == ["拟办"]
    with connection():
        incoming = Incoming.get(Incoming.delivery == done.uid)
    assert (incoming.organ, incoming.pkg_digest) == (GFIN, package().pkg_digest)
    assert incoming.source_number == package().number
    assert incoming.number.startswith("收〔") and incoming.number.endswith("〕1号")
    assert open_tasks(GEDU) == ["签收"], "the others still have to"


def test_the_sender_sees_who_has_signed_for_it(office: Office):
    signed_for(office, GFIN)
    page = browser_of(office, CPCO).get(f"/exchange/outbox/{package().uid}").text
    assert CLERKS[GFIN] in page and CLERKS[GEDU] not in page


def test_sent_back_with_a_reason_that_the_sender_reads(office: Office):
    clerk = browser_of(office, GEDU)
    page = clerk.get(f"/exchange/inbox/{delivery(GEDU).uid}")
    assert page.status_code == 200
    form = {"kind": "内容缺页或附件不全", "reason": WHY}
    confirm = clerk.post(f"/exchange/inbox/{delivery(GEDU).uid}/send-back", data=form)
    assert WHY in confirm.text
    nonce = confirm.text.partition('name="nonce" value="')[2].partition('"')[0]
    clerk.post("/acts/confirm", data={"nonce": nonce})
    assert delivery(GEDU).state == "returned"
    facts = facts_of(GEDU, "C2")
    assert [one.text for one in facts.evidence.reasons] == [f"内容缺页或附件不全：{WHY}"]
    assert x509.unit_of(facts.signer) == GEDU
    assert facts.act is not None
    assert facts.act.private["reason"] == f"内容缺页或附件不全：{WHY}"
    assert WHY in browser_of(office, CPCO).get(f"/exchange/outbox/{package().uid}").text
    with connection():
        assert not Incoming.select().where(Incoming.organ == GEDU).exists()


def test_without_a_reason_it_is_refused_at_the_field(office: Office):
    item = opened(office, GEDU)
    with pytest.raises(Invalid, match=r"exchange\.no_reason") as caught:
        gate.prepare(office.desk(CLERKS[GEDU]), send_back, item, reason=" \n")
    assert caught.value.field == "reason"
    clerk = browser_of(office, GEDU)
    page = clerk.post(f"/exchange/inbox/{item.uid}/send-back", data={"kind": "", "reason": "x"})
    assert page.status_code == 422
    assert delivery(GEDU).state == "delivered"


def test_a_second_sign_for_changes_nothing(office: Office):
    done, before = signed_for(office, GFIN), rows_of_evidence()
    with pytest.raises(Conflict, match=r"exchange\.settled") as caught:
        gate.prepare(office.desk(CLERKS[GFIN]), sign_for, done)
    assert CLERKS[GFIN] in caught.value.zh
    with pytest.raises(Conflict):
        gate.prepare(office.desk(CLERKS[GFIN]), send_back, done, reason=WHY)
    assert rows_of_evidence() == before
    with connection():
        assert Incoming.select().where(Incoming.delivery == done.uid).count() == 1


def test_of_two_prepared_the_first_wins(office: Office):
    clerk, item = office.desk(CLERKS[GFIN]), opened(office, GFIN)
    one = gate.prepare(clerk, sign_for, item)
    two = gate.prepare(clerk, send_back, item, reason=WHY)
    gate.perform(clerk, one, office.sign(clerk, one))
    with pytest.raises(Conflict):
        gate.perform(clerk, two, office.sign(clerk, two))
    with connection():
        effects = Effect.select().where(Effect.handler == "exchange.settle").count()
    assert effects == 1


def test_while_the_node_is_at_work_nobody_else_decides(office: Office):
    clerk, item = office.desk(CLERKS[GFIN]), opened(office, GFIN)
    one = gate.prepare(clerk, sign_for, item)
    gate.perform(clerk, one, office.sign(clerk, one))  # and the outbox is not worked off
    assert (delivery(GFIN).state, delivery(GFIN).claim) == ("delivered", "sign_for")
    with pytest.raises(Conflict, match=r"exchange\.busy"):
        gate.prepare(clerk, send_back, item, reason=WHY)


def test_what_was_not_verified_is_not_signed_for(office: Office):
    with pytest.raises(Unverified, match=r"exchange\.not_verified"):
        gate.prepare(office.desk(CLERKS[GFIN]), sign_for, delivery(GFIN))


def test_who_says_that_it_is_genuine_is_not_believed(office: Office):
    with transaction():
        type(package()).update(pkg_digest="sha256:" + "0" * 64).execute()
    clerk = office.desk(CLERKS[GFIN])
    with pytest.raises(Unverified, match=r"exchange\.not_verified"):
        gate.do(clerk, open_delivery, delivery(GFIN), verified=True, level="formal")
    assert delivery(GFIN).verified is None


@pytest.mark.parametrize("verb", [sign_for, send_back, open_delivery])
def test_the_clerk_of_another_organ_cannot_touch_it(office: Office, verb: object):
    item = opened(office, GFIN)
    given = {sign_for: {}, send_back: {"reason": WHY}}
    arguments = given.get(verb, {"verified": True, "level": "demo"})
    with pytest.raises(NotFound, match=r"acts\.not_found"):
        gate.prepare(office.desk(CLERKS[GEDU]), verb, item, **arguments)


def test_the_clerk_of_another_organ_cannot_see_it(office: Office):
    item, clerk = signed_for(office, GFIN), browser_of(office, GEDU)
    for way in ("", "/pages/1", "/document.pdf", "/text", "/package.asice"):
        place = "/files/delivery" if way else "/exchange/inbox"
        assert clerk.get(f"{place}/{item.uid}{way}").status_code == 404, way
    assert clerk.get(f"/exchange/outbox/{package().uid}").status_code == 404
    assert clerk.get(f"/files/package/{package().uid}/package.asice").status_code == 404
    for way in ("sign-for", "send-back"):
        assert clerk.post(f"/exchange/inbox/{item.uid}/{way}").status_code == 404


def test_a_recipient_is_told_of_no_other_recipient_s_evidence(office: Office):
    signed_for(office, GFIN)
    with connection():
        lines = evidence_of(package(), organ=GEDU)
    assert sorted(one.type for one in lines) == ["A1", "D1"]


def test_evidence_only_grows_and_each_has_its_leaf(office: Office):
    before = rows_of_evidence()
    signed_for(office, GFIN)
    office.act(office.desk(CLERKS[GEDU]), send_back, opened(office, GEDU), reason=WHY)
    after = rows_of_evidence()
    assert {uid: after[uid] for uid in before} == before
    assert len(after) == len(before) + 2
    with connection():
        leaves = {row.ref: row for row in LogLeaf.select().where(LogLeaf.kind == "evidence")}
    assert set(leaves) == set(after)
    for uid, record in after.items():
        assert canonical.digest(record).encode() in bytes(leaves[uid].data)
    assert log_check.verify().ok
