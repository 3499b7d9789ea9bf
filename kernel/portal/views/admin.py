"""Administration so far: switching plugins with the reasons, and the log."""

from __future__ import annotations

from starlette.responses import Response

from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Act
from kernel.acts.verbs import verbs
from kernel.errors import OfficeError
from kernel.identity.models import Person, Unit
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, _l, language, speaking
from kernel.portal.lists import Column, ListSpec, Sort, from_query
from kernel.portal.page import Message
from kernel.portal.routing import page
from kernel.portal.urls import url
from kernel.storage import log


@page("/admin/plugins", name="admin:plugins", level="house.switch")
def plugins_page(ctx: Ctx) -> Response:
    """The plugins of this organ: on or off, and why."""
    board, organ = switchboard(), ctx.desk.organ_code
    with speaking(ctx.language):
        rows = [
            {
                "plugin": one,
                "why": board.why(one.name, organ),
                "needs": [board.title(n, ctx.language) for n in one.needs],
            }
            for one in board.known()
        ]
        return ctx.render(
            "admin/plugins.html",
            title=_("插件启停"),
            rows=rows,
            faults=list(bus().faults) if "system_admin" in ctx.desk.post.roles else [],
        )


@page(
    "/admin/plugins/{name}",
    name="admin:switch",
    level="house.switch",
    methods=("POST",),
    weight="recorded",
)
def switch_page(ctx: Ctx, name: str) -> Response:
    """Switch a plugin on or off for this organ."""
    on = ctx.form.get("on") == "1"
    try:
        moved = ctx.do(switch_plugin, organ=ctx.desk.organ_code, plugin=name, on=on)
    except OfficeError as error:
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go("admin:plugins")
    with speaking(ctx.language):
        board, comma = switchboard(), ", " if ctx.language == "en" else "、"
        names = comma.join(board.title(one, ctx.language) for one in moved)
        ctx.say(
            _("已启用：%(names)s", names=names)
            if on
            else _("已停用：%(names)s。数据保留，重新启用后恢复。", names=names)
        )
    return ctx.go("admin:plugins")


def _spec() -> ListSpec:
    people = {one.uid: one.name for one in Person.select(Person.uid, Person.name)}
    units = {one.code: one.short_name for one in Unit.select(Unit.code, Unit.short_name)}
    return ListSpec(
        title=_l("审计日志"),
        columns=(
            Column(
                "verb",
                _l("动作"),
                "title",
                value=lambda act: verbs().title_of(act.verb, language()),
            ),
            Column(
                "person",
                _l("办理人"),
                "person",
                value=lambda act: people.get(act.person) or _("节点"),
            ),
            Column("organ", _l("单位"), value=lambda act: units.get(act.organ, "")),
            Column(
                "weight",
                _l("分量"),
                value=lambda act: _("签名") if act.weight == "signed" else _("留痕"),
            ),
            Column("at", _l("时间"), "time"),
        ),
        sorts=(Sort("new", _l("按时间"), "id", descending=True, field=Act.id),),
        default_sort="new",
        search_hint=_l("按动作名称查找（如 documents.seal）"),
        empty=_l("还没有办理记录。"),
    )


@page("/admin/log", name="admin:log", level="house.audit")
def log_page(ctx: Ctx) -> Response:
    """All acts of the node, the newest first, for the audit administrator; no contents."""
    with speaking(ctx.language):
        spec = _spec()
        fetch = from_query(
            Act.select(), spec, ident=Act.uid, search=lambda text: Act.verb.contains(text)
        )
        return ctx.show_list("admin/log.html", spec, fetch, url("admin:log"), size=log.size())
