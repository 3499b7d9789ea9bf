"""Of two who race one wins; the other gets a signed refusal that he can keep and verify."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernel.acts import gate, outbox
from kernel.acts.models import Act
from kernel.errors import Conflict, OfficeError
from kernel.exchange.ending import void
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.recalling import recall
from kernel.exchange.refusals import TooLate
from kernel.exchange.resending import resend
from kernel.storage import log, log_check
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.after import codes, proved, recipient_does, signed, verifies_alone
from tests.exchange.notice import CLERKS, CPCO, GEDU, GFIN, browser_of, delivery, evidence, opened
from tests.exchange.test_crash import everybody_signs
from tests.faults.frozen import Frozen
from tests.faults.interleave import every_order

WHY = "附件有误"


def acts() -> int:
    with connection():
        return int(Act.select().count())


def test_sign_for_after_a_recall_gets_a_refusal_that_verifies(office: Office, tmp_path: Path):
    opened(office, GFIN)
    late = signed(office, GFIN, sign_for)
    signed(office, CPCO, recall, reason=WHY)()
    with pytest.raises(TooLate) as caught:
        late()
    assert "未成立回执" in caught.value.zh and "601" in caught.value.en
    outbox.drain()
    facts = proved(GFIN, "X14")
    assert codes(GFIN, "X14") == ["601"]
    assert facts.act is not None and facts.act.verb == "exchange.sign_for"
    assert facts.evidence.actor.unit == GFIN
    assert delivery(GFIN).state == "recalled" and evidence(GFIN, "C1") == []
    assert verifies_alone(tmp_path) == "0"
    log.integrate()
    assert log_check.verify().ok


def test_recall_after_all_have_signed_gets_a_refusal_for_each(office: Office):
    late = signed(office, CPCO, recall, reason=WHY)
    organs = everybody_signs(office)
    with pytest.raises(TooLate):
        late()
    refused = [row.organ for row in evidence(type_="X3")]
    assert sorted(refused) == sorted(organs)
    facts = proved(GFIN, "X3")
    assert facts.act is not None and facts.act.verb == "exchange.recall"
    assert facts.evidence.actor.unit == CPCO and codes(GFIN, "X3") == ["600"]


def test_a_refusal_is_one_act_one_leaf_each_and_nothing_is_refused_twice(office: Office):
    opened(office, GFIN)
    late = signed(office, GFIN, send_back, reason="重复来文")
    signed(office, CPCO, void, reason=WHY)()
    before = acts()
    with pytest.raises(TooLate):
        late()
    assert acts() == before + 1
    assert len(evidence(GFIN, "X14")) == 1 and codes(GFIN, "X14") == ["602"]
    with pytest.raises(Conflict):
        late()
    assert acts() == before + 1 and len(evidence(GFIN, "X14")) == 1


def test_what_was_never_signed_is_not_refused_in_writing(office: Office):
    opened(office, GFIN)
    signed(office, CPCO, recall, reason=WHY)()
    with pytest.raises(TooLate):
        signed(office, GFIN, sign_for)
    assert evidence(type_="X14") == []


def test_a_forged_signature_gets_no_refusal(office: Office):
    opened(office, GFIN)
    desk = office.desk(CLERKS[GFIN])
    act = gate.prepare(desk, sign_for, delivery(GFIN))
    other = gate.prepare(desk, send_back, delivery(GFIN), reason="重复来文")
    signed(office, CPCO, recall, reason=WHY)()
    before = acts()
    with pytest.raises(OfficeError):
        gate.perform(desk, act, office.sign(desk, other))
    assert (acts(), evidence(type_="X14")) == (before, [])


def test_the_loser_finds_his_refusal_on_the_page_and_others_do_not(office: Office):
    opened(office, GFIN)
    late = signed(office, GFIN, sign_for)
    signed(office, CPCO, recall, reason=WHY)()
    with pytest.raises(TooLate):
        late()
    outbox.drain()
    (row,) = evidence(GFIN, "X14")
    place = f"/exchange/evidence/{row.uid}"
    mine = browser_of(office, GFIN)
    assert place in mine.get(f"/exchange/inbox/{delivery(GFIN).uid}").text
    got = mine.get(place)
    assert (got.status_code, got.content) == (200, bytes(row.record))
    assert browser_of(office, CPCO).get(place).content == bytes(row.record)
    assert browser_of(office, GEDU).get(place).status_code == 404


Race = tuple[Callable[[Office], Any], Callable[[Office], Any]]
RACES: dict[str, Race] = {
    "recall and sign for": (
        lambda office: signed(office, CPCO, recall, reason=WHY),
        lambda office: signed(office, GFIN, sign_for),
    ),
    "return and void": (
        lambda office: signed(office, GFIN, send_back, reason="重复来文"),
        lambda office: signed(office, CPCO, void, reason=WHY),
    ),
    "resend and recall": (
        lambda office: signed(office, CPCO, resend, units=[GEDU], reason="误退"),
        lambda office: signed(office, CPCO, recall, reason=WHY),
    ),
    "void and void": (
        lambda office: signed(office, CPCO, void, reason=WHY),
        lambda office: signed(office, CPCO, void, reason=WHY),
    ),
    "sign for and return": (
        lambda office: signed(office, GFIN, sign_for),
        lambda office: signed(office, GFIN, send_back, reason="重复来文"),
    ),
}


@pytest.mark.database("sqlite")  # threads that wait for a row cannot be stopped at will
@pytest.mark.parametrize("race", RACES)
def test_in_every_order_one_wins_and_the_other_has_his_refusal(
    office: Office, tmp_path: Path, race: str
):
    opened(office, GFIN)
    opened(office, GEDU)
    recipient_does(office, GEDU, send_back, reason="重复来文")
    calls = [make(office) for make in RACES[race]]
    frozen = Frozen(tmp_path)

    def scene() -> list[Callable[[], object]]:
        frozen.restore()
        return calls

    winners = set()
    for run in every_order(scene):
        assert run.defects == [], run.order
        won = [number for number, one in enumerate(run.results) if not isinstance(one, Exception)]
        winners.add(won[0] if len(won) == 1 else 2)
        refusals = [row for row in evidence() if row.type in ("X3", "X14")]
        written = {row.act for row in refusals}
        late = [one for one in run.refused if isinstance(one, TooLate)]
        assert len(written) == len(late), (run.order, run.refused)
        assert len(won) >= 1
    assert len(winners) == 2, "each of the two wins in some order"
    outbox.drain()
    took = {row.type for row in evidence(GFIN) if row.type in ("C1", "C2", "X2", "X4")}
    assert len(took) <= 1
    log.integrate()
    assert log_check.verify().ok
