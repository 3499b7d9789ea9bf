"""Several acts under one signature: each by itself, none twice, and one that fails stops nobody."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.acts import batch, gate
from kernel.acts.house import keys, switches
from kernel.acts.models import Act, Prepared
from kernel.acts.verbs import verbs
from kernel.crypto import acts_batch, ids
from kernel.errors import Conflict, Invalid, Refused, Unverified
from kernel.identity.authenticators import Signature, authenticators
from kernel.identity.desk import Desk
from kernel.storage import log, log_check
from kernel.storage.database import connection
from kernel.storage.models import LogLeaf
from kernel.testing_office import Office

pytestmark = pytest.mark.plugins(Path(__file__).parent.parent / "toy" / "errands")
CPCO = "620700-CPCO"


@pytest.fixture(autouse=True)
def on(office: Office) -> None:
    office.act(office.desk("孙倩"), switches.switch_plugin, organ=CPCO, plugin="errands", on=True)


def verb(name: str) -> Any:
    return verbs().get(f"errands.{name}")


def ask(office: Office, *texts: str) -> list[Any]:
    desk = office.desk("林晓梅")
    return [office.act(desk, verb("ask"), text=text).result for text in texts]


def prepared(office: Office, desk: Desk, *texts: str) -> batch.PreparedBatch:
    chosen = [(one, {"remark": f"{one.text}好了"}) for one in ask(office, *texts)]
    return batch.prepare_batch(desk, verb("finish"), chosen, back="/errands")


def signed(desk: Desk, data: bytes) -> Signature:
    soft = authenticators().get("soft")
    assert soft is not None
    made = soft.sign(desk.credential, data)
    assert made is not None
    return made


def states(items: Any) -> list[str]:
    from plugins.errands.models import Errand

    with connection():
        return [Errand.get(Errand.uid == one.uid).state for one in items]


def test_one_signature_makes_an_act_and_a_leaf_for_each(office: Office):
    clerk = office.desk("孙倩")
    made = prepared(office, clerk, "取文件", "送文件", "印文件")
    with connection():
        before = LogLeaf.select().count()
    items = batch.perform_batch(clerk, made, signed(clerk, made.statement.bytes))
    assert states(items) == ["done"] * 3 and all(one.act for one in items)
    with connection():
        rows = list(Act.select().where(Act.uid.in_([one.act for one in items])))
        assert {row.signature_kind for row in rows} == {"batch+soft"}
        assert LogLeaf.select().count() == before + 3
    assert log_check.verify().ok


def test_what_cannot_be_done_is_said_before_anybody_signs(office: Office):
    clerk = office.desk("孙倩")
    made = prepared(office, clerk, "取文件", "暂停的单子", "送文件")
    assert [bool(one.code) for one in made.items] == [False, True, False]
    assert made.count == 2 and made.statement.facts["count"] == 2
    items = batch.perform_batch(clerk, made, signed(clerk, made.statement.bytes))
    assert states(items) == ["done", "open", "done"]


def test_one_that_became_stale_does_not_stop_the_others(office: Office):
    clerk = office.desk("孙倩")
    made = prepared(office, clerk, "取文件", "送文件", "印文件")
    changed = made.acts[1].subject
    office.act(office.desk("林晓梅"), verb("edit"), changed, text="送两份文件")
    items = batch.perform_batch(clerk, made, signed(clerk, made.statement.bytes))
    assert [one.code for one in items] == ["", "acts.stale", ""]
    assert states(items) == ["done", "open", "done"]


def test_a_leaf_serves_once(office: Office):
    clerk = office.desk("孙倩")
    made = prepared(office, clerk, "取文件", "送文件")
    signature = signed(clerk, made.statement.bytes)
    batch.perform_batch(clerk, made, signature)
    again = batch.perform_batch(clerk, made, signature)
    assert all(one.code for one in again)
    with connection():
        assert Act.select().where(Act.verb == "errands.finish").count() == 2
    # What the page shows is what stands in the register of acts.
    row = batch.find_batch(clerk, made.nonce)
    assert all(one.act for one in batch.items_of(row))


def test_a_verb_that_did_not_opt_in_is_refused_at_both_doors(office: Office):
    clerk, admin = office.desk("孙倩"), office.desk("何静")
    with pytest.raises(TypeError):
        batch.prepare_batch(clerk, verb("edit"), [(one, {}) for one in ask(office, "取文件")])
    act = gate.prepare(admin, keys.revoke_key, credential=clerk.credential, reason="遗失")
    statement = acts_batch.compose([act.statement.bytes], "x")
    value = acts_batch.fold(statement, [act.statement.bytes], signed(admin, statement).value)[0]
    with pytest.raises(Refused, match=r"acts\.no_batch"):
        gate.perform(admin, act, Signature("batch+soft", value))


def test_a_signature_over_another_choice_does_nothing(office: Office):
    clerk = office.desk("孙倩")
    made, other = prepared(office, clerk, "取文件"), prepared(office, clerk, "送文件")
    items = batch.perform_batch(clerk, made, signed(clerk, other.statement.bytes))
    assert [one.code for one in items] == ["suites.signature"]
    forged = replace(made, statement=other.statement)
    items = batch.perform_batch(clerk, forged, signed(clerk, other.statement.bytes))
    assert [one.code for one in items] == ["acts.batch"]
    assert states(items) == ["open"]


def test_another_session_cannot_use_it(office: Office):
    here, there = office.desk("孙倩"), office.desk("孙倩")
    made = prepared(office, here, "取文件")
    with pytest.raises(Conflict, match=r"acts\.expired"):
        batch.recall_batch(there, made.nonce)
    items = batch.perform_batch(there, made, signed(there, made.statement.bytes))
    assert states(items) == ["open"]


def test_it_is_found_again_as_it_was(office: Office):
    clerk = office.desk("孙倩")
    made = prepared(office, clerk, "取文件", "送文件")
    found = batch.recall_batch(clerk, made.nonce)
    assert found.statement.bytes == made.statement.bytes
    assert [one.arguments for one in found.acts] == [one.arguments for one in made.acts]


def test_two_minutes_later_it_has_run_out(office: Office):
    clerk = office.desk("孙倩")
    made = prepared(office, clerk, "取文件")
    try:
        ids.set_clock(lambda: ids._system_clock() + timedelta(seconds=121))
        with pytest.raises(Conflict, match=r"acts\.expired"):
            batch.recall_batch(clerk, made.nonce)
    finally:
        ids.set_clock(None)


def test_a_defect_in_one_is_an_answer_and_not_the_end(office: Office):
    clerk = office.desk("孙倩")
    broken, sound = ask(office, "取文件", "送文件")
    chosen = [(broken, {"remark": "defect"}), (sound, {"remark": "好"})]
    made = batch.prepare_batch(clerk, verb("finish"), chosen)
    items = batch.perform_batch(clerk, made, signed(clerk, made.statement.bytes))
    assert [one.code for one in items] == ["acts.defect", ""]
    assert states(items) == ["open", "done"]


@pytest.mark.parametrize("count", [0, batch.MOST + 1])
def test_none_and_too_many_are_refused(office: Office, count: int):
    errand = ask(office, "取文件")[0]
    with pytest.raises(Invalid, match=r"acts\.batch_size"):
        batch.prepare_batch(office.desk("孙倩"), verb("finish"), [(errand, {})] * count)
    with connection():
        assert Prepared.select().count() == 0


def test_what_is_chosen_twice_is_done_once(office: Office):
    clerk, errand = office.desk("孙倩"), ask(office, "取文件")[0]
    made = batch.prepare_batch(clerk, verb("finish"), [(errand, {"remark": "好"})] * 2)
    assert made.count == 1


def test_a_tampered_signature_does_nothing(office: Office):
    clerk = office.desk("孙倩")
    made = prepared(office, clerk, "取文件", "送文件")
    good = signed(clerk, made.statement.bytes)
    bad = Signature(good.kind, good.value[:-1] + bytes([good.value[-1] ^ 1]))
    assert all(one.code for one in batch.perform_batch(clerk, made, bad))
    with pytest.raises(Unverified):
        gate.perform(clerk, made.acts[0], good)
    log.integrate()
    assert states(batch.perform_batch(clerk, made, good)) == ["done", "done"]
