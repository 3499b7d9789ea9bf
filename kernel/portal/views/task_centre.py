"""The task centre: what waits, from all plugins, in the same five tabs."""

from __future__ import annotations

from starlette.responses import Response

from kernel.acts import tasks
from kernel.acts.models import Task
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.items import href_of
from kernel.portal.lists import Column, Filter, ListSpec, Sort, from_query
from kernel.portal.parts import Tab
from kernel.portal.routing import SIGNED_IN, page
from kernel.portal.urls import url

TAB_NAMES = {
    "todo": _l("待办"),
    "toread": _l("待阅"),
    "doing": _l("在办"),
    "done": _l("已办"),
    "drafts": _l("待发"),
}
URGENT = ("特急", "加急")


def tabs(ctx: Ctx, current: str) -> list[Tab]:
    """The five tabs, the same for all plugins."""
    counts = ctx.waiting.counts
    return [
        Tab(str(TAB_NAMES[tab]), url("tasks", tab=tab), tab == current, counts.get(tab))
        for tab in tasks.TABS
    ]


def _spec(ctx: Ctx) -> ListSpec:
    kinds = tuple((name, title) for name, title in _sources(ctx))
    return ListSpec(
        title=_l("待办中心"),
        columns=(
            Column("title", _l("事项"), "title"),
            Column("step", _l("环节")),
            Column("sender", _l("送办人"), "person"),
            Column("created", _l("送达时间"), "time"),
            Column("due", _l("办理时限"), "due"),
        ),
        sorts=(
            Sort("new", _l("按收到时间"), "id", descending=True, field=Task.id),
            Sort("old", _l("按时间由远到近"), "id", field=Task.id),
        ),
        default_sort="new",
        filters=(Filter("type", _l("事项类型"), kinds),),
        search_hint=_l("按标题、文号查找"),
        empty=_l("没有待办事项。新的来件会出现在这里，并在左侧提醒您。"),
        href=lambda task: href_of(task.kind, task.subject),
        meta=lambda task: task.meta,
        tags=lambda task: (task.urgency,) if task.urgency in URGENT else (),
    )


def _sources(ctx: Ctx) -> list[tuple[str, str]]:
    from kernel.plugins.switches import switchboard

    own = [("exchange", _("公文交换")), ("acts", _("双人复核"))]
    board = switchboard()
    return own + [(name, board.title(name, ctx.language)) for name in sorted(ctx.plugins)]


@page("/tasks", name="tasks", level=SIGNED_IN)
def tasks_page(ctx: Ctx) -> Response:
    """The task centre: five tabs over everything, with filter, search and paging."""
    asked = ctx.query.get("tab", "todo")
    tab: tasks.Tab = next((one for one in tasks.TABS if one == asked), "todo")
    with speaking(ctx.language):
        spec = _spec(ctx)
        fetch = from_query(
            tasks.query(ctx.desk, tab, ctx.plugins | ROOMS),
            spec,
            ident=Task.uid,
            filters={"type": lambda value: Task.plugin == value},
            search=lambda text: Task.title.contains(text) | Task.meta.contains(text),
        )
        return ctx.show_list(
            "home/tasks.html", spec, fetch, url("tasks"), tabs=tabs(ctx, tab),
            reading=tab == "toread",
        )  # fmt: skip
