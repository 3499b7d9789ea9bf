"""What ``log verify`` says of a node that nobody attacked, at moments when something is under way:
nothing (row 7)."""

from __future__ import annotations

from datetime import timedelta

import pytest

from kernel.acts import outbox
from kernel.acts.house import confirm, keys
from kernel.acts.models import Effect
from kernel.crypto import ids, suites
from kernel.crypto.ids import now, stamp
from kernel.exchange.consenting import refuse_recall
from kernel.exchange.deadlines import set_deadline
from kernel.exchange.inbound import sign_for
from kernel.exchange.machine import take_up
from kernel.exchange.recalling import recall
from kernel.identity import enrolments
from kernel.identity.authenticators import Offered
from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.exchange.after import sender_does, signed
from tests.exchange.notice import CPCO, GEDU, GFIN, opened, signed_for
from tests.exchange.test_machine import made
from tests.plugins.people import HEAD

pytestmark = pytest.mark.both


def said() -> list[str]:
    with connection():
        return [f"{one.where}: {one.what}" for one in log_check.verify().problems]


def in_two_days(office: Office) -> None:
    until = stamp(now() + timedelta(days=2))
    sender_does(office, set_deadline, sign_by=until, units=[], reason="x")


def test_a_recall_is_recorded_before_the_receipt_of_who_signed_for_it(office: Office):
    in_two_days(office)
    opened(office, GFIN)
    signed(office, GFIN, sign_for)()
    signed(office, CPCO, recall, reason="w", ask=True)()
    waiting = (Effect.handler == "exchange.settle") & (Effect.state == "queued")
    with transaction():
        Effect.update(due=now() + timedelta(minutes=15)).where(waiting).execute()
    outbox.drain()
    assert said() == []
    with transaction():
        Effect.update(due=now()).where(waiting).execute()
    outbox.drain()
    assert said() == []


def test_a_recall_is_refused_before_it_is_recorded(office: Office):
    signed_for(office, GFIN)
    signed(office, CPCO, recall, reason="w", ask=True)()
    signed(office, GFIN, refuse_recall, reason="n")()
    assert said() == []
    outbox.drain()
    assert said() == []


def test_a_recall_elsewhere_is_taken_up_of_what_had_a_deadline(office: Office):
    in_two_days(office)
    take_up(made(GEDU, "X2", state_to="recalled"))
    assert said() == []


def test_a_key_is_offered_by_a_clock_that_was_ahead(office: Office):
    slot = {"person": office.post(HEAD).person.uid, "kind": "soft", "label": "x"}
    code = office.act(office.desk("何静"), keys.open_enrolment, **slot).result
    offered = Offered(suites.public_b64(suites.new_key()), {})
    ids.set_clock(lambda: ids._system_clock() + timedelta(hours=1))
    try:
        with transaction():
            enrolments.offer(enrolments.by_code(code), offered)
    finally:
        ids.set_clock(None)
    given = {**slot, "public_key": offered.public_key, "binding": {}}
    proposal = office.act(office.desk("何静"), keys.issue_key, **given).result
    office.act(office.desk("杨帆"), confirm.confirm, proposal)
    assert said() == []
