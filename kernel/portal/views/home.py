"""The home page and the task centre."""

from __future__ import annotations

from datetime import timedelta

from markupsafe import Markup
from starlette.responses import Response

from kernel.acts import tasks
from kernel.acts.models import Task
from kernel.crypto.ids import now
from kernel.plugins.bus import bus
from kernel.portal import words
from kernel.portal.ctx import Ctx
from kernel.portal.frame import ROOMS, drawable
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.items import href_of
from kernel.portal.lists import Column, Filter, ListSpec, Sort, from_query
from kernel.portal.panels import Panel
from kernel.portal.parts import Tab, TaskRow
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


def row(task: Task) -> TaskRow:
    """A task as the table shows it."""
    return TaskRow(
        uid=task.uid,
        title=task.title,
        href=href_of(task.kind, task.subject),
        meta=task.meta,
        step=task.step,
        person=task.sender,
        at=task.created,
        due=task.due,
        tags=(task.urgency,) if task.urgency in URGENT else (),
    )


def tabs(ctx: Ctx, current: str, name: str) -> list[Tab]:
    """The five tabs, the same for all plugins."""
    counts = tasks.counts(ctx.desk, ctx.plugins | ROOMS)
    return [
        Tab(str(TAB_NAMES[tab]), url(name, tab=tab), tab == current, counts.get(tab))
        for tab in tasks.TABS
    ]


@page("/", name="home", level=SIGNED_IN)
def home(ctx: Ctx) -> Response:
    """What is there for me to do, what is most urgent, where do I click."""
    desk, moment = ctx.desk, now()
    with speaking(ctx.language):
        open_tasks = tasks.query(desk, "todo", ctx.plugins | ROOMS)
        soon = open_tasks.order_by(Task.due.is_null(), Task.due, Task.id.desc()).limit(8)
        dues = [task.due for task in open_tasks.limit(500) if task.due is not None]
        return ctx.render(
            "home/home.html",
            title=_("工作台"),
            greeting=_greeting(words.local(moment).hour),
            today=moment,
            overdue=sum(due < moment for due in dues),
            due_today=sum(moment <= due < moment + timedelta(hours=24) for due in dues),
            rows=[row(task) for task in soon],
            total=open_tasks.count(),
            tabs=tabs(ctx, "todo", "tasks"),
            drafts=tasks.counts(desk, ctx.plugins | ROOMS).get("drafts", 0),
            panels=_panels(ctx),
            actions=_actions(ctx),
        )


def _panels(ctx: Ctx) -> list[tuple[Panel, Markup]]:
    """The cards of the plugins, drawn one by one: one that cannot be drawn is left out."""
    drawn: list[tuple[Panel, Markup]] = []
    for name, answer in bus().gather("home_panels", among=ctx.plugins, desk=ctx.desk):
        for panel in answer:
            with bus().isolated(name, "home_panels"):
                drawn.append((panel, ctx.fragment(panel.template, panel=panel, **panel.context)))
    return drawn


def _actions(ctx: Ctx) -> list[tuple[str, str, str]]:
    answers = bus().gather("home_actions", among=ctx.plugins, desk=ctx.desk)
    items = [drawable(item) for _name, answer in answers for item in answer]
    return [(item.label, item.href, item.icon) for item in items]


def _greeting(hour: int) -> str:
    if hour < 12:
        return _("上午好")
    return _("下午好") if hour < 18 else _("晚上好")


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
            "home/tasks.html", spec, fetch, url("tasks"), tabs=tabs(ctx, tab, "tasks"),
            reading=tab == "toread",
        )  # fmt: skip
