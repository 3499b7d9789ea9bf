"""Identifiers sort by time; a time has one spelling."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from kernel.crypto import ids
from kernel.errors import Invalid


def test_uuid7_sorts_by_time_and_never_repeats():
    made = [ids.uuid7() for _ in range(5000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_uuid7_carries_version_variant_and_the_present_time():
    value = uuid.UUID(ids.uuid7())
    assert value.version == 7
    assert value.variant == uuid.RFC_4122
    made = datetime.fromtimestamp((value.int >> 80) / 1000, UTC)
    assert abs(made - datetime.now(UTC)) < timedelta(seconds=5)


def test_stamp_is_utc_with_milliseconds():
    shanghai = datetime(2026, 11, 22, 16, 0, 0, 999, timezone(timedelta(hours=8)))
    assert ids.stamp(shanghai) == "2026-11-22T08:00:00.000Z"
    assert ids.parse_stamp("2026-11-22T08:00:00.000Z") == datetime(2026, 11, 22, 8, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        ids.stamp(datetime(2026, 1, 1))  # the missing zone is the case


def test_now_survives_a_round_trip():
    moment = ids.now()
    assert ids.parse_stamp(ids.stamp(moment)) == moment


def test_a_given_clock_is_used_until_put_back():
    ids.set_clock(lambda: datetime(2027, 2, 3, 4, 5, 6, 789999, UTC))
    try:
        assert ids.stamp(ids.now()) == "2027-02-03T04:05:06.789Z"
    finally:
        ids.set_clock(None)
    assert ids.now().year < 2027 or ids.now() > datetime(2027, 2, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-22T08:00:00Z",
        "2026-11-22T08:00:00.000+00:00",
        "2026-11-22 08:00:00.000Z",
        "2026-13-22T08:00:00.000Z",
        "２026-11-22T08:00:00.000Z",
        "2026-11-22T08:00:00.000Z\n",
        "",
    ],
)
def test_other_spellings_of_a_time_are_refused(text: str):
    with pytest.raises(Invalid, match="ids.time"):
        ids.parse_stamp(text)
