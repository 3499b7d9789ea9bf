"""The log of all acts, for who audits: who did what to what, without its contents."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

from starlette.responses import Response

from kernel.acts.models import Act
from kernel.acts.verbs import verbs
from kernel.crypto.ids import now
from kernel.deferred import pattern
from kernel.identity.models import Person, Post, Unit
from kernel.identity.rights import rights
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, _l, language, speaking
from kernel.portal.lists import Column, Filter, ListSpec, Sort, from_query
from kernel.portal.urls import url
from kernel.portal.words import local
from kernel.storage import log
from kernel.work.calendar import day_begins

KINDS = {
    "exchange.package": _l("公文包"),
    "exchange.delivery": _l("来文"),
    "seals.seal": _l("印章"),
    "acts.proposal": _l("复核事项"),
}
"""What the kernel's own kinds are called; of a plugin's it is said which plugin's they are."""
PERIODS = {"today": (_l("今天"), 0), "week": (_l("近 7 天"), 6), "month": (_l("近 30 天"), 29)}
WEIGHTS = {"signed": _l("签名"), "recorded": _l("留痕")}
PARAMS = (
    "organ",
    "plugin",
    "level",
    "post",
    "taker",
    "person",
    "phase",
    "day",
    "what",
    "on",
    "given",
)
"""The public parameters of the kernel's own acts that say what they were done to, as they are
told."""
_UID = pattern("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}([0-9a-f]{8})")


class _Names:
    """Names of persons, units, plugins and levels, read once for a page."""

    def __init__(self) -> None:
        self.people = {one.uid: one.name for one in Person.select(Person.uid, Person.name)}
        self.units = {one.code: one.short_name for one in Unit.select(Unit.code, Unit.short_name)}
        posts: Any = Post.select(Post.uid, Person.name).join(Person)
        self.posts: dict[str, str] = dict(posts.tuples())

    def of(self, name: str, value: object) -> str:
        """What a public parameter of an act says of its object; empty if it is not told."""
        text = str(value)
        if name in ("on", "given"):
            words = (_("启用"), _("停用")) if name == "on" else (_("授予"), _("收回"))
            return words[not value]
        if name in ("person", "post", "taker"):
            return self.people.get(text) or self.posts.get(text, "")
        found = {
            "plugin": lambda: switchboard().title(text, language()),
            "level": lambda: self._level(text),
            "organ": lambda: self.units.get(text, text),
            "phase": lambda: _("第%(n)s阶段", n=text),
            "day": lambda: text,
            "what": lambda: _UID.sub(r"…\1", text),
        }
        return found[name]() if name in found else ""

    @staticmethod
    def _level(name: str) -> str:
        one = rights().levels.get(name)
        return name if one is None else one.title_en if language() == "en" else one.title


def _object(act: Act, names: _Names) -> str:
    """What it was done to, and which one: never its title, which is content."""
    if act.kind:
        called = KINDS.get(act.kind)
        plugin = act.kind.partition(".")[0]
        title = str(called) if called else switchboard().title(plugin, language())
        return f"{title} …{act.subject[-8:]}"
    if not act.verb.startswith("house."):
        return ""
    params = json.loads(bytes(act.bytes))["params"]
    told = [(name, params[name]) for name in PARAMS if name in params]
    said = [names.of(name, value) for name, value in told if value != act.organ]
    return " · ".join(dict.fromkeys(word for word in said if word))


def _spec() -> ListSpec:
    names = _Names()
    organs = Unit.select(Unit.code, Unit.short_name).where(Unit.box).order_by(Unit.id)
    return ListSpec(
        title=_l("审计日志"),
        columns=(
            Column("verb", _l("动作"), "title", value=_title),
            Column("object", _l("对象"), value=lambda act: _object(act, names)),
            # Of three characters, because names of two are spaced out to the width of three.
            Column(
                "person",
                _l("办理人"),
                "person",
                value=lambda act: names.people.get(act.person) or _("本节点"),
            ),
            Column("organ", _l("单位"), value=lambda act: names.units.get(act.organ, "")),
            Column("weight", _l("记录方式"), value=lambda act: str(WEIGHTS[act.weight])),
            Column("at", _l("时间"), "time"),
        ),
        sorts=(Sort("new", _l("按时间"), "id", descending=True, field=Act.id),),
        default_sort="new",
        filters=(
            Filter(
                "organ",
                _l("单位"),
                tuple((one.code, one.short_name) for one in organs),
                _l("全部单位"),
            ),
            Filter("weight", _l("记录方式"), tuple(WEIGHTS.items()), _l("全部方式")),
            Filter(
                "period",
                _l("时间"),
                tuple((name, label) for name, (label, _days) in PERIODS.items()),
                _l("全部时间"),
            ),
        ),
        entries=True,
        search_hint=_l("按动作名称或办理人查找"),
        empty=_l("还没有办理记录。"),
    )


def _title(act: Act) -> str:
    return verbs().title_of(act.verb, language())


def _since(period: str) -> Any:
    today = local(now()).date()
    return Act.at >= day_begins(today - timedelta(days=PERIODS[period][1]))


def _called(text: str) -> Any:
    """The acts whose verb has this in its title, in one of the languages, or in its name, and those
    of the persons who are called so.

    Verbs of a plugin that is gone have nothing but their name left.
    """
    wanted = text.casefold()
    titled = [
        one.name
        for one in verbs().all()
        if wanted in one.title.casefold() or wanted in one.title_en.casefold()
    ]
    people = Person.select(Person.uid).where(Person.name.contains(text))
    return Act.verb.in_(titled) | Act.verb.contains(text) | Act.person.in_(people)


def log_page(ctx: Ctx) -> Response:
    """All acts of the node, the newest first, for the audit administrator; no contents."""
    with speaking(ctx.language):
        spec = _spec()
        fetch = from_query(
            Act.select(),
            spec,
            ident=Act.uid,
            filters={
                "organ": lambda code: Act.organ == code,
                "weight": lambda weight: Act.weight == weight,
                "period": _since,
            },
            search=_called,
        )
        return ctx.show_list("admin/log.html", spec, fetch, url("admin:log"), size=log.size())
