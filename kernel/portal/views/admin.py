"""Switching plugins, with the reasons, and with what failed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Task
from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.identity.models import Post, Unit
from kernel.plugins.bus import bus
from kernel.plugins.manifest import Manifest
from kernel.plugins.switches import Why, switchboard
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.page import Message
from kernel.portal.words import ago


def plugins_page(ctx: Ctx) -> Response:
    """The plugins of this organ: on or off, and why."""
    return _plugins(ctx)


def _plugins(ctx: Ctx, asked: str = "") -> Response:
    """The list; of the plugin *asked* for it says what comes of switching it off."""
    board, comma = switchboard(), ", " if ctx.language == "en" else "、"
    with speaking(ctx.language):
        return ctx.render(
            "admin/plugins.html",
            title=_("插件启停"),
            rows=[_row(ctx, one, comma) for one in board.known()],
            asked=_asked(ctx, asked, comma) if asked else None,
            troubles=[
                (board.title(one.plugin, ctx.language), one.words())
                for one in (_troubles() if _keeps_the_node(ctx) else ())
            ],
        )


def _asked(ctx: Ctx, name: str, comma: str) -> dict[str, Any]:
    """Whom it concerns that a plugin is switched off, and what is left lying."""
    board, organ, taken = switchboard(), ctx.desk.organ_code, _taken(ctx, name)
    mine = Post.select(Post.person).join(Unit).where(Post.active & (Unit.organ == organ))
    lying = (Task.organ == organ) & Task.plugin.in_([name, *taken]) & Task.done.is_null()
    return {
        "name": name,
        "title": board.title(name, ctx.language),
        "others": comma.join(board.title(one, ctx.language) for one in taken),
        "people": mine.distinct().count(),
        "lying": Task.select().where(lying).count(),
    }


def _taken(ctx: Ctx, name: str) -> list[str]:
    """What is switched off along with a plugin."""
    on = switchboard().effective(ctx.desk.organ_code)
    return [one for one in switchboard().dependants(name) if one in on] if name in on else []


def _row(ctx: Ctx, one: Manifest, comma: str) -> dict[str, Any]:
    board, organ = switchboard(), ctx.desk.organ_code
    why = board.why(one.name, organ)
    facts = _reasons(ctx, one, why)
    if one.needs:
        names = comma.join(board.title(need, ctx.language) for need in one.needs)
        facts.append(_("需要：%(names)s", names=names))
    if taken := _taken(ctx, one.name):
        names = comma.join(board.title(other, ctx.language) for other in taken)
        facts.append(_("停用时一并停用：%(names)s", names=names))
    on = board.switched(organ).get(one.name, one.default)
    # A faulty one goes off for good; on it comes only once it works.
    stops = why.code == "on" or (why.code == "faulty" and on and one.name in board.manifests)
    return {
        "plugin": one,
        "why": why,
        "title": board.title(one.name, ctx.language),
        "facts": facts,
        "stops": stops and not one.required,
        "starts": not one.required and why.code in ("off", "needs"),
    }


def _reasons(ctx: Ctx, one: Manifest, why: Why) -> list[str]:
    """Why the organ has a plugin not, and who can do what about it."""
    if why.code == "off":  # who reads this page is the one who may
        return [_("本单位没有启用，您可以在这里启用。")]
    if why.code == "phase":
        who = _("接入阶段由系统管理员在“接入阶段”页提出推进，经另一名管理员复核。")
        return [why.text(ctx.language), who]
    if why.code == "faulty" and _keeps_the_node(ctx):
        if one.name in switchboard().faults:
            return [_("没有装入：%(why)s", why=why.detail), _("请修复或移除，再重新启动节点。")]
        return [
            *(one.words() for one in _troubles(one.name)[:1]),
            _("已暂停使用，直到节点重新启动；请先修复或停用，再重新启动。"),
        ]
    return [] if why.code == "on" else [why.text(ctx.language)]


def _keeps_the_node(ctx: Ctx) -> bool:
    return "system_admin" in ctx.desk.post.roles


class Trouble(Struct, frozen=True):
    """The same failure of a plugin, however often it came."""

    plugin: str
    hook: str
    error: str
    count: int
    last: datetime

    def words(self) -> str:
        """What happened, how often, and when last."""
        values = {"hook": self.hook, "error": self.error, "n": self.count}
        return _(
            "%(hook)s 出错 %(n)s 次，最近 %(time)s：%(error)s", time=ago(self.last, now()), **values
        )


def _troubles(plugin: str = "") -> list[Trouble]:
    """What failed since the node started, equal failures together, the newest first."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for fault in bus().faults:
        if plugin in ("", fault.plugin):
            found.setdefault((fault.plugin, fault.hook, fault.error), []).append(fault.at)
    made = [
        Trouble(*which, len(times), datetime.fromtimestamp(max(times), UTC))
        for which, times in found.items()
    ]
    return sorted(made, key=lambda one: one.last, reverse=True)


def switch_page(ctx: Ctx, name: str) -> Response:
    """Switch a plugin on or off for this organ."""
    on = ctx.form.get("on") == "1"
    works = name in switchboard().effective(ctx.desk.organ_code)
    if not on and works and ctx.form.get("sure") != "1":
        return _plugins(ctx, name)
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
