"""Rights of posts: who holds which level, and the signed grants that give or take one."""

from __future__ import annotations

from typing import Any

import peewee
from starlette.responses import Response

from kernel.acts.house.grants import grant
from kernel.errors import NotFound, OfficeError
from kernel.identity.desk import Desk
from kernel.identity.models import Grant, Person, Post, Unit
from kernel.identity.rights import ROLES, Level, rights
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, _l, language, speaking
from kernel.portal.lists import Column, ListSpec, Sort, from_query
from kernel.portal.page import Message
from kernel.portal.urls import url


def _roles(post: Post) -> str:
    english = language() == "en"
    names = [ROLES.get(role, (role, role))[english] for role in post.roles]
    return (", " if english else "、").join(names)


SPEC = ListSpec(
    title=_l("岗位授权"),
    columns=(
        Column("name", _l("人员"), "title", value=lambda post: post.person.name),
        Column("unit", _l("单位"), value=lambda post: post.unit.short_name),
        Column("title", _l("岗位")),
        Column("roles", _l("角色"), value=_roles),
    ),
    sorts=(Sort("order", _l("按登记顺序"), "id", field=Post.id),),
    default_sort="order",
    entries=True,
    search_hint=_l("姓名、单位或拼音首字母"),
    empty=_l("还没有岗位。"),
    href=lambda post: url("admin:rights", uid=post.uid),
)


def _search(text: str) -> peewee.Expression:
    units = Unit.name.contains(text) | Unit.short_name.contains(text)
    return Person.name.contains(text) | Person.pinyin.contains(text.lower()) | units


def _in_reach(desk: Desk) -> Any:
    """The posts that this desk may give rights to: everywhere, or in its own organ."""
    query = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
    where = Post.active & Person.active
    if "security_admin" not in desk.post.roles:
        where &= Unit.organ == desk.organ_code
    return query.where(where)


def people_page(ctx: Ctx) -> Response:
    """The posts within reach, each with the way to its rights."""
    with speaking(ctx.language):
        fetch = from_query(_in_reach(ctx.desk), SPEC, ident=Post.uid, search=_search)
        return ctx.show_list("admin/people.html", SPEC, fetch, url("admin:people"))


def rights_page(ctx: Ctx, uid: str) -> Response:
    """The levels of one post, by role or by grant; give or take one by a signed act."""
    post = _in_reach(ctx.desk).where(Post.uid == uid).first()
    if post is None:
        raise NotFound(
            "rights.post",
            "没有找到这个岗位，可能已经停用。请返回权限页面重新选择。",
            "There is no such post; it may be gone. Go back to the page of "
            "rights and choose again.",
        )
    here = url("admin:rights", uid=uid)
    if ctx.posted:
        level, given = str(ctx.form.get("level", "")), ctx.form.get("given") == "1"
        try:
            return ctx.sign(grant, None, back=here, post=uid, level=level, given=given)
        except OfficeError as error:
            ctx.said.append(Message("danger", error.text(ctx.language)))
            return ctx.go_to(here)
    with speaking(ctx.language):
        return ctx.render(
            "admin/rights.html",
            title=_("%(name)s的权限", name=post.person.name),
            post=post,
            roles=_roles(post),
            rows=[_row(post, level) for level in _offered(ctx.desk)],
        )


def _offered(desk: Desk) -> list[Level]:
    """The levels that this desk may give: its own, or all for who assigns those of others."""
    every = sorted(rights().levels.values(), key=lambda level: level.name)
    if "security_admin" in desk.post.roles:
        return [level for level in every if not level.name.endswith(".none")]
    return [level for level in every if desk.has(level.name)]


def _row(post: Post, level: Level) -> dict[str, Any]:
    last = (
        Grant.select()
        .where((Grant.post == post.uid) & (Grant.level == level.name))
        .order_by(Grant.id.desc())
        .first()
    )
    by_role = bool(set(level.roles) & set(post.roles))
    return {
        "level": level,
        "of": _of(level.name.partition(".")[0]),
        "title": level.title_en if language() == "en" else level.title,
        "held": last.given if last is not None else by_role,
        "by": _said(last, by_role),
        "at": last.at if last is not None else None,
    }


def _of(owner: str) -> str:
    """The part of the office that a level belongs to, as the administrator knows it."""
    rooms = {"house": _("单位管理"), "exchange": _("公文交换"), "acts": _("双人复核")}
    return rooms.get(owner) or switchboard().title(owner, language())


def _said(last: Grant | None, by_role: bool) -> str:
    if last is not None:
        return _("已授予") if last.given else _("已收回")
    return _("岗位角色自带") if by_role else ""
