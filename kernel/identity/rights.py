"""Rights: posts × levels.

A plugin declares a few levels; roles hold some of them from the start; a signed grant gives a post
more or takes one away. A desk carries the set of its levels, so that no list asks per row.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from msgspec import Struct

from kernel.errors import Invalid
from kernel.identity.models import Grant, Person, Post, Unit
from kernel.slots import Slot
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready

ROLES: dict[str, tuple[str, str]] = {
    "drafter": ("拟稿人", "Drafter"),
    "section_head": ("科室负责人", "Section head"),
    "office_director": ("办公室主任", "Office director"),
    "leader": ("签发领导", "Leader"),
    "seal_keeper": ("印章管理员", "Seal keeper"),
    "document_clerk": ("文档员", "Document clerk"),
    "unit_admin": ("部门管理员", "Unit administrator"),
    "system_admin": ("系统管理员", "System administrator"),
    "security_admin": ("安全保密管理员", "Security administrator"),
    "audit_admin": ("安全审计员", "Audit administrator"),
}
"""Roles that a post may have (the domain's 角色与岗位), with their names."""


class Level(Struct, frozen=True):
    """One level of rights: ``documents.handle``. :ivar roles: who holds it from the start."""

    name: str
    title: str
    title_en: str
    roles: tuple[str, ...] = ()


class Rights:
    """All levels that the kernel and the plugins of this node know."""

    def __init__(self, levels: Iterable[Level]) -> None:
        self.levels = {level.name: level for level in levels}

    def of_roles(self, roles: Iterable[str]) -> set[str]:
        """The levels that these roles hold from the start."""
        held = set(roles)
        return {name for name, level in self.levels.items() if held & set(level.roles)}

    def of(self, post: Post) -> frozenset[str]:
        """The levels that a post holds now: by its roles and by grants."""
        return self.held(post.uid, post.roles)

    def held(self, post: str, roles: Iterable[str]) -> frozenset[str]:
        """The same for the post of this uid, which has these roles."""
        return _held(self, post, tuple(roles))

    def holders(self, level: str, organ: str, unit: str = "") -> list[Post]:
        """The active posts of an organ (of one unit in it, if named) that hold a level, by rank."""
        where = Post.active & Person.active & (Unit.organ == organ)
        if unit:
            where &= Unit.code == unit
        query = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
        rows = query.where(where).order_by(Post.rank, Post.id)
        return [post for post in rows if level in self.of(post)]

    def holder_names(self, level: str, organ: str, most: int = 3) -> list[str]:
        """The names of whoever in an organ holds a level, by rank, each once, *most* of them: to
        tell a person whom to ask."""
        people = dict.fromkeys(post.person.name for post in self.holders(level, organ))
        return list(people)[:most]

    def posts_with(self, level: str, organs: Iterable[str]) -> dict[str, list[tuple[str, str]]]:
        """For each organ the active posts that hold a level, as (post, unit): for many at once."""
        found: dict[str, list[tuple[str, str]]] = {}
        wanted = sorted(set(organs))
        given: Any = Grant.select(Grant.post, Grant.given).where(Grant.level == level)
        granted: dict[str, bool] = dict(given.order_by(Grant.id).tuples())
        for start in range(0, len(wanted), 500):
            some = Unit.organ.in_(wanted[start : start + 500])
            rows: Any = Post.select(Post.uid, Post.roles, Unit.code, Unit.organ)
            rows = rows.join(Person).switch(Post).join(Unit)
            rows = rows.where(some & Post.active & Person.active).order_by(Post.rank, Post.id)
            for uid, roles, unit, organ in rows.tuples():
                if granted.get(uid, level in self.of_roles(roles)):
                    found.setdefault(organ, []).append((uid, unit))
        return found

    def check_level(self, name: str) -> None:
        """Raise Invalid ``rights.unknown`` for a level that nobody declared."""
        if name not in self.levels:
            raise Invalid(
                "rights.unknown",
                f"没有“{name}”这个权限级别，提供它的插件可能已卸载。请刷新权限页面重新选择。",
                f"There is no level {name!r}; the plugin that had it may be "
                "gone. Reload the page of rights and choose again.",
            )


@remembered(Grant)
def _held(rights: Rights, post: str, roles: tuple[str, ...]) -> frozenset[str]:
    held = rights.of_roles(roles)
    for level, given in _GRANTS.rows(post):
        (held.add if given else held.discard)(level)
    return frozenset(held)


_GRANTS = Ready(
    lambda post: Grant.select(Grant.level, Grant.given).where(Grant.post == post).order_by(Grant.id)
)
rights: Slot[Rights] = Slot("rights")
