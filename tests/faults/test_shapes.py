"""Like states are told from unlike ones: what is looked through once only must really be alike."""

from contextlib import closing
from pathlib import Path

import pytest

from kernel.storage.faults import sqlite3
from tests.faults.bench import Bench
from tests.faults.shapes import Seen, exact, shape


def changed(folder: Path, sql: str) -> None:
    with closing(sqlite3.connect(folder / "juyan.db")) as base:
        base.execute(sql)
        base.commit()


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE exchange_delivery SET state = 'signed' WHERE id = 1",
        "UPDATE acts_effect SET attempts = attempts + 1 WHERE id = 1",
        "DELETE FROM acts_effect WHERE id = (SELECT max(id) FROM acts_effect)",
    ],
)
def test_a_state_a_counter_or_a_row_makes_another_state(place: Bench, sql: str):
    copy, other = place.fresh(), place.fresh()
    assert shape(place, copy, []) == shape(place, other, [])
    changed(other, sql)
    assert shape(place, copy, [])[0] != shape(place, other, [])[0]
    assert exact(copy, 0)[0] != exact(other, 0)[0]


def test_a_file_and_a_promise_make_another_state(place: Bench):
    copy, other = place.fresh(), place.fresh()
    told = [{"ack": "checkpoint", "note": "n"}]
    assert shape(place, copy, told)[0] != shape(place, copy, [])[0]
    next(path for path in (other / "blobs").rglob("*") if path.is_file()).unlink()
    assert shape(place, copy, [])[0] != shape(place, other, [])[0]


def test_at_first_sight_a_lost_promise_and_a_gap_are_seen(place: Bench):
    copy = place.fresh()
    assert shape(place, copy, []) == (shape(place, copy, [])[0], [])
    changed(copy, "UPDATE acts_series SET next = next + 1")
    found = shape(place, copy, [{"ack": "act", "uid": "nobody"}])[1]
    assert sorted({one.partition(" ")[0] for one in found}) == ["I1", "N"]


def test_each_kind_is_looked_through_twice():
    seen = Seen()
    assert [seen.enough(kind) for kind in "aabab"] == [False, False, False, True, False]
    assert seen.looked == 4
