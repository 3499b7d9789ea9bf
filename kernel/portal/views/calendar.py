"""The calendar: working days, one's own deadlines, and what plugins have there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any

from starlette.responses import Response

from kernel.acts import tasks
from kernel.acts.house.calendar import LONGEST, set_day
from kernel.acts.models import Task
from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.plugins.bus import bus
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.fields import Choice, Date, Text
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.items import href_of
from kernel.portal.month import CalendarItem, month_of, unknown_note, weeks
from kernel.portal.parts import Tab
from kernel.portal.urls import url
from kernel.portal.words import local, step_of
from kernel.work.calendar import Calendar, EnteredDay, day_begins, working_days

MOST = 500
"""So many deadlines of one month are looked for; more than anybody can do."""


def _deadlines(ctx: Ctx, first: date, last: date) -> list[CalendarItem]:
    start, end = day_begins(first), day_begins(last + timedelta(days=1))
    mine = tasks.query(ctx.desk, "todo", ctx.plugins | ROOMS)
    rows = mine.where((Task.due >= start) & (Task.due < end)).order_by(Task.due, Task.id)
    return [_deadline(row) for row in rows.limit(MOST)]


def _deadline(row: Task) -> CalendarItem:
    due: Any = row.due
    where = href_of(row.kind, row.subject)
    return CalendarItem(local(due).date(), row.title, where, step_of(row), due, due=True)


def _of_plugins(ctx: Ctx, first: date, last: date) -> list[CalendarItem]:
    answers = bus().gather(
        "calendar_items", among=ctx.plugins, desk=ctx.desk, first=first, last=last
    )
    return [item for _name, answer in answers for item in answer if first <= item.day <= last]


def _order(item: CalendarItem) -> tuple[date, bool, Any]:
    return item.day, item.at is None, item.at or 0


def calendar_page(ctx: Ctx) -> Response:
    """One month, as a table or as a list."""
    today = local(now()).date()
    month = month_of(ctx.query.get("month", ""), today)
    view = "list" if ctx.query.get("view") == "list" else "month"
    days = working_days()
    with speaking(ctx.language):
        found = _deadlines(ctx, month.first, month.last)
        found += _of_plugins(ctx, month.first, month.last)
        items = sorted(found, key=_order)

        def here(**changes: str) -> str:
            return url("calendar", **{"month": month.text, "view": view, **changes})

        return ctx.render(
            "calendar/calendar.html",
            title=_("日历"),
            month=month,
            view=view,
            weeks=weeks(month, days, items, today),
            items=items,
            before=here(month=month.other(-1).text),
            after=here(month=month.other(1).text),
            present=here(month=""),
            as_list=here(view="list"),
            tabs=[
                Tab(_("月历"), here(view="month"), view == "month", None),
                Tab(_("列表"), here(view="list"), view == "list", len(items)),
            ],
            working=days.between(month.first, month.last),
            unknown=_unknown(days, month.first),
            sources=days.sources(month.first, month.last),
        )


def _unknown(days: Calendar, first: date) -> str:
    """What to say of the year of a month, or in its last quarter of the next one, if not known."""
    near = [first.year, first.year + 1] if first.month > 9 else [first.year]
    return next((unknown_note(year) for year in near if not days.published(year)), "")


class DayForm(Form):
    """One day of the working-day calendar."""

    day = Date(_l("日期"), required=True)
    works = Choice(
        _l("这一天"), [("off", _l("放假")), ("work", _l("上班"))], radio=True, required=True,
        default="off",
    )  # fmt: skip
    name = Text(_l("名称"), limit=LONGEST["name"], required=True, hint=_l("如“春节”。"))
    source = Text(
        _l("依据"), limit=LONGEST["source"], required=True, hint=_l("写明发布的文件，便于核对。")
    )


def days_page(ctx: Ctx) -> Response:
    """Enter the holidays and make-up days of a year, day by day."""
    with speaking(ctx.language):
        form = DayForm(ctx.form if ctx.posted else None)
        if ctx.posted and form.validate():
            try:
                ctx.do(set_day, **_facts(form))
            except OfficeError as error:
                form.refuse(error)
            else:
                ctx.say(_("已保存，全部单位的时限随即按新的日历计算。"))
                return ctx.go("admin:calendar")
        return ctx.render(
            "admin/calendar.html",
            status=422 if ctx.posted else 200,
            title=_("工作日历"),
            form=form,
            rows=_entered(),
            missing=[unknown_note(year) for year in working_days().missing(local(now()).date())],
        )


def _facts(form: DayForm) -> dict[str, Any]:
    day: Any = form.day.data
    texts = {"name": form.name.data, "source": form.source.data}
    return {"day": day.isoformat(), "works": form.works.data == "work", **texts}


def _entered() -> Sequence[EnteredDay]:
    return list(EnteredDay.select().order_by(EnteredDay.day.desc()).limit(200))
