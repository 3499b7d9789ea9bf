"""The signature under a decision: once, by the right person, over the bytes that were shown."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.acts import gate
from kernel.acts.house import confirm, delegating, rollout
from kernel.acts.models import Act, Prepared, Proposal
from kernel.acts.verbs import verbs
from kernel.crypto import canonical, ids, suites
from kernel.crypto.ids import now, stamp, uuid7
from kernel.errors import Conflict, OfficeError, Refused, Stale, Unverified
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.models import Delivery
from kernel.identity import credentials, delegations, sessions
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk
from kernel.identity.models import Credential, Person, Post
from kernel.identity.phases import node_phase
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard
from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.exchange.notice import (
    CLERKS,
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    delivery,
    evidence,
    opened,
    signed_for,
)
from tests.threats.attacks import drop_guards


def clerk_and_act(office: Office) -> tuple[Desk, gate.PreparedAct]:
    """The clerk of the finance bureau, about to sign for the notice."""
    clerk, item = office.desk(CLERKS[GFIN]), opened(office, GFIN)
    return clerk, gate.prepare(clerk, sign_for, item)


def untouched() -> bool:
    return (delivery(GFIN).state, delivery(GFIN).claim) == ("delivered", "")


def test_one_signature_from_two_threads_counts_once(office: Office):
    clerk, act = clerk_and_act(office)
    signature, start = office.sign(clerk, act), threading.Barrier(2)
    done: list[gate.Done] = []
    refused: list[OfficeError] = []

    def perform() -> None:
        start.wait()
        try:
            done.append(gate.perform(clerk, act, signature))
        except OfficeError as error:
            refused.append(error)

    threads = [threading.Thread(target=perform) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (len(done), len(refused)) == (1, 1)
    assert isinstance(refused[0], Conflict | Stale)
    with connection():
        assert Act.select().where(Act.verb == "exchange.sign_for").count() == 1


def test_a_nonce_without_an_object_counts_once_from_two_threads(office: Office):
    """Nothing but the single use can refuse the second one here."""
    admin = office.desk("杨帆")
    act = gate.prepare(admin, rollout.advance, phase=2)
    signature, start = office.sign(admin, act), threading.Barrier(2)
    codes: list[str] = []

    def perform() -> None:
        start.wait()
        try:
            gate.perform(admin, act, signature)
        except OfficeError as error:
            codes.append(error.code)

    threads = [threading.Thread(target=perform) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert codes == ["acts.used"]
    with connection():
        assert Proposal.select().count() == 1


def test_other_facts_beside_the_signed_bytes_decide_nothing(office: Office):
    """The bytes say send back, what stands beside them says sign for."""
    clerk, item = office.desk(CLERKS[GFIN]), opened(office, GFIN)
    act = gate.prepare(clerk, send_back, item, reason="重复来文")
    signature = office.sign(clerk, act)
    facts = act.statement.facts | {"verb": "exchange.sign_for", "params": {}}
    forged = replace(act, verb=verbs().get("exchange.sign_for"), arguments={},
                     statement=replace(act.statement, facts=facts))  # fmt: skip
    done = gate.perform(clerk, forged, signature)
    assert done.statement.facts["verb"] == "exchange.send_back"
    assert (delivery(GFIN).claim, delivery(GFIN).reason) == ("send_back", "重复来文")


def test_what_was_never_prepared_is_not_performed_though_it_is_signed(office: Office):
    """A nonce that is good for one thing is no good for another, even with one's own key."""
    clerk, act = clerk_and_act(office)
    facts = act.statement.facts | {"act": uuid7()}
    other = replace(act.statement, facts=facts, bytes=canonical.dumps(facts))
    forged = replace(act, statement=other)
    with pytest.raises(Conflict, match=r"acts\.used"):
        gate.perform(clerk, forged, office.sign(clerk, forged))
    assert untouched()


def test_the_assertion_of_another_act_is_refused(office: Office):
    clerk, act = clerk_and_act(office)
    other = gate.prepare(clerk, send_back, delivery(GFIN), reason="重复来文")
    with pytest.raises(Unverified, match=r"suites\.signature"):
        gate.perform(clerk, act, office.sign(clerk, other))
    assert untouched()


def test_the_assertion_of_another_person_is_refused(office: Office):
    clerk, act = clerk_and_act(office)
    with pytest.raises(Unverified, match=r"suites\.signature"):
        gate.perform(clerk, act, office.sign(office.desk(CLERKS[GEDU]), act))
    assert untouched()


def test_a_confirmation_is_good_in_its_own_session_only(office: Office):
    here, act = clerk_and_act(office)
    there = office.desk(CLERKS[GFIN])
    with pytest.raises(Conflict, match=r"acts\.used"):
        gate.perform(there, act, office.sign(there, act))
    assert untouched()
    gate.perform(here, act, office.sign(here, act))


def test_a_confirmation_is_good_at_its_own_desk_only(office: Office):
    """The person went on at another post of his, in the same session, with this page still open."""
    clerk, act = clerk_and_act(office)
    with transaction():
        second = Post.create(
            person=clerk.person,
            unit=clerk.unit,
            title="出纳",
            roles=["document_clerk"],
            rank=900,
        )
        sessions.move(clerk, second.uid)
    moved = replace(clerk, post=second)
    with pytest.raises(Conflict, match=r"acts\.other_desk"):
        gate.perform(moved, act, office.sign(moved, act))
    assert untouched()


def thief_s_key(holder: Person, signed_with: suites.PrivateKey) -> tuple[str, suites.PrivateKey]:
    """A credential row for a person that somebody wrote into the table, with his own key."""
    key = suites.new_key()
    with transaction():
        said = credentials.statement(holder, "soft", key.public_key(), node="", demo=True)
        uid = canonical.loads(said)["credential"]
        Credential.create(
            uid=uid,
            person=holder.uid,
            kind="soft",
            statement=said,
            signature=suites.sign(signed_with, said),
        )
    return uid, key


def test_a_credential_written_into_the_table_signs_nothing(office: Office):
    clerk, item = office.desk(CLERKS[GFIN]), opened(office, GFIN)
    uid, key = thief_s_key(clerk.person, suites.new_key())
    with pytest.raises(Unverified), transaction():
        sessions.start(clerk.post, uid)
    thief = replace(clerk, credential=uid)
    act = gate.prepare(thief, sign_for, item)
    signature = Signature("soft", suites.sign(key, act.statement.bytes))
    with pytest.raises(Unverified):
        gate.perform(thief, act, signature)
    assert untouched()


def test_a_form_that_shows_an_older_state_is_told_so(office: Office):
    """Two windows of the same clerk: the second one confirms what the first one has settled."""
    first, second = browser_of(office, GFIN), browser_of(office, GFIN)
    place = f"/exchange/inbox/{delivery(GFIN).uid}"
    assert first.get(place).status_code == 200
    pages = [one.post(f"{place}/sign-for") for one in (first, second)]
    nonces = [one.text.partition('name="nonce" value="')[2].partition('"')[0] for one in pages]
    assert all(nonces) and nonces[0] != nonces[1]
    said = first.post("/acts/confirm", data={"nonce": nonces[0]})
    assert "：已签收，时间已回传发文单位。" in said.text
    said = second.post("/acts/confirm", data={"nonce": nonces[1]})
    assert said.status_code == 200 and "此件" in said.text and "已完成" not in said.text
    assert len(evidence(GFIN, "C1")) == 1


def test_what_ran_out_while_it_was_read_is_prepared_anew(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    clerk = browser_of(office, GFIN)
    where = f"/exchange/inbox/{delivery(GFIN).uid}/send-back"
    page = clerk.post(where, data={"kind": "其他", "reason": "缺第2页"})
    monkeypatch.setattr(ids, "_clock", lambda: ids._system_clock() + timedelta(minutes=3))
    assert "缺第2页" in clerk.get(str(page.url)).text
    anew = clerk.post("/acts/confirm", data={"nonce": nonce_of(page.text)})
    assert "已为您重新准备" in anew.text and "缺第2页" in anew.text
    assert evidence(GFIN, "C2") == []
    said = clerk.post("/acts/confirm", data={"nonce": nonce_of(anew.text)})
    assert "“退回”已完成" in said.text and len(evidence(GFIN, "C2")) == 1


def test_what_ran_out_is_not_prepared_anew_over_changed_content(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    clerk = browser_of(office, GFIN)
    row = delivery(GFIN)
    page = clerk.post(
        f"/exchange/inbox/{row.uid}/send-back", data={"kind": "其他", "reason": "缺第2页"}
    )
    with transaction():
        Delivery.update(version=Delivery.version + 1).where(Delivery.id == row.id).execute()
    monkeypatch.setattr(ids, "_clock", lambda: ids._system_clock() + timedelta(minutes=3))
    said = clerk.post("/acts/confirm", data={"nonce": nonce_of(page.text)})
    assert "已为您重新准备" not in said.text and "此件" in said.text and "缺第2页" in said.text
    assert nonce_of(said.text) in ("", nonce_of(page.text))


def test_the_evidence_names_who_signed_for_it_and_for_whom(office: Office):
    """exchange.md, section 3: actor {person, unit, role, delegate_for}."""
    clerk, helper = office.post("刘志强"), office.post("王芳")
    opened(office, GFIN)
    with transaction():
        own: Post = Post.create(
            person=helper.person, unit=clerk.unit, title="借调", roles=["drafter"], rank=90
        )
    day = timedelta(days=1)
    times = {"starts": stamp(now() - timedelta(minutes=1)), "ends": stamp(now() + day)}
    given = office.act(
        office.desk("刘志强"), delegating.delegate, taker=own.uid, person=helper.person.uid,
        kind="delegate", names=["exchange.sign_for"], **times,
    ).result  # fmt: skip
    with connection():
        desk = delegations.desk_by(office.desk("王芳", GFIN), given.uid)
    assert desk is not None
    office.act(desk, sign_for, delivery(GFIN))
    (made,) = evidence(GFIN, "C1")
    actor = canonical.loads(bytes(made.record))["evidence"]["actor"]
    assert actor["person"] == "王芳（受刘志强委托）" and actor["delegate_for"] == "刘志强"


def nonce_of(page: str) -> str:
    return page.partition('name="nonce" value="')[2].partition('"')[0]


def test_an_act_edited_or_deleted_in_the_table_is_named(office: Office):
    signed_for(office, GFIN)
    signed_for(office, GEDU)
    assert log_check.verify().ok
    with transaction():
        drop_guards()
        rows = list(Act.select().where(Act.verb == "exchange.sign_for").order_by(Act.id))
        Act.update(signature=b"another").where(Act.id == rows[0].id).execute()
        Act.delete().where(Act.id == rows[1].id).execute()
    where = {one.where for one in log_check.verify().problems}
    assert where == {f"act {row.uid}" for row in rows}


def proposals(office: Office, *phases: int) -> list[Proposal]:
    return [
        office.act(office.desk("杨帆"), rollout.advance, phase=phase).result for phase in phases
    ]


def test_what_was_proposed_earlier_is_checked_again_when_it_is_confirmed(office: Office):
    """Two steps were proposed: after the later one the earlier one would lead back."""
    two, three = proposals(office, 2, 3)
    other = office.desk("何静")
    office.act(other, confirm.confirm, three)
    with pytest.raises(Conflict, match=r"rollout\.backwards"):
        gate.prepare(other, confirm.confirm, two)
    with connection():
        assert node_phase() == 3


ERRANDS = Path(__file__).parent.parent / "toy" / "errands"


@pytest.mark.plugins(ERRANDS)
def test_a_guard_that_is_down_stops_the_second_person_too(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    (proposal,) = proposals(office, 2)
    board = switchboard()
    manifest = replace(board.manifests["errands"], guards=("house.advance",))
    monkeypatch.setitem(board.manifests, "errands", manifest)
    board.isolate("errands", "broken for this test")
    with pytest.raises(OfficeError, match=r"acts\.guard_down"):
        gate.prepare(office.desk("何静"), confirm.confirm, proposal)
    bus().quarantined.clear()
    with connection():
        assert node_phase() == 1


def test_nobody_proposes_and_confirms_under_two_posts(office: Office):
    (proposal,) = proposals(office, 2)
    admin = office.desk("杨帆")
    with transaction():
        post = Post.create(
            person=admin.person, unit=admin.unit, title="兼", roles=["security_admin"], rank=900
        )
    with pytest.raises(Refused, match=r"house\.same_person"):
        gate.prepare(replace(admin, post=post), confirm.confirm, proposal)


def test_nothing_prepared_is_left_behind_by_what_was_performed(office: Office):
    clerk, act = clerk_and_act(office)
    gate.perform(clerk, act, office.sign(clerk, act))
    with connection():
        left: Any = Prepared.get(Prepared.nonce == act.nonce)
        assert (bytes(left.bytes), left.private, left.outcome) == (b"", {}, "done")
    assert delivery(GFIN).claim == "sign_for" and CPCO == delivery(GFIN).sender
