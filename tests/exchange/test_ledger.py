"""Evidence that was edited or removed behind the platform's back is named by ``log verify``."""

import runpy

import pytest

from kernel.exchange.models import Evidence
from kernel.settings import ROOT
from kernel.storage import log, log_check
from kernel.storage.database import connection, db, transaction
from kernel.testing_office import Office
from tests.dialect import here
from tests.exchange.notice import GFIN, signed_for


def problems(sql: str) -> str:
    with transaction():
        db.execute_sql(here(sql))
    log.integrate()
    return "\n".join(f"{where} {what}" for where, what in log_check.verify().problems)


def test_an_untouched_exchange_has_nothing_to_say(office: Office):
    signed_for(office, GFIN)
    with connection():
        log.size()
    log.integrate()
    assert log_check.verify().ok


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("UPDATE exchange_evidence SET record = '{}' WHERE type = 'C1'", "was altered"),
        ("DELETE FROM exchange_evidence WHERE type = 'C1'", "its row is gone"),
        ("UPDATE exchange_delivery SET state = 'signed' WHERE state = 'delivered'", "is signed"),
        ("UPDATE exchange_evidence SET uid = 'x' WHERE type = 'C1'", "has no leaf"),
    ],
)
def test_tampering_by_sql_is_named(office: Office, sql: str, said: str):
    signed_for(office, GFIN)
    assert said in problems(sql)


def test_a_spoilt_leaf_is_named_and_does_not_end_the_check(office: Office):
    signed_for(office, GFIN)
    log.integrate()
    with transaction():
        db.execute_sql(here("DROP TRIGGER log_leaf_no_update"))
    assert problems("UPDATE log_leaf SET data = x'ff' WHERE id = 3")


@pytest.mark.both
def test_the_time_of_old_evidence_becomes_the_one_that_it_says(office: Office):
    """Version 0.1 kept the time at which the node wrote it down."""
    signed_for(office, GFIN)
    script = ROOT / "kernel" / "exchange" / "tables" / "0004_times_of_evidence.py"
    with transaction():
        Evidence.update(at="2020-01-01T00:00:00.000Z").execute()
    assert not log_check.verify().ok
    with transaction():
        runpy.run_path(str(script))["up"](None, db.obj)
    assert log_check.verify().problems == []
