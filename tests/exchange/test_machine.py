"""The states of a delivery: never backwards, one end, each with its evidence."""

import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernel.errors import NotFound, OfficeError, Unverified
from kernel.exchange import records
from kernel.exchange.consenting import agree_recall, refuse_recall
from kernel.exchange.deadlines import note_overdue
from kernel.exchange.ending import void
from kernel.exchange.evidence_types import SETTLED, TYPES
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.losing import reason
from kernel.exchange.machine import ORDER, TRANSITIONS, step, take_up
from kernel.exchange.opening import open_once
from kernel.exchange.recalling import recall
from kernel.exchange.resending import resend
from kernel.exchange.urging import urge
from kernel.storage import log, log_check
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.after import recipient_does, sender_does
from tests.exchange.notice import (
    CLERKS,
    GEDU,
    GFIN,
    browser_of,
    deliveries,
    delivery,
    evidence,
    package,
    signed_for,
)

ENDS = {"C1", "C2", "X2"}
"""签收, 退文, 撤回生效"""
PROOF = {
    "delivered": {"D1"},
    "signed": {"C1"},
    "returned": {"C2"},
    "recalled": {"X2", "X4"},
    "failed": {"D2"},
}
"""The evidence without which a delivery cannot be in a state: one of these."""


@given(st.lists(st.sampled_from(sorted(TYPES)), max_size=40))
def test_whatever_arrives_a_state_never_moves_backwards(events: list[str]):
    state, taken = "accepted", []
    for event in events:
        after = step(state, event)
        if after is None or after == state:
            continue
        assert ORDER.index(after) > ORDER.index(state)
        assert state not in SETTLED or (state, after) == ("failed", "paper")
        taken.append((state, event))
        state = after
    ends = [event for before, event in taken if event in ENDS and before == "delivered"]
    assert len(ends) <= 1, "one of sign-for, return and recall"


def test_the_table_leads_everywhere_and_only_onwards():
    assert {before for before, _ in TRANSITIONS} | set(TRANSITIONS.values()) == set(ORDER)
    assert all(ORDER.index(TRANSITIONS[key]) > ORDER.index(key[0]) for key in TRANSITIONS)


def made(organ: str, type_: str, **more: Any) -> bytes:
    """Evidence of the node about an organ's delivery, as if it came from elsewhere."""
    with connection():
        fact = records.fact(package(), type_, delivery(organ), **more)
        ((_, record),) = records.by_node([fact])
    return record


def failed(organ: str) -> bytes:
    states = {"state_from": "accepted", "state_to": "failed"}
    return made(organ, "D2", reasons=(reason(301),), **states)


def test_a_failure_that_is_reported_after_the_delivery_is_kept_and_not_applied(office: Office):
    signed_for(office, GFIN)
    late = failed(GFIN)
    assert (take_up(late), take_up(late)) == ("conflict", "known")
    assert delivery(GFIN).state == "signed"
    (row,) = evidence(GFIN, "D2")
    assert row.conflict and bytes(row.record) == late
    page = browser_of(office, GFIN).get(f"/exchange/inbox/{delivery(GFIN).uid}").text
    assert "矛盾，未采用" in page
    log.integrate()
    assert log_check.verify().ok


def test_a_recall_that_arrives_after_sign_for_is_a_conflict(office: Office):
    record = made(GFIN, "X2", state_to="recalled")
    signed_for(office, GFIN)
    assert take_up(record) == "conflict" and delivery(GFIN).state == "signed"


def test_evidence_that_fits_moves_or_stands_beside(office: Office):
    assert take_up(made(GEDU, "D3")) == "kept"
    assert take_up(made(GEDU, "X2", state_to="recalled")) == "moved"
    assert delivery(GEDU).state == "recalled"
    log.integrate()
    assert log_check.verify().ok


def test_evidence_about_nothing_here_or_that_does_not_hold_is_refused(office: Office):
    with connection():
        fact = records.fact(package(), "D3", recipient="620700-NOBODY")
        ((_, record),) = records.by_node([fact])
    with pytest.raises(NotFound):
        take_up(record)
    with pytest.raises(Unverified):
        take_up(made(GEDU, "D3").replace(b"local", b"tsa12"))


@pytest.mark.parametrize("seed", [1, 2])
def test_random_acts_leave_every_state_with_its_evidence(office: Office, seed: int):
    draw = random.Random(seed)
    sender: list[tuple[Any, dict[str, Any]]] = [
        (recall, {"reason": "误发", "ask": True}),
        (void, {"reason": "误发"}),
        (urge, {"units": []}),
        (resend, {"units": [GFIN], "reason": "补发"}),
    ]
    recipient: list[tuple[Any, dict[str, Any]]] = [
        (sign_for, {}),
        (send_back, {"reason": "重复来文"}),
        (agree_recall, {}),
        (refuse_recall, {"reason": "已办"}),
    ]
    for _ in range(25):
        before = {row.id: row.state for row in deliveries()}
        organ = draw.choice([GFIN, GEDU, "620702-CPCO"])
        try:
            if draw.random() < 0.2:
                verb, given_ = draw.choice(sender)
                sender_does(office, verb, **given_)
            else:
                with connection():
                    open_once(office.desk(CLERKS[organ]), delivery(organ))
                verb, given_ = draw.choice(recipient)
                recipient_does(office, organ, verb, **given_)
        except OfficeError:
            pass
        note_overdue()
        for row in deliveries():
            assert ORDER.index(row.state) >= ORDER.index(before.get(row.id, row.state))
    for row in deliveries():
        mine = [
            one
            for one in evidence(row.organ)
            if one.delivery == row.copy_uid and one.package_id == row.package_id
        ]
        types = [one.type for one in mine]
        assert PROOF[row.state] & set(types)
        assert len([one for one in types if one in ENDS]) <= 1
    log.integrate()
    assert log_check.verify().ok
