"""Grants: giving a post a level beyond its roles, or taking one away."""

from __future__ import annotations

from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.errors import NotFound, Refused
from kernel.identity.desk import Desk
from kernel.identity.models import Grant, Post
from kernel.identity.rights import rights
from kernel.storage.database import lock_rows

ADMINISTRATORS = {"system_admin", "security_admin", "audit_admin"}
"""The three administrators, who keep each other in check (三员分立)."""


def _within(desk: Desk, *, post: str, level: str, given: bool) -> None:
    rights().check_level(level)
    holder = Post.get_or_none(Post.uid == post)
    if holder is None:
        raise NotFound(
            "rights.post",
            "没有找到这个岗位，可能已经停用。请返回权限页面重新选择。",
            "There is no such post; it may be gone. Go back to the page of "
            "rights and choose again.",
        )
    if holder.person.uid == desk.person.uid or ADMINISTRATORS & set(holder.roles):
        raise Refused(
            "rights.separation",
            "不能给自己授权，也不能给三员岗位增减权限（三员分立）。请由安全"
            "保密管理员给其他岗位授权。",
            "Nobody grants to himself, and the three administrators' posts "
            "stay as they are. Rights of other posts are given by the "
            "security administrator.",
        )
    if "security_admin" in desk.post.roles:
        return
    if holder.unit.organ != desk.organ_code or not desk.has(level):
        raise Refused(
            "rights.beyond",
            "只能在本单位内授予您自己拥有的权限。",
            "You may grant within your own organ only, and only what you hold yourself.",
        )


def _said(
    desk: Desk, subject: None = None, *, post: str, level: str, given: bool
) -> tuple[str, str]:
    """Whose right it is and which: the signer reads it before he signs."""
    holder, one = Post.get(Post.uid == post), rights().levels[level]
    who, who_en = (f"{holder.person.name}（{holder.unit.short_name} {holder.title}）",
                   f"{holder.person.name} ({holder.unit.short_name} {holder.title})")  # fmt: skip
    if given:
        return f"将授予{who}：{one.title}。", f"Gives {who_en}: {one.title_en}."
    return f"将收回{who}：{one.title}。", f"Takes from {who_en}: {one.title_en}."


@act(
    "house.grant",
    title="授权",
    title_en="Grant",
    level="grant",
    weight="signed",
    check=_within,
    confirm=_said,
)
def grant(desk: Desk, *, post: str, level: str, given: bool) -> None:
    """Give a level to a post, or take it away.

    The security administrator assigns rights of others and holds none of them; whoever else may
    grant gives only what he has, in his own organ.
    """
    lock_rows(Post, Post.uid == post)
    Grant.create(post=post, level=level, given=given, act=this_act())
