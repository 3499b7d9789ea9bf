"""Rows of which the newest counts, or that stand for themselves: renumbered, put in, taken out.

Grants, switches, delegations, guards, facts and seals: what was taken away by an act comes back if
its row gets a higher number by SQL, and no column of it says anything else than was signed.
"""

# ruff: noqa: S608  # these are the statements of an attacker

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from kernel.acts.house.delegating import delegate, end_delegation
from kernel.acts.house.grants import grant
from kernel.acts.house.switches import switch_plugin
from kernel.crypto.ids import now, stamp
from kernel.storage import log_check
from kernel.storage.database import connection, db, savepoint, transaction
from kernel.testing_office import Office
from tests.dialect import here
from tests.kernel.test_delegation import DIRECTOR, HEAD, REVIEW

pytestmark = pytest.mark.both
ORGAN = "620700-CPCO"
SWITCH = "plugins_activation"
FACT = "INSERT INTO identity_node_fact (key, value) VALUES ('{}', '{}')"
CHANGES = [
    ("grant ", "UPDATE identity_grant SET id = id + 100 WHERE given"),
    (f"switch of documents for {ORGAN}", f'UPDATE {SWITCH} SET id = id + 100 WHERE "on"'),
    ("delegation ", "UPDATE identity_delegation SET ended = '2020-01-01T00:00:00.000Z'"),
    ("delegation ", "UPDATE identity_delegation SET ended = NULL"),
    ("delegation of act ", "DELETE FROM identity_delegation"),
    (
        "guard put-in",
        "INSERT INTO plugins_guard (name, verbs, act, removed) VALUES ('put-in', '[]', 'x', false)",
    ),
    ("guard secrecy", """UPDATE plugins_guard SET verbs = '["*"]'"""),
    ("guard secrecy", "UPDATE plugins_guard SET act = 'x'"),
    ("node fact hold", FACT.format("hold", '{"why": "restored"}')),
    ("node fact epoch", FACT.format("epoch", "7")),
    ("seal ", "UPDATE seals_seal SET certificate = certificate || 'x' WHERE id = 1"),
]


class UndoneError(Exception):
    """Rolls back a change."""


def story(office: Office) -> None:
    """A right is given and taken, a plugin switched on and off, one of two delegations ended."""
    admin, operator = office.desk("何静"), office.desk("杨帆")
    for given in (True, False):
        office.act(admin, grant, post=office.post("王芳").uid, level="house.switch", given=given)
        office.act(operator, switch_plugin, organ=ORGAN, plugin="documents", on=given)
    taker, giver = office.post(HEAD), office.desk(DIRECTOR)
    to = {"taker": taker.uid, "person": taker.person.uid, "kind": "delegate", "names": [REVIEW]}
    period = {"starts": stamp(now()), "ends": stamp(now() + timedelta(days=1))}
    given = [office.act(giver, delegate, **to, **period).result for _ in range(2)]
    office.act(giver, end_delegation, delegation=given[0].uid)


def found_after(change: str) -> log_check.Report:
    """What ``log verify`` says after a change, which is then undone."""
    reports: list[log_check.Report] = []
    with suppress(UndoneError), savepoint():
        db.execute_sql(here(change))
        reports.append(log_check.verify())
        raise UndoneError
    return reports[0]


def test_rows_that_were_renumbered_put_in_or_ended_by_sql_are_named(office: Office):
    story(office)
    with connection():
        before = log_check.verify()
        assert before.problems == [] and before.notes == []
    missed: list[str] = []
    with suppress(UndoneError), transaction():
        for place, change in CHANGES:
            found = found_after(change).problems
            if not any(one.where.startswith(place) for one in found):
                missed.append(f"{change}: {place!r} is not in {found[:3]}")
            missed += [f"not in both languages: {one}" for one in found if " / " not in one.what]
        raise UndoneError
    assert missed == []


def test_a_switch_that_no_dependency_explains_is_told_as_a_note(office: Office):
    """It may be older than an upgrade, so it is no difference; who reads the report looks it up."""
    story(office)
    with suppress(UndoneError), transaction():
        copied = 'SELECT organ, \'secrecy\', "on", act, at FROM plugins_activation WHERE NOT "on"'
        report = found_after(f'INSERT INTO {SWITCH} (organ, plugin, "on", act, at) {copied}')
        raise UndoneError
    assert report.problems == []
    assert {one.where for one in report.notes} == {f"switch of secrecy for {ORGAN}"}
