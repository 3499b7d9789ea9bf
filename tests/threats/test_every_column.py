"""Each column that is listed as compared, changed by SQL in an existing row: each is named (row 7).

docs/columns.toml says who compares which column. Here an office in which everything has happened
is changed in every one of them, and rows are taken out and put in; ``log verify`` names each.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import pytest

from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.house import columns
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

Later = Callable[[timedelta], None]
EACH = 4
"""So many rows of one table are changed together, where they can be told apart."""


@pytest.mark.both
def test_each_column_that_is_listed_as_compared_is_named(office: Office, later: Later):
    unnamed = _unnamed(office, later, most=1, each=EACH)
    assert unnamed == []


@pytest.mark.both
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


def test_every_table_of_the_list_has_its_places_and_every_reason_is_about_a_column():
    assert PLACES.keys() == compared().keys()
    listed = {f"{table}.{name}" for table, names in compared().items() for name in names}
    assert WHICH.keys() <= listed | compared().keys()
    assert columns.listed().keys() >= PLACES.keys()
