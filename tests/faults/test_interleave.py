"""Rivals in every order: one wins, the other is told, and nothing is between the two."""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernel.acts import gate, numbers, outbox
from kernel.acts.models import Series
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.recalling import recall
from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.exchange.notice import CLERKS, CPCO, GFIN, delivery, evidence, opened, package
from tests.faults.frozen import Frozen
from tests.faults.interleave import Call, every_order, seeded_orders

pytestmark = pytest.mark.database("sqlite")  # a thread that waits for a row cannot be stopped


def performing(office: Office, name: str, verb: Any, subject: Any, **given: str) -> Call:
    """A person prepares an act and signs it; calling the result performs it."""
    desk = office.desk(name)
    act = gate.prepare(desk, verb, subject, **given)
    signature = office.sign(desk, act)
    return lambda: gate.perform(desk, act, signature)


def preparing(office: Office, name: str, verb: Any, subject: Any, **given: str) -> Call:
    """The same, with the preparation within the race."""
    desk = office.desk(name)

    def whole() -> object:
        act = gate.prepare(desk, verb, subject, **given)
        return gate.perform(desk, act, office.sign(desk, act))

    return whole


def test_recall_and_sign_for_in_every_order_have_one_winner(office: Office, tmp_path: Path):
    item = opened(office, GFIN)
    calls = [
        preparing(office, CLERKS[CPCO], recall, package(), reason="附件有误"),
        preparing(office, CLERKS[GFIN], sign_for, item),
    ]
    frozen = Frozen(tmp_path)

    def scene() -> list[Callable[[], object]]:
        frozen.restore()
        return calls

    orders, ends = set(), Counter()
    for run in every_order(scene):
        assert run.defects == []
        orders.add(run.order)
        claim = delivery(GFIN).claim
        ends[claim] += 1
        refused = [error.code for error in run.refused]
        assert len(refused) == (claim == "recall"), (run.order, refused)
    assert len(orders) == sum(ends.values()) > 10
    assert set(ends) == {"recall", "sign_for"}
    outbox.drain()
    assert len(evidence(GFIN, "C1")) + len(evidence(GFIN, "X2")) == 1
    assert log_check.verify().ok


def test_sign_for_and_send_back_in_every_order(office: Office, tmp_path: Path):
    item = opened(office, GFIN)
    calls = [
        performing(office, CLERKS[GFIN], sign_for, item),
        performing(office, CLERKS[GFIN], send_back, item, reason="重复来文"),
    ]
    frozen = Frozen(tmp_path)

    def scene() -> list[Callable[[], object]]:
        frozen.restore()
        return calls

    for run in every_order(scene):
        assert (run.defects, len(run.refused)) == ([], 1)
    assert delivery(GFIN).claim == "send_back"


def test_the_driver_finds_a_number_that_is_read_outside_its_transaction(
    office: Office, tmp_path: Path
):
    with transaction():
        numbers.open_at(CPCO, "试", 2026, 5)
    frozen = Frozen(tmp_path)

    def careless() -> int:
        with connection():
            free = Series.get(Series.name == "试").next
        with transaction():
            Series.update(next=free + 1).where(Series.name == "试").execute()
        return int(free)

    def scene() -> list[Callable[[], object]]:
        frozen.restore()
        return [careless, careless]

    results = {tuple(run.results) for run in every_order(scene)}
    assert results == {(5, 6), (6, 5), (5, 5)}
    drawn = [run.order for run in seeded_orders(scene, 20, seed=7)]
    assert drawn == [run.order for run in seeded_orders(scene, 20, seed=7)]
    assert len(set(drawn)) > 1
