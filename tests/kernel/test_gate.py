"""The one gate: what it lets through, what it refuses, and what stands in the log afterwards."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.acts import gate
from kernel.acts.house import confirm, grants, keys, rollout, switches
from kernel.acts.ledger import columns_of, leaf_data
from kernel.acts.models import Act, ActPrivate, Prepared, Proposal, Task
from kernel.acts.statement import compose
from kernel.acts.verbs import verbs
from kernel.crypto import canonical, ids
from kernel.errors import Conflict, Invalid, NotFound, Refused, Stale, Unavailable, Unverified
from kernel.identity.authenticators import Signature, authenticators
from kernel.identity.desk import Desk, ServiceDesk
from kernel.identity.models import Credential, Person, Post, Unit
from kernel.identity.phases import node_phase
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard
from kernel.storage import log, log_check
from kernel.storage.database import connection, db, savepoint, transaction
from kernel.storage.models import LogLeaf
from kernel.testing_office import Office
from tests.threats.attacks import drop_guards

pytestmark = pytest.mark.plugins(Path(__file__).parent.parent / "toy" / "errands")
CPCO = "620700-CPCO"


@pytest.fixture(autouse=True)
def on(office: Office) -> None:
    office.act(office.desk("孙倩"), switches.switch_plugin, organ=CPCO, plugin="errands", on=True)


def verb(name: str) -> Any:
    return verbs().get(f"errands.{name}")


def ask(office: Office, text: str = "取文件") -> Any:
    return office.act(office.desk("林晓梅"), verb("ask"), text=text).result


def prepared(office: Office, desk: Desk | None = None, text: str = "取文件") -> gate.PreparedAct:
    """Finishing an errand, not signed yet."""
    return gate.prepare(desk or office.desk("孙倩"), verb("finish"), ask(office, text), remark="好")


def state_of(errand: Any) -> str:
    with connection():
        return str(type(errand).get_by_id(errand.id).state)


def leaves() -> int:
    with connection():
        return LogLeaf.select().count()


@pytest.fixture
def later() -> Any:
    """Set the clock forward by so many seconds."""
    yield lambda seconds: ids.set_clock(lambda: ids._system_clock() + timedelta(seconds=seconds))
    ids.set_clock(None)


def test_signed_prepared_performed(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    assert state_of(act.subject) == "open"
    gate.perform(clerk, act, office.sign(clerk, act))
    assert state_of(act.subject) == "done"


def test_who_lacks_the_level_is_refused_before_anything_is_prepared(office: Office):
    with pytest.raises(Refused, match=r"acts\.not_allowed"):
        prepared(office, office.desk("林晓梅"))
    with connection():
        assert Prepared.select().count() == 0


def test_a_right_lost_after_prepare_counts_at_perform(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    lost = replace(clerk, levels=clerk.levels - {"errands.run"})
    with pytest.raises(Refused, match=r"acts\.not_allowed"):
        gate.perform(lost, act, office.sign(clerk, act))


def test_rights_are_those_of_the_moment_in_which_the_act_is_written(office: Office):
    clerk = office.desk("孙倩")  # as a page that was asked for before has it
    act = prepared(office, clerk)
    signature, errand = office.sign(clerk, act), ask(office)
    away = {"post": clerk.post.uid, "level": "errands.run", "given": False}
    office.act(office.desk("何静"), grants.grant, **away)
    with pytest.raises(Refused, match=r"acts\.not_allowed"):
        gate.perform(clerk, act, signature)
    assert state_of(act.subject) == "open"
    office.act(office.desk("何静"), grants.grant, **away | {"given": True})
    with transaction():
        Post.update(active=False).where(Post.uid == clerk.post.uid).execute()
    with pytest.raises(Refused, match=r"identity\.inactive"):
        gate.perform(clerk, act, signature)
    with pytest.raises(Refused, match=r"identity\.inactive"):
        gate.do(clerk, verb("edit"), errand, text="取两份文件")
    with transaction():
        Post.update(active=True).where(Post.uid == clerk.post.uid).execute()
    gate.perform(clerk, act, signature)
    assert state_of(act.subject) == "done"


def test_the_object_of_another_organ_is_not_there(office: Office):
    errand = ask(office)
    other = replace(office.desk("刘志强"), levels=office.desk("孙倩").levels)
    office.act(office.desk("杨帆"), switches.switch_plugin, organ=other.organ_code,
               plugin="errands", on=True)  # fmt: skip
    with pytest.raises(NotFound, match=r"acts\.not_found"):
        gate.prepare(other, verb("finish"), errand, remark="好")


def test_a_change_after_prepare_makes_it_stale(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    office.act(office.desk("林晓梅"), verb("edit"), act.subject, text="取两份文件")
    with pytest.raises(Stale):
        gate.perform(clerk, act, office.sign(clerk, act))
    assert state_of(act.subject) == "open"


def test_a_form_that_shows_an_older_version_is_stale(office: Office):
    errand = ask(office)
    seen = errand.version
    office.act(office.desk("林晓梅"), verb("edit"), errand, text="取两份文件")
    with pytest.raises(Stale):
        gate.prepare(office.desk("孙倩"), verb("finish"), errand, expect=seen, remark="好")


def test_content_changed_behind_the_gate_makes_it_stale(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    model = type(act.subject)
    with transaction():
        model.update(text="另一件事").where(model.id == act.subject.id).execute()
    with pytest.raises(Stale):
        gate.perform(clerk, act, office.sign(clerk, act))


def test_a_nonce_serves_once(office: Office):
    # One that leaves the object as it was, so that nothing but the nonce can refuse it.
    admin = office.desk("杨帆")
    act = gate.prepare(admin, rollout.advance, phase=2)
    signature = office.sign(admin, act)
    gate.perform(admin, act, signature)
    with pytest.raises(Conflict, match=r"acts\.used"):
        gate.perform(admin, act, signature)
    with connection():
        assert Proposal.select().count() == 1


def test_two_minutes_later_it_has_run_out(office: Office, later: Callable[[int], None]):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    signature = office.sign(clerk, act)
    later(121)
    with pytest.raises(Conflict, match=r"acts\.used"):
        gate.perform(clerk, act, signature)
    with pytest.raises(Conflict, match=r"acts\.expired"):
        gate.recall(clerk, act.nonce)


def test_within_two_minutes_it_holds(office: Office, later: Callable[[int], None]):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    later(110)
    assert gate.recall(clerk, act.nonce).statement.bytes == act.statement.bytes
    gate.perform(clerk, act, office.sign(clerk, act))


def test_another_session_of_the_same_person_cannot_use_it(office: Office):
    here, there = office.desk("孙倩"), office.desk("孙倩")
    act = prepared(office, here)
    with pytest.raises(Conflict, match=r"acts\.expired"):
        gate.recall(there, act.nonce)
    with pytest.raises(Conflict, match=r"acts\.used"):
        gate.perform(there, act, office.sign(there, act))


def test_another_origin_cannot_use_it(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    elsewhere = replace(clerk, origin="https://evil.example")
    with pytest.raises(Unverified, match=r"acts\.unsigned"):
        gate.perform(elsewhere, act, office.sign(clerk, act))


def test_no_signature_no_act(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    with pytest.raises(Unverified, match=r"acts\.unsigned"):
        gate.perform(clerk, act)
    assert state_of(act.subject) == "open"


def test_a_tampered_signature_is_refused(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    good = office.sign(clerk, act)
    bad = Signature("soft", good.value[:-1] + bytes([good.value[-1] ^ 1]))
    with pytest.raises(Unverified, match=r"suites\.signature"):
        gate.perform(clerk, act, bad)
    gate.perform(clerk, act, good)


def test_the_signature_of_somebody_else_is_refused(office: Office):
    clerk, other = office.desk("孙倩"), office.desk("林晓梅")
    act = prepared(office, clerk)
    with pytest.raises(Unverified, match=r"suites\.signature"):
        gate.perform(clerk, act, office.sign(other, act))


def test_other_bytes_than_those_signed_are_refused(office: Office):
    clerk = office.desk("孙倩")
    act = gate.prepare(clerk, verb("send"), ask(office), package="a", envelope="sha256:b")
    signature = office.sign(clerk, act)
    facts = {**act.statement.facts, "params": {"package": "c", "envelope": "sha256:b"}}
    forged = replace(act.statement, facts=facts, bytes=canonical.dumps(facts))
    with pytest.raises(Unverified, match=r"suites\.signature"):
        gate.perform(clerk, replace(act, statement=forged), signature)


def test_a_private_text_other_than_the_signed_one_is_refused(office: Office):
    clerk = office.desk("孙倩")
    act = prepared(office, clerk)
    salt, _ = act.statement.private["remark"]
    forged = replace(act.statement, private={"remark": (salt, "不好")})
    with pytest.raises(Unverified, match=r"canonical\.salted"):
        gate.perform(clerk, replace(act, statement=forged), office.sign(clerk, act))


def test_a_key_revoked_after_prepare_signs_nothing(office: Office):
    clerk, admin = office.desk("孙倩"), office.desk("何静")
    act = prepared(office, clerk)
    office.act(admin, keys.revoke_key, credential=clerk.credential, reason="遗失")
    with pytest.raises(Refused, match=r"keys\.revoked"):
        gate.perform(clerk, act, office.sign(clerk, act))


def test_a_key_row_without_the_authority_behind_it_proves_nothing(office: Office):
    clerk, thief = office.desk("孙倩"), office.desk("林晓梅")
    act = prepared(office, clerk)
    with transaction():
        stolen = Credential.get(Credential.uid == thief.credential)
        said = bytes(stolen.statement).replace(thief.person.uid.encode(), clerk.person.uid.encode())
        Credential.update(statement=said).where(Credential.uid == clerk.credential).execute()
    with pytest.raises(Unverified):
        gate.perform(clerk, act, office.sign(thief, act))


def test_a_verb_of_the_node_is_not_for_people(office: Office):
    able = replace(office.desk("孙倩"), levels=frozenset({"errands.none"}))
    with pytest.raises(NotFound, match=r"acts\.not_found"):
        gate.prepare(able, verb("tidy"), count=3)


def test_a_verb_of_people_is_not_for_the_node(office: Office):
    with pytest.raises(TypeError):
        gate.by_node(ServiceDesk(CPCO), verb("ask"), text="自己来")


def test_the_node_signs_its_own_acts(office: Office):
    done = gate.by_node(ServiceDesk(CPCO, "tidying"), verb("tidy"), count=3)
    with connection():
        row = Act.get(Act.uid == done.uid)
    assert (done.result, row.signature_kind, row.person) == (3, "node", "")


def put_in_confirmation(desk: Desk, proposal: Proposal) -> None:
    """What somebody puts in who has his own key and writes to the tables: the act by which he
    himself confirms what he proposed, with its leaf, and all that it would have left."""
    statement = compose(desk, verbs().get("house.confirm"), proposal, {}, ids.now())
    soft = authenticators().get("soft")
    assert soft is not None
    signature = soft.sign(desk.credential, statement.bytes)
    assert signature is not None
    uid, moment = statement.facts["act"], ids.now()
    said = leaf_data(uid, statement.digest, signature, ids.stamp(moment))
    Act.insert(
        **columns_of(statement.facts),
        weight="signed",
        bytes=statement.bytes,
        signature_kind=signature.kind,
        signature=signature.value,
        leaf=log.append("act", uid, said),
        at=moment,
    ).execute()
    later = {"state": "confirmed", "version": proposal.version + 1}
    Proposal.update(**later).where(Proposal.uid == proposal.uid).execute()
    Task.update(done=moment).where(Task.subject == proposal.uid).execute()


def propose(office: Office) -> Proposal:
    done = office.act(office.desk("杨帆"), rollout.advance, phase=2)
    assert done.proposed
    proposal: Proposal = done.result
    return proposal


@pytest.mark.both
def test_two_persons_one_proposes_another_confirms(office: Office):
    proposal = propose(office)
    with connection():
        assert node_phase() == 1
    office.act(office.desk("何静"), confirm.confirm, proposal)
    with connection():
        assert node_phase() == 2


@pytest.mark.both
def test_nobody_confirms_his_own_proposal(office: Office):
    proposal = propose(office)
    with pytest.raises(Refused, match=r"house\.same_person"):
        gate.prepare(office.desk("杨帆"), confirm.confirm, proposal)


@pytest.mark.both
def test_the_columns_of_a_proposal_let_nobody_confirm_it_who_may_not(office: Office):
    proposal = propose(office)
    with transaction():
        mine = Proposal.uid == proposal.uid
        Proposal.update(proposer="another", level="house.confirm").where(mine).execute()
    with connection():
        proposal = Proposal.get(mine)
        named = [one.what for one in log_check.verify().problems]
    assert len(named) == 2 and "提出人" in named[0] and "复核权限" in named[1]
    with pytest.raises(Refused, match=r"house\.same_person"):
        gate.prepare(office.desk("杨帆"), confirm.confirm, proposal)
    with pytest.raises(Refused, match=r"acts\.not_allowed"):
        gate.prepare(office.desk("高峰"), confirm.confirm, proposal)
    with connection():
        assert node_phase() == 1


@pytest.mark.both
def test_what_a_revoked_key_proposed_can_only_be_declined(office: Office):
    proposal, stolen = propose(office), office.desk("杨帆").credential
    other = office.desk("何静")
    office.act(other, keys.revoke_key, credential=stolen, reason="遗失")
    with pytest.raises(Refused, match=r"house\.proposer_key"):
        gate.prepare(other, confirm.confirm, proposal)
    office.act(other, confirm.decline, proposal, reason="插件遗失")
    with connection():
        assert node_phase() == 1


@pytest.mark.both
def test_a_person_who_settled_his_own_proposal_is_named(office: Office):
    proposal = propose(office)
    desk = office.desk("杨帆")
    with transaction():
        put_in_confirmation(desk, proposal)
    with connection():
        assert ["同一个人" in one.what for one in log_check.verify().problems] == [True]


@pytest.mark.both
def test_what_was_declined_is_not_opened_again_by_a_column(office: Office):
    proposal = propose(office)
    office.act(office.desk("何静"), confirm.decline, proposal, reason="太早")
    with transaction():
        mine = Proposal.uid == proposal.uid
        Proposal.update(state="open").where(mine).execute()
        again = Proposal.get(mine)
    with pytest.raises(Conflict, match=r"house\.settled"):
        gate.prepare(office.desk("何静"), confirm.confirm, again)
    with connection():
        assert node_phase() == 1


@pytest.mark.both
def test_another_title_than_what_was_proposed_is_not_confirmed(office: Office):
    proposal = propose(office)
    with transaction():
        mine = Proposal.uid == proposal.uid
        Proposal.update(title="例行检查").where(mine).execute()
        forged = Proposal.get(mine)
    with pytest.raises(Conflict, match=r"house\.other_title"):
        gate.prepare(office.desk("何静"), confirm.confirm, forged)


CHANGES_OF_A_PROPOSER = {
    "post": lambda mine: Post.update(active=False).where(Post.id == mine.id),
    "person": lambda mine: Person.update(active=False).where(Person.id == mine.person.id),
    "role": lambda mine: Post.update(roles=["document_clerk"]).where(Post.id == mine.id),
    "unit": lambda mine: Post.update(unit=Unit.by_code("620700-GFIN")).where(Post.id == mine.id),
    "holder": lambda mine: Post.update(person=Person.get()).where(Post.id == mine.id),
}


@pytest.mark.both
@pytest.mark.parametrize("lost", CHANGES_OF_A_PROPOSER)
def test_who_could_not_propose_it_now_is_not_confirmed(office: Office, lost: str):
    proposal, mine, other = propose(office), office.post("杨帆"), office.desk("何静")
    waiting = gate.prepare(other, confirm.confirm, proposal)
    signature = office.sign(other, waiting)
    with transaction():
        CHANGES_OF_A_PROPOSER[lost](mine).execute()
    with pytest.raises(Refused, match=r"house\.proposer_gone"):
        gate.perform(other, waiting, signature)
    with pytest.raises(Refused, match=r"house\.proposer_gone"):
        gate.prepare(other, confirm.confirm, proposal)
    with connection():
        assert node_phase() == 1
    office.act(other, confirm.decline, proposal, reason="提出人已调离")


@pytest.mark.both
def test_a_proposal_put_in_taken_out_or_made_void_is_named(office: Office):
    propose(office)
    with connection():
        assert log_check.verify().problems == []
    for change, said in (
        ("UPDATE acts_proposal SET state = 'void'", "状态"),
        ("UPDATE acts_proposal SET act = 'nobody'", "没有人提出过"),
        ("DELETE FROM acts_proposal", "待复核事项"),
    ):
        with transaction(), savepoint_undone():
            db.execute_sql(change)
            named = [one.what for one in log_check.verify().problems]
        assert any(said in one for one in named), (change, named)


@contextmanager
def savepoint_undone() -> Iterator[None]:
    """What is changed here is undone at the end."""
    with suppress(UndoneError), savepoint():
        yield
        raise UndoneError


class UndoneError(Exception):
    """Takes changes back."""


@pytest.mark.both
def test_a_proposal_is_settled_once(office: Office):
    proposal = propose(office)
    office.act(office.desk("何静"), confirm.decline, proposal, reason="太早")
    with pytest.raises(Conflict, match=r"house\.settled"):
        gate.prepare(office.desk("何静"), confirm.confirm, proposal)
    with connection():
        assert node_phase() == 1


@pytest.mark.both
def test_who_lacks_the_level_does_not_see_the_proposal(office: Office):
    proposal = propose(office)
    with pytest.raises(NotFound):
        gate.prepare(office.desk("高峰"), confirm.confirm, proposal)


def test_a_plugin_that_is_off_has_no_verbs(office: Office):
    errand = ask(office)
    office.act(office.desk("孙倩"), switches.switch_plugin, organ=CPCO, plugin="errands", on=False)
    with pytest.raises(NotFound, match=r"plugins\.off"):
        gate.prepare(office.desk("孙倩"), verb("finish"), errand, remark="好")


def test_a_guard_refuses(office: Office):
    with pytest.raises(Refused, match="此单已暂停"):
        prepared(office, text="暂停的单子")


def test_a_guard_that_breaks_refuses(office: Office):
    bus().strict = False  # in tests it is on, so that faults show; an office isolates them
    with pytest.raises(Refused, match=r"plugins\.guard_failed"):
        prepared(office, text="故障的单子")


def test_while_a_guard_is_not_healthy_its_acts_refuse(office: Office):
    clerk, admin = office.desk("孙倩"), office.desk("何静")
    switchboard().isolate("errands", "broken for this test")
    with pytest.raises(Unavailable, match=r"acts\.guard_down"):
        gate.prepare(admin, keys.revoke_key, credential=clerk.credential, reason="遗失")


def test_a_defect_in_the_body_leaves_nothing_behind(office: Office):
    errand, before = ask(office), leaves()
    with pytest.raises(RuntimeError):
        gate.do(office.desk("林晓梅"), verb("edit"), errand, text="defect")
    with connection():
        assert type(errand).get_by_id(errand.id).text == "取文件"
    assert leaves() == before


def test_one_leaf_for_each_act_and_none_for_a_draft(office: Office):
    before = leaves()
    errand = ask(office)
    assert leaves() == before + 1
    office.act(office.desk("林晓梅"), verb("edit"), errand, text="取两份文件")
    assert leaves() == before + 1
    office.act(office.desk("孙倩"), verb("finish"), errand, remark="好")
    assert leaves() == before + 2


def test_a_draft_raises_the_version_too(office: Office):
    errand = ask(office)
    office.act(office.desk("林晓梅"), verb("edit"), errand, text="取两份文件")
    with connection():
        assert type(errand).get_by_id(errand.id).version == errand.version + 1


def test_private_texts_stay_outside_the_signed_bytes_and_the_log(office: Office):
    done = office.act(office.desk("孙倩"), verb("finish"), ask(office), remark="门卫不在")
    with connection():
        row = Act.get(Act.uid == done.uid)
        kept = ActPrivate.get(ActPrivate.act == done.uid)
        logged = [bytes(leaf.data).decode() for leaf in LogLeaf.select()]
    assert "门卫不在" not in bytes(row.bytes).decode() and kept.text == "门卫不在"
    assert not any("门卫不在" in leaf or "孙倩" in leaf for leaf in logged)


def test_text_that_is_not_nfc_is_refused_and_not_changed(office: Office):
    with pytest.raises(Invalid, match=r"acts\.not_nfc"):
        ask(office, "Cafe\u0301")


def test_an_argument_of_another_kind_is_refused(office: Office):
    with pytest.raises(Invalid, match=r"acts\.argument"):
        gate.prepare(office.desk("杨帆"), rollout.advance, phase="2")


def test_the_log_agrees_and_says_so_when_an_act_was_altered(office: Office):
    done = office.act(office.desk("孙倩"), verb("finish"), ask(office), remark="好")
    log.integrate()
    log.checkpoint()
    assert log_check.verify().ok
    with transaction():
        drop_guards()
        row = Act.get(Act.uid == done.uid)
        altered = bytes(row.bytes).replace(b"errands.finish", b"errands.finito")
        Act.update(bytes=altered).where(Act.uid == done.uid).execute()
    problems = log_check.verify().problems
    assert [(one.where, "altered" in one.what) for one in problems] == [(f"act {done.uid}", True)]


def test_an_act_removed_from_its_table_is_missed(office: Office):
    done = office.act(office.desk("孙倩"), verb("finish"), ask(office), remark="好")
    with transaction():
        drop_guards()
        Act.delete().where(Act.uid == done.uid).execute()
    assert [one.where for one in log_check.verify().problems] == [f"act {done.uid}"]


def test_an_object_of_another_kind_than_the_verbs_is_refused(office: Office):
    """Whatever class of object is handed in: the body never meets one that it was not made for."""
    errand, proposal = ask(office), propose(office)
    with pytest.raises(TypeError, match="takes"):
        gate.prepare(office.desk("何静"), confirm.confirm, errand)
    with pytest.raises(TypeError, match="takes"):
        gate.prepare(office.desk("孙倩"), verb("finish"), proposal, remark="好")
    with pytest.raises(TypeError, match="takes"):
        gate.prepare(office.desk("孙倩"), verb("finish"), remark="好")
    with pytest.raises(TypeError, match="takes"):
        gate.prepare(office.desk("林晓梅"), verb("ask"), errand, text="取文件")
