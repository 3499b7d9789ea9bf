"""The home page: a list for clerks, few large cards for leaders, and whose desks one may take."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup
from starlette.responses import Response

from kernel.acts import agenda, outbox
from kernel.acts.tasks import Row
from kernel.crypto.ids import now
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard
from kernel.portal import words
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.frame import drawable
from kernel.portal.i18n import _, speaking
from kernel.portal.items import href_of
from kernel.portal.panels import Panel
from kernel.portal.parts import TaskRow
from kernel.portal.urls import url
from kernel.portal.views.cards import cards, draw
from kernel.portal.views.desks import desks, lent
from kernel.portal.views.task_centre import tabs
from kernel.portal.words import about, marks_of, step_of

LINES = 8
VIEWS = ("leader", "clerk")


def row(line: Row) -> TaskRow:
    """A task as the table shows it."""
    return TaskRow(
        uid=line.uid,
        title=line.title,
        href=href_of(line.kind, line.subject),
        meta=about(line),
        step=step_of(line),
        person=line.sender,
        at=line.created,
        due=line.due,
        tags=marks_of(line),
    )


def home(ctx: Ctx) -> Response:
    """What is there for me to do, what is most urgent, where do I click.

    ``?view=leader`` and ``?view=clerk`` choose the form; without it the post decides.
    """
    asked = ctx.query.get("view", "")
    view = asked if asked in VIEWS else VIEWS["leader" not in ctx.desk.post.roles]
    with speaking(ctx.language):
        return _leader(ctx) if view == "leader" else _clerk(ctx)


def _leader(ctx: Ctx) -> Response:
    ctx.topic = "home-leader"
    waiting = ctx.waiting
    shown = cards(ctx)
    return ctx.render(
        "home/leader.html",
        cards=[draw(ctx, card, url("home")) for card in shown],
        left=waiting.todo + waiting.toread - len(shown),
        drafts=waiting.drafts,
        **_top(ctx),
    )


def _clerk(ctx: Ctx) -> Response:
    lines = agenda.soonest(ctx.desk, ctx.plugins | ROOMS, ("todo",), LINES)
    return ctx.render(
        "home/home.html",
        rows=[row(line) for line in lines],
        total=ctx.waiting.todo,
        tabs=tabs(ctx, "todo"),
        drafts=ctx.waiting.drafts,
        **_panels(ctx),
        actions=_actions(ctx),
        may_have_cards="leader" in ctx.desk.post.roles,
        **_top(ctx),
    )


def _top(ctx: Ctx) -> dict[str, Any]:
    """What both forms of the page begin with."""
    moment = now()
    return {
        "title": _("工作台"),
        "greeting": _greeting(words.local(moment).hour),
        "today": moment,
        "overdue": ctx.waiting.overdue,
        "due_today": ctx.waiting.today,
        "stuck": outbox.how_many_stuck() if ctx.desk.has("house.effects") else 0,
        "desks": desks(ctx),
        "lent": lent(ctx),
        "down": _titles(ctx, switchboard().down(ctx.desk.organ_code)),
    }


def _panels(ctx: Ctx) -> dict[str, Any]:
    """The cards of the plugins, drawn one by one, and which plugins have one that cannot be."""
    drawn: list[tuple[Panel, Markup]] = []
    failed: list[str] = []
    for name, answer in bus().gather("home_panels", ctx.plugins, failed, desk=ctx.desk):
        for panel in answer:
            with bus().isolated(name, "home_panels", failed):
                drawn.append((panel, ctx.fragment(panel.template, panel=panel, **panel.context)))
    return {"panels": drawn, "missing": _titles(ctx, failed)}


def _titles(ctx: Ctx, names: Iterable[str]) -> list[str]:
    return [switchboard().title(one, ctx.language) for one in dict.fromkeys(names)]


def _actions(ctx: Ctx) -> list[tuple[str, str, str]]:
    answers = bus().gather("home_actions", among=ctx.plugins, desk=ctx.desk)
    items = [drawable(item) for _name, answer in answers for item in answer]
    return [(item.label, item.href, item.icon) for item in items]


def _greeting(hour: int) -> str:
    if hour < 12:
        return _("上午好")
    return _("下午好") if hour < 18 else _("晚上好")
