"""The working-day calendar: which days are worked, with statutory holidays and make-up days.

What the State Council's office has published is shipped (``data/reference/calendars/cn.json``, each
year with its source); an administrator enters what is published later, or differs here. A year of
which not enough is known counts Monday to Friday, and says so (:meth:`Calendar.published`).

>>> calendar = working_days()
>>> calendar.after(date(2026, 9, 30), 1)
datetime.date(2026, 10, 8)
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache
from typing import Any

import peewee
from msgspec import Struct

from kernel.settings import ROOT
from kernel.storage.database import Model

CHINA = timezone(timedelta(hours=8), "Asia/Shanghai")
SHIPPED = ROOT / "data" / "reference" / "calendars" / "cn.json"
STATUTORY = 13
"""Days off that every year has by law, 全国年节及纪念日放假办法 (国务院令第795号).

With fewer of them entered, the arrangement of a year is not there yet, or not all of it.
"""
FARTHEST = 3660
"""Calendar days that counting goes at most; a deadline further away is a mistake."""


class EnteredDay(Model):
    """A day that an administrator has entered: it is worked, or it is not. ``act`` says who."""

    day = peewee.CharField(unique=True)
    works = peewee.BooleanField()
    name = peewee.CharField()
    source = peewee.CharField()
    act = peewee.CharField()

    class Meta:
        """One row a day."""

        table_name = "work_day"


MODELS = [EnteredDay]


class Day(Struct, frozen=True):
    """What is said of one day. :ivar works: worked or off. :ivar name: such as 国庆节."""

    works: bool
    name: str
    source: str


@cache
def _shipped() -> dict[date, Day]:
    found: dict[date, Day] = {}
    for facts in json.loads(SHIPPED.read_text("utf-8"))["years"].values():
        found |= _of_year(facts)
    return found


def _of_year(facts: Mapping[str, Any]) -> dict[date, Day]:
    found: dict[date, Day] = {}
    for name, (first, last) in facts["off"].items():
        day, end = date.fromisoformat(first), date.fromisoformat(last)
        while day <= end:
            found[day] = Day(False, name, facts["source"])
            day += timedelta(days=1)
    for name, days in facts["work"].items():
        for text in days:
            found[date.fromisoformat(text)] = Day(True, name, facts["source"])
    return found


class Calendar:
    """Which days are worked. :param special: the days of which something is said."""

    def __init__(self, special: Mapping[date, Day]) -> None:
        self._special = special
        off = Counter(day.year for day, said in special.items() if not said.works)
        self._years = {year for year, days in off.items() if days >= STATUTORY}

    def of(self, day: date) -> Day | None:
        """What is said of a day; None for one that follows the week."""
        return self._special.get(day)

    def works(self, day: date) -> bool:
        """Whether a day is worked."""
        said = self._special.get(day)
        return day.weekday() < 5 if said is None else said.works

    def published(self, year: int) -> bool:
        """Whether the holidays of a year are known; otherwise only the week counts.

        A single day of it, such as a local one, does not make a year known.
        """
        return year in self._years

    def missing(self, day: date) -> list[int]:
        """The years that are not known, of this one and the next: those that deadlines reach."""
        return [year for year in (day.year, day.year + 1) if not self.published(year)]

    def sources(self, first: date, last: date) -> list[str]:
        """Where the days between two days are from, each once."""
        found = [said.source for day, said in sorted(self._special.items()) if first <= day <= last]
        return list(dict.fromkeys(found))

    def after(self, day: date, count: int) -> date:
        """The day so many working days later (earlier for a negative count); 0 is the day itself.

        :raises ValueError: further than ten years (a defect).
        """
        step = timedelta(days=1 if count > 0 else -1)
        left = abs(count)
        for _ in range(FARTHEST):
            if not left:
                return day
            day += step
            left -= self.works(day)
        raise ValueError(f"{count} working days are further than ten years")

    def between(self, first: date, last: date) -> int:
        """How many days are worked from one day to another, both included."""
        days = (last - first).days + 1
        return sum(self.works(first + timedelta(days=n)) for n in range(max(days, 0)))


def working_days() -> Calendar:
    """The calendar of this node: what is shipped, and over it what was entered here."""
    entered = {
        date.fromisoformat(row.day): Day(row.works, row.name, row.source)
        for row in EnteredDay.select()
    }
    return Calendar({**_shipped(), **entered})


def local_day(moment: datetime) -> date:
    """The day of a moment in Asia/Shanghai; a naive one is taken as UTC."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(CHINA).date()


def day_begins(day: date, at: time = time()) -> datetime:
    """The moment at which a day begins in Asia/Shanghai, or another time of it (UTC)."""
    return datetime.combine(day, at, CHINA).astimezone(UTC)


def a_working_day_on(moment: datetime) -> datetime:
    """The same time of day one working day later: Friday noon gives Monday noon."""
    day = local_day(moment)
    return moment + (working_days().after(day, 1) - day)
