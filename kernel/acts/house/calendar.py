"""Entering days into the working-day calendar, for holidays that are published later."""

from __future__ import annotations

from datetime import date

from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.errors import Invalid
from kernel.identity.desk import Desk
from kernel.work.calendar import EnteredDay

LONGEST = {"name": 20, "source": 100}


def _fits(desk: Desk, *, day: str, works: bool, name: str, source: str) -> None:
    try:
        good = len(day) == 10 and 2000 <= date.fromisoformat(day).year <= 2100
    except ValueError:
        good = False
    if not good:
        raise Invalid(
            "house.day",
            "日期请按“2026-11-28”的样式填写，年份在 2000 至 2100 年之间。",
            "Write the day like 2026-11-28, between 2000 and 2100.",
            field="day",
        )
    for field, text in (("name", name), ("source", source)):
        if not text.strip() or len(text) > LONGEST[field] or any(ord(sign) < 32 for sign in text):
            raise Invalid(
                "house.day_words",
                f"请填写 1 到 {LONGEST[field]} 字，不能换行。",
                f"Write 1 to {LONGEST[field]} characters on one line.",
                field=field,
            )


@act(
    "house.set_day",
    title="设置工作日历",
    title_en="Set a day of the calendar",
    level="calendar",
    weight="recorded",
    check=_fits,
)
def set_day(desk: Desk, *, day: str, works: bool, name: str, source: str) -> None:
    """Let a day be worked or off, for all organs of the node.

    :param day: ``2027-02-05``. :param source: the document that says so.
    """
    facts = {"works": works, "name": name.strip(), "source": source.strip(), "act": this_act()}
    EnteredDay.insert(day=day, **facts).on_conflict(
        conflict_target=[EnteredDay.day], update=facts
    ).execute()
