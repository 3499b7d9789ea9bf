"""A month as the calendar page draws it: weeks of days, each with what is due or takes place."""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from msgspec import Struct, field

from kernel.portal.i18n import _
from kernel.portal.words import day_cn, weekday_cn
from kernel.work.calendar import Calendar, Day, working_days

IN_CELL = 3
"""So many items stand in the cell of a day; the others are in the list."""


class CalendarItem(Struct, frozen=True):
    """Something on a day: a deadline, or what a plugin has there (a meeting).

    :ivar at: its time, where it has one. :ivar due: whether it is a deadline, shown with how much
        time is left.
    """

    day: date
    label: str
    href: str
    note: str = ""
    at: datetime | None = None
    due: bool = False


class Cell(Struct, frozen=True):
    """One day of the month's table. :ivar said: what the calendar says of it (休, 班)."""

    day: date
    inside: bool
    today: bool
    works: bool
    said: Day | None
    items: Sequence[CalendarItem] = field(default_factory=tuple)

    @property
    def shown(self) -> Sequence[CalendarItem]:
        """What the cell has room for."""
        return self.items[:IN_CELL]

    @property
    def more(self) -> int:
        """How many are in the list only."""
        return max(len(self.items) - IN_CELL, 0)


class Month(Struct, frozen=True):
    """The month of a page. :ivar first, last: its days."""

    first: date

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first.replace(day=calendar.monthrange(self.first.year, self.first.month)[1])

    @property
    def text(self) -> str:
        """``2026-11``, as in the address."""
        return f"{self.first:%Y-%m}"

    def other(self, by: int) -> Month:
        """The month before (-1) or after (1)."""
        if by > 0:
            return Month(self.last + timedelta(days=1))
        return Month((self.first - timedelta(days=1)).replace(day=1))


def rest_day_note(day: date) -> str:
    """The sentence for who chooses a day off as a deadline; empty where the day is worked.

    Of a year whose holidays are not entered it says that nobody knows.
    """
    days = working_days()
    if days.works(day):
        return "" if days.published(day.year) else unknown_note(day.year)
    said, before = days.of(day), days.after(day, -1)
    what = said.name if said is not None else weekday_cn(day)
    return _(
        "所选日期%(day)s是休息日（%(what)s），对方可能无人办理；前一个工作日是%(before)s。",
        day=day_cn(day),
        what=what,
        before=day_cn(before),
    )


def unknown_note(year: int) -> str:
    """The sentence for a year whose holidays are not entered."""
    return _(
        "%(year)s年放假安排还没有录入，只把周末算作休息日，涉及这一年的时限可能不准。"
        "系统管理员在“工作日历”中录入后即按新安排计算。",
        year=year,
    )


def month_of(text: str, today: date) -> Month:
    """The month that an address asks for, ``2026-11``; the present one for anything else."""
    year, _, month = text.partition("-")
    if len(text) == 7 and text.isascii() and year.isdigit() and month.isdigit():
        if 2000 <= int(year) <= 2100 and 1 <= int(month) <= 12:
            return Month(date(int(year), int(month), 1))
    return Month(today.replace(day=1))


def weeks(
    month: Month, days: Calendar, items: Iterable[CalendarItem], today: date
) -> list[list[Cell]]:
    """The weeks of a month, Monday first, each of seven days."""
    by_day: dict[date, list[CalendarItem]] = {}
    for item in items:
        by_day.setdefault(item.day, []).append(item)
    rows = calendar.Calendar(0).monthdatescalendar(month.first.year, month.first.month)
    return [
        [
            Cell(
                day, day.month == month.first.month, day == today, days.works(day), days.of(day),
                tuple(by_day.get(day, ())),
            )
            for day in row
        ]
        for row in rows
    ]  # fmt: skip
