"""Background work that failed: why, since when, and the button that has it done again."""

from __future__ import annotations

from typing import Any

import peewee
from starlette.responses import Response

from kernel.acts import outbox
from kernel.acts.house.effects import MOST, do_again
from kernel.acts.models import Act, Effect
from kernel.acts.verbs import verbs
from kernel.errors import OfficeError
from kernel.identity.models import Unit
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, _l, language, speaking
from kernel.portal.lists import Column, Filter, ListSpec, Sort, from_query
from kernel.portal.page import Message
from kernel.portal.urls import url
from kernel.portal.views.batches import chosen

STATES = {"given_up": _l("已停办"), "waiting": _l("重试中")}


def why(row: Any) -> str:
    """The reason in words; a defect has a number in its place."""
    said = row.reason or {}
    if sentence := said.get("en" if language() == "en" else "zh"):
        return str(sentence)
    if number := said.get("incident"):
        return _(
            "程序出错，故障编号 %(number)s。请把编号交给运维人员，改正后重新办理。", number=number
        )
    return _("没有记下原因。可以重新办理一次，原因会记在这里。")


def _title(row: Any) -> str:
    return verbs().title_of(row.verb, language()) if row.verb else _("系统自动办理")


def _spec() -> ListSpec:
    units = {one.code: one.short_name for one in Unit.select(Unit.code, Unit.short_name)}
    return ListSpec(
        title=_l("后台事项"),
        columns=(
            Column("verb", _l("所属办理"), "title", value=_title),
            Column("reason", _l("没有办成的原因"), value=why),
            Column("organ", _l("单位"), value=lambda row: units.get(row.organ, "")),
            Column("attempts", _l("已试次数"), "number"),
            Column("created", _l("开始时间"), "time"),
        ),
        filters=(Filter("state", _l("状态"), tuple(STATES.items())),),
        sorts=(
            Sort("new", _l("按开始时间由近到远"), "id", descending=True, field=Effect.id),
            Sort("old", _l("按开始时间由远到近"), "id", field=Effect.id),
        ),
        default_sort="new",
        entries=True,
        search_hint=_l("按后台任务名称查找（如 exchange.build）"),
        empty=_l("没有停办或正在重试的后台事项，全部按时办成。"),
        uid="key",
        meta=lambda row: str(row.handler),
        tags=lambda row: [str(STATES["given_up" if row.state == "failed" else "waiting"])],
    )


def _troubled() -> Any:
    query: Any = Effect.select(Effect, Act.verb.alias("verb"), Act.organ.alias("organ"))
    joined = query.join(Act, peewee.JOIN.LEFT_OUTER, on=(Effect.act == Act.uid))
    return joined.where(outbox.troubled()).objects()


def effects_page(ctx: Ctx) -> Response:
    """What was given up and what is still tried, with the reason; no contents."""
    with speaking(ctx.language):
        fetch = from_query(
            _troubled(),
            _spec(),
            ident=Effect.key,
            filters={"state": lambda value: Effect.state == _STATE[value]},
            search=lambda text: Effect.handler.contains(text),
        )
        return ctx.show_list("admin/effects.html", _spec(), fetch, url("admin:effects"))


_STATE = {"given_up": "failed", "waiting": "queued"}


def again_page(ctx: Ctx) -> Response:
    """Have the chosen ones done again, or as many as were given up."""
    if ctx.form.get("all") == "1":
        rows = Effect.select(Effect.key).where(Effect.state == "failed").order_by(Effect.id)
        keys = [row.key for row in rows.limit(MOST)]
    else:
        keys = chosen(ctx)
    try:
        count = ctx.do(do_again, effects=keys)
    except OfficeError as error:
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go("admin:effects")
    with speaking(ctx.language):
        ctx.say(_("已安排重新办理 %(n)s 项。稍后刷新本页，办成的不再列出。", n=count))
    return ctx.go("admin:effects")
