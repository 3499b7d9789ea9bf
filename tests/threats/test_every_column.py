"""Each column that is listed as compared, changed by SQL in an existing row: each is named (row 7).

docs/columns.toml says who compares which column. Here an office in which everything has happened
is changed in every one of them, and rows are taken out and put in; ``log verify`` names each.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from kernel.acts import outbox
from kernel.acts.models import Notice, Task
from kernel.identity import revocation
from kernel.identity.models import Delegation, RevocationList
from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.exchange.notice import GFIN, delivery, signed_for
from tests.house import columns
from tests.threats import test_numbered_rows
from tests.threats.attacks import drop_guards
from tests.threats.every_column import (
    PLACES,
    WHICH,
    Change,
    UndoneError,
    changes,
    compared,
    found_after,
    let_go_of_references,
    rounds,
)
from tests.threats.full_office import fill

pytestmark = pytest.mark.early
Later = Callable[[timedelta], None]
EACH = 3
"""So many rows of one table are changed together, where they can be told apart."""


def test_each_column_that_is_listed_as_compared_is_named(office: Office, later: Later):
    unnamed = _unnamed(office, later, most=1, each=EACH)
    assert unnamed == []


@pytest.mark.full
def test_each_column_in_several_rows_and_each_change_alone(office: Office, later: Later):
    unnamed = _unnamed(office, later, most=3, each=0)
    assert unnamed == []


def _unnamed(office: Office, later: Later, *, most: int, each: int) -> list[str]:
    fill(office, later)
    with connection():
        assert log_check.verify().problems == []
    missed: list[Change] = []
    wrong: list[str] = []
    with suppress(UndoneError), transaction():
        drop_guards()
        let_go_of_references()
        some = list(changes(most))
        for together in rounds(some, each) if each else [[one] for one in some]:
            found = found_after(*together)
            missed += [one for one in together if not one.is_named(found)]
            wrong += [
                f"not in both languages: {what}" for what in found.values() if " / " not in what
            ]
        # What was altered together may have kept others from being read: each gets its own turn.
        missed = (
            [one for one in missed if each and not one.is_named(found_after(one))]
            if each
            else missed
        )
        raise UndoneError
    return [one.name for one in missed] + wrong


@pytest.mark.both
def test_lists_that_are_all_gone_are_named_though_nothing_was_revoked(office: Office):
    with suppress(UndoneError), transaction():
        RevocationList.delete().execute()
        found = {one.where for one in log_check.verify().problems}
        raise UndoneError
    assert found == {f"list of {name}" for name in revocation.AUTHORITIES}


@pytest.mark.both
def test_notices_of_an_earlier_version_are_no_difference_and_later_ones_need_their_code(
    office: Office,
):
    outbox.drain()
    with suppress(UndoneError), transaction():
        rows = list(Notice.select().order_by(Notice.id))
        Notice.update(code="").where(Notice.id < rows[-2].id).execute()
        before = log_check.verify().problems
        Notice.update(code="", zh="请立即付款").where(Notice.id == rows[-1].id).execute()
        found = {one.where for one in log_check.verify().problems}
        raise UndoneError
    assert before == []
    assert found == {f"notice {rows[-1].uid}"}


@pytest.mark.both
def test_a_delegation_that_was_ended_does_not_come_back_under_another_name(office: Office):
    test_numbered_rows.story(office)
    with suppress(UndoneError), transaction():
        row = Delegation.get(Delegation.ended.is_null(False))
        Delegation.update(uid="another", ended=None).where(Delegation.id == row.id).execute()
        found = {one.where for one in log_check.verify().problems}
        raise UndoneError
    assert found == {f"delegation {row.uid}"}


@pytest.mark.both
def test_a_task_opened_again_on_what_is_finished_is_named(office: Office):
    signed_for(office, GFIN)
    with suppress(UndoneError), transaction():
        done = Task.update(done=None).where(Task.subject == delivery(GFIN).uid)
        done.execute()
        found = [one.where for one in log_check.verify().problems]
        raise UndoneError
    assert [one.endswith(f"on exchange.delivery {delivery(GFIN).uid}") for one in found] == [True]


def test_every_table_of_the_list_has_its_places_and_every_reason_is_about_a_column():
    assert PLACES.keys() == compared().keys()
    listed = {f"{table}.{name}" for table, names in compared().items() for name in names}
    assert {name.removesuffix(".") for name in WHICH} <= listed | compared().keys()
    assert columns.listed().keys() >= PLACES.keys()
