"""Fills the frame of a page: whose portal, menu, tab bar, messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec.structs import replace

from kernel.acts import hold, notices
from kernel.identity import delegations
from kernel.identity.desk import Desk
from kernel.identity.models import Post, Unit
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard
from kernel.portal.form_tokens import mark_of
from kernel.portal.i18n import _, speaking
from kernel.portal.looks import brand_of
from kernel.portal.menu import house_menu, title_of
from kernel.portal.page import Links, MenuGroup, MenuItem, OtherDesk, Page, PageDesk
from kernel.portal.quiet import wish_of
from kernel.portal.topics import topics
from kernel.portal.urls import url

if TYPE_CHECKING:
    from kernel.portal.ctx import Ctx


def frame(ctx: Ctx, title: str) -> Page:
    """The frame of this request's page."""
    from kernel.portal.ctx import ROOMS, renderer, settings

    desk = ctx.desk_or_none
    theme = renderer().themes[ctx.theme if ctx.theme in renderer().themes else "default"]
    organ = (desk.organ.name, desk.organ.short_name) if desk else _at_the_door(ctx)
    size: Literal["normal", "large"] = "large" if ctx.size == "large" else "normal"
    with speaking(ctx.language):
        counts = ctx.waiting.counts if desk else {}
        page = Page(
            title=title,
            brand=brand_of(ctx.look, theme, *organ),
            messages=tuple([*ctx.flashes, *ctx.said]),
            query=ctx.query.get("q", "") if ctx.path == "/search" else "",
            here=ctx.here if not ctx.posted else ctx.path,
            demo=settings().demo,
            held=hold.held() is not None,
            language=ctx.language,
            size=size,
            links=_links(ctx),
        )
        if desk is None:
            return page
        unread, last, mix = notices.bell(desk.post.uid, ctx.plugins | ROOMS)
        return replace(
            page,
            desk=_page_desk(desk, ctx.posts),
            menu=_menu(ctx, desk, counts),
            tab_bar=_tab_bar(ctx, counts),
            unread=unread,
            popup=bool(wish_of(desk.person.uid).popup),
            live=f"{last}.{unread}.{mix}.0",
            at=mark_of(desk),
        )


def _links(ctx: Ctx) -> Links:
    route = getattr(ctx.request.state, "route", "")
    among = ctx.plugins if ctx.desk_or_none is not None else frozenset()
    topic = topics().named(ctx.topic, among) if ctx.topic else topics().of_page(route, among)
    return Links(
        messages=url("notices"),
        profile=url("me"),
        sign_in=_sign_in(ctx),
        help=url("help:topic", topic=topic.name) if topic is not None else url("help"),
    )


def _sign_in(ctx: Ctx) -> str:
    here = ctx.path if ctx.posted else ctx.here
    return url("login", next=here)


def _at_the_door(ctx: Ctx) -> tuple[str, str]:
    """Whose name stands on pages before sign-in: the organ's that has a look of its own."""
    unit = Unit.get_or_none(Unit.code == ctx.look.organ) if ctx.look.organ else None
    return (unit.name, unit.short_name) if unit is not None else (settings_name(), "")


def settings_name() -> str:
    """The name of the node, for pages before sign-in."""
    from kernel.identity.models import NodeFact

    return str((NodeFact.lasting("genesis") or {}).get("name", ""))


def _page_desk(desk: Desk, posts: list[Post]) -> PageDesk:
    others = [OtherDesk(p.uid, f"{p.unit.short_name} · {p.title}") for p in posts]
    here = desk.post.uid
    for post in posts:
        for row in delegations.to(post):
            giver = Post.get(Post.uid == row.giver)
            what = _("代录") if row.kind == "transcribe" else _("代")
            label = f"{what} {giver.person.name} · {giver.unit.short_name}"
            others.append(OtherDesk(f"delegation:{row.uid}", label))
    if desk.acting is not None:
        here = f"delegation:{desk.acting.delegation}"
    return PageDesk(
        person=desk.name,
        post=desk.post.title,
        unit=desk.unit.short_name,
        organ=desk.organ.name,
        organ_short=desk.organ.short_name,
        others=tuple(other for other in others if other.post != here),
        acting=_acting(desk),
        own=desk.acting.own.uid if desk.acting is not None else "",
    )


def _acting(desk: Desk) -> str:
    if desk.acting is None:
        return ""
    if desk.acting.kind == "transcribe":
        return _("您正在代录%(name)s的纸质签批，每一项须附扫描件。", name=desk.acting.person.name)
    return _("您正在以%(name)s的名义办理，每一项都写明两人姓名。", name=desk.acting.person.name)


def _menu(ctx: Ctx, desk: Desk, counts: dict[str, int]) -> tuple[MenuGroup, ...]:
    groups: dict[str, list[MenuItem]] = {}
    for category, items in house_menu(desk, counts):
        groups.setdefault(category, []).extend(items)
    for name, items in bus().gather(
        "menu_items", among=ctx.plugins, desk=desk, waiting=ctx.waiting
    ):
        group = groups.setdefault(switchboard().manifests[name].category, [])
        group.extend(drawable(item) for item in items)
    path = ctx.path
    return tuple(
        MenuGroup(title_of(category), tuple(_marked(item, path) for item in groups[category]))
        for category in sorted(groups, key=_place)
        if groups[category]
    )


def drawable(item: MenuItem) -> MenuItem:
    """The entry, with another icon where there is none of that name."""
    from kernel.portal.ctx import renderer

    # A plugin that misspells an icon must not take the page away from everybody.
    return item if item.icon in renderer().icons else item._replace(icon="file-text")


_ORDER = ("", "documents", "collaboration", "admin")


def _place(category: str) -> int:
    return _ORDER.index(category) if category in _ORDER else len(_ORDER)


def _marked(item: MenuItem, path: str) -> MenuItem:
    here = path == item.href or (item.href != "/" and path.startswith(item.href.rstrip("/") + "/"))
    return item._replace(current=here) if here != item.current else item


def _tab_bar(ctx: Ctx, counts: dict[str, int]) -> tuple[MenuItem, ...]:
    items = [
        MenuItem(_("工作台"), url("home"), "layout-dashboard"),
        MenuItem(_("待办"), url("tasks"), "list-checks", counts.get("todo", 0)),
        MenuItem(_("搜索"), url("search"), "search"),
        MenuItem(_("我的"), url("me"), "user"),
    ]
    if ctx.desk.has("exchange.view"):
        items.insert(2, MenuItem(_("收文"), url("exchange:inbox"), "file-input"))
    return tuple(_marked(item, ctx.path) for item in items)
