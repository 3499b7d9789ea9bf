"""Help: how to do what everybody does, and a topic for each page."""

from __future__ import annotations

from starlette.responses import Response

from kernel.errors import NotFound
from kernel.identity.desk import require
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.routing import PUBLIC, SIGNED_IN
from kernel.portal.topics import Topic, topics
from kernel.portal.urls import url


def help_page(ctx: Ctx) -> Response:
    """How to do the few things that everybody does, and the topics of the pages of this desk."""
    with speaking(ctx.language):
        return ctx.render("account/help.html", title=_("使用帮助"), groups=_groups(ctx))


def topic_page(ctx: Ctx, topic: str) -> Response:
    """One topic. Before sign-in only those of the pages that stand at the door."""
    among = ctx.plugins if ctx.desk_or_none is not None else frozenset[str]()
    found = topics().named(topic, among)
    if found is None or not found.door:
        require(ctx.desk_or_none)
    if found is None:
        raise NotFound(
            "portal.no_topic",
            "没有这个帮助主题，或所属插件未启用。请从“使用帮助”中重新选择。",
            "There is no such topic, or its plugin is off. Choose another one under Help.",
        )
    with speaking(ctx.language):
        return ctx.render(
            "account/topic.html",
            title=_("帮助：%(title)s", title=found.title[ctx.language]),
            texts=found.texts[ctx.language],
            way=_way(ctx, found),
            beside=[one for one in _open_to(ctx) if one.plugin == found.plugin and one != found],
        )


def _open_to(ctx: Ctx) -> list[Topic]:
    """The topics of which this desk may open a page; it has passed the door."""
    if ctx.desk_or_none is None:
        return []
    on = {"", *ctx.plugins}
    rows = [one for one in topics().all if one.plugin in on and not one.door]
    return [one for one in rows if any(_may(ctx, path) for path in one.pages)]


def _may(ctx: Ctx, path: str) -> bool:
    level = topics().level(path)
    return level in (PUBLIC, SIGNED_IN) or bool(level and ctx.desk.has(level))


def _way(ctx: Ctx, topic: Topic) -> str:
    """The page itself, where its address needs nothing more and this desk may open it."""
    if ctx.desk_or_none is None or topic.door:
        return ""
    return next((path for path in topic.pages if "{" not in path and _may(ctx, path)), "")


def _groups(ctx: Ctx) -> list[tuple[str, list[tuple[str, str]]]]:
    """The topics that this desk can use: the house's under headings of its own, then by plugin."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for one in _open_to(ctx):
        title = _heading(ctx, one)
        link = one.title[ctx.language], url("help:topic", topic=one.name)
        groups.setdefault(title, []).append(link)
    return list(groups.items())


def _heading(ctx: Ctx, topic: Topic) -> str:
    if topic.plugin:
        manifest = switchboard().manifests[topic.plugin]
        return manifest.title_en or manifest.title if ctx.language == "en" else manifest.title
    first = topic.pages[0]
    if first.startswith("/admin"):
        return _("管理")
    return _("收发公文") if first.startswith(("/exchange", "/files")) else _("工作台和个人")
