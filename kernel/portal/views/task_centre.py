"""The task centre: what waits, from all plugins, in the same five tabs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from kernel.acts import tasks
from kernel.acts.models import URGENT, Task
from kernel.acts.subjects import kinds
from kernel.crypto.ids import now
from kernel.exchange.models import Delivery
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.i18n import Lazy, _, _l, speaking
from kernel.portal.items import href_of
from kernel.portal.lists import (
    Column,
    Count,
    Fetch,
    Filter,
    ListQuery,
    ListSpec,
    Sort,
    counting,
    from_query,
)
from kernel.portal.parts import Tab
from kernel.portal.urls import url
from kernel.portal.views import stars
from kernel.portal.views.batches import reading_verb
from kernel.portal.words import about, end_of, local, marks_of, step_of

TAB_NAMES = {
    "todo": _l("待办"),
    "toread": _l("待阅"),
    "doing": _l("在办"),
    "done": _l("办结"),
    "drafts": _l("待发"),
}
EMPTY = {
    "todo": _l("没有待办事项。新的来件会出现在这里，“待办”旁显示件数。"),
    "toread": _l("没有待阅事项。收到的文件会出现在这里，看过后标记为已阅。"),
    "doing": _l("您经手的事项都已办结，没有还在别处办理的。"),
    "done": _l("还没有办结的事项。您经手的事项办结后会列在这里。"),
    "drafts": _l("没有待发的草稿。起草后还没有送出的会列在这里。"),
}
STARRED = "starred"
SIGNING = "签收"
"""The step of a delivery that waits to be signed for."""


def tabs(ctx: Ctx, current: str) -> list[Tab]:
    """The five tabs, the same for all plugins, and what the person has starred."""
    counts = ctx.waiting.counts
    found = [
        Tab(str(TAB_NAMES[tab]), url("tasks", tab=tab), tab == current, counts.get(tab))
        for tab in tasks.TABS
    ]
    return [*found, Tab(_("收藏"), url("tasks", tab=STARRED), current == STARRED)]


def _spec(ctx: Ctx, tab: tasks.Tab, choosable: Callable[[Task], bool]) -> ListSpec:
    return ListSpec(
        title=_l("待办中心"),
        columns=(
            Column("title", _l("事项"), "title"),
            Column("step", _step_label(tab), value=step_of),
            Column("sender", _l("送办人"), "person"),
            Column("created", _l("送达时间"), "time"),
            *_last_column(tab),
        ),
        sorts=_SORTS,
        default_sort="urgent" if tab == "todo" else "new",
        filters=(
            Filter("type", _l("事项类型"), _sources(ctx), _l("全部类型")),
            *_FILTERS,
        ),
        search_hint=_l("按标题、文号、送办人查找"),
        empty=EMPTY[tab],
        href=lambda task: href_of(task.kind, task.subject),
        meta=about,
        tags=marks_of,
        choosable=choosable,
    )  # fmt: skip


def _step_label(tab: tasks.Tab) -> Lazy:
    return _l("现在环节") if tab == "doing" else _l("环节")


def _last_column(tab: tasks.Tab) -> tuple[Column, ...]:
    if tab in ("doing", "done"):
        return (Column("done", _l("我的办理时间"), "time"),)
    return (Column("due", _l("办理时限"), "due", sort="due"),)


LIMITS: dict[str, Lazy] = {
    "late": _l("已超期"),
    "today": _l("今日到期"),
    "week": _l("七日内到期"),
    "none": _l("没有时限"),
}


DEGREES: dict[str, Lazy] = {"特急": _l("特急"), "加急": _l("加急"), "平件": _l("平件")}
"""The words of the editor (条例 art. 9). The two degrees that only telegrams have besides count
with their neighbours: 特提 as 特急, 平急 as 平件."""


_SORTS = (
    Sort("urgent", _l("按缓急，再按时限"), "hurry", field=tasks.hurry()),
    Sort("due", _l("按时限由近到远"), "due", field=Task.due, nulls=True),
    Sort("new", _l("按送达时间，新的在前"), "id", descending=True, field=Task.id),
    Sort("old", _l("按送达时间，旧的在前"), "id", field=Task.id),
)
_FILTERS = (
    Filter("urgency", _l("紧急程度"), tuple(DEGREES.items()), _l("全部缓急")),
    Filter("limit", _l("办理时限"), tuple(LIMITS.items()), _l("全部时限")),
)


def _limit(which: str) -> Any:
    """The condition behind a choice of the filter over limits."""
    moment = now()
    if which == "none":
        return Task.due.is_null()
    if which == "late":
        return Task.due < moment
    end = end_of(local(moment).date() + timedelta(days=0 if which == "today" else 7))
    return (Task.due >= moment) & (Task.due <= end)


def _degree(which: str) -> Any:
    """The condition behind a choice of the filter over degrees of urgency."""
    if which == "特急":
        return Task.urgency.in_(("特提", "特急"))
    return Task.urgency == which if which == "加急" else Task.urgency.not_in(URGENT[:3])


FILTERS: dict[str, Callable[[str], Any]] = {
    "type": lambda value: Task.plugin == value,
    "urgency": _degree,
    "limit": _limit,
}


def _search(text: str) -> Any:
    return Task.title.contains(text) | Task.meta.contains(text) | Task.sender.contains(text)


def _sources(ctx: Ctx) -> tuple[tuple[str, str], ...]:
    """What a matter may belong to: only who has objects has matters."""
    own = [("exchange", _("公文交换")), ("acts", _("双人复核"))]
    board, owners = switchboard(), {one.kind.partition(".")[0] for one in kinds().all()}
    plugins = [(name, board.title(name, ctx.language)) for name in sorted(ctx.plugins & owners)]
    return (*own, *plugins)


def _choosable(ctx: Ctx, tab: tasks.Tab) -> Callable[[Task], bool]:
    """Which rows may be ticked: those that one button does in this tab."""
    if tab == "toread":
        return lambda task: reading_verb(task.kind) is not None
    may = tab == "todo" and ctx.desk.has("exchange.handle")
    return lambda task: may and task.kind == Delivery.kind and task.step == SIGNING


def tasks_page(ctx: Ctx) -> Response:
    """The task centre: five tabs over everything, with filters, search, counts and paging; and
    what was starred."""
    asked = ctx.query.get("tab", "todo")
    if asked == STARRED:
        return _starred(ctx)
    tab: tasks.Tab = next((one for one in tasks.TABS if one == asked), "todo")
    with speaking(ctx.language):
        spec = _spec(ctx, tab, _choosable(ctx, tab))
        fetch, count = _rows(ctx, tab, spec)
        fetch = _where_now(fetch) if tab == "doing" else _first_quickly(ctx, tab, fetch)
        return ctx.show_list(
            "home/tasks.html", spec, fetch, url("tasks"),
            total=_total(ctx, tab, count),
            tabs=tabs(ctx, tab), tab=tab,
        )  # fmt: skip


def _rows(ctx: Ctx, tab: tasks.Tab, spec: ListSpec) -> tuple[Fetch, Count]:
    """What finds the rows of a tab, and what counts them; built when one of them is asked."""

    def rows() -> Any:
        return tasks.query(ctx.desk, tab, ctx.plugins | ROOMS)

    def fetched(query: ListQuery, limit: int) -> Sequence[Any]:
        fetch = from_query(rows(), spec, ident=Task.uid, filters=FILTERS, search=_search)
        return fetch(query, limit)

    def counted(query: ListQuery) -> int:
        return counting(rows(), filters=FILTERS, search=_search)(query)

    return fetched, counted


def _starred(ctx: Ctx) -> Response:
    with speaking(ctx.language):
        spec, shelf = stars.spec(_sources(ctx)), stars.Shelf(ctx)
        return ctx.show_list(
            "home/tasks.html", spec, shelf.fetch, url("tasks"), total=shelf.count,
            tabs=tabs(ctx, STARRED), tab=STARRED,
        )  # fmt: skip


def _first_quickly(ctx: Ctx, tab: tasks.Tab, fetch: Fetch) -> Fetch:
    """The same rows; of a first page that nothing narrows, by a statement that stands ready."""

    def fetched(query: ListQuery, limit: int) -> Sequence[Any]:
        plain = not (query.text or query.filters or query.cursor)
        plugins = ctx.plugins | ROOMS
        first = tasks.first_page(ctx.desk, tab, plugins, query.sort, limit) if plain else None
        return fetch(query, limit) if first is None else first

    return fetched


def _total(ctx: Ctx, tab: tasks.Tab, count: Count) -> Count:
    """How many there are: what the tabs say, as long as nothing narrows the list."""

    def counted(query: ListQuery) -> int:
        known = None if query.text or query.filters else ctx.waiting.counts.get(tab)
        return count(query) if known is None else known

    return counted


def _where_now(fetch: Fetch) -> Fetch:
    """The rows with the step at which each matter stands now, in the organ of the desk."""

    def fetched(query: Any, limit: int) -> Sequence[Any]:
        rows = fetch(query, limit)
        now_: Any = Task.select(Task.subject, Task.organ, Task.step, Task.step_en).where(
            Task.subject.in_([row.subject for row in rows]) & Task.done.is_null()
        )
        found = {(subject, organ): names for subject, organ, *names in now_.tuples()}
        for row in rows:
            names = found.get((row.subject, row.organ), (row.step, row.step_en))
            row.step, row.step_en = names  # only to be shown
        return rows

    return fetched
