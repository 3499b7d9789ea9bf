"""The desk: a person acting at one post of one unit, the context of every request and every act."""

from __future__ import annotations

from dataclasses import dataclass

from kernel.errors import NotSignedIn, Refused
from kernel.identity.models import Person, Post, Unit
from kernel.identity.phases import require_connected
from kernel.identity.rights import rights


@dataclass(frozen=True)
class Desk:
    """Who acts, where, with which rights, signed in by which credential and session.

    :ivar organ: the tenant: the unit itself, or the organ that the section belongs to.
    :ivar levels: the levels of rights held, such as ``documents.handle``.
    :ivar origin: where the request came from (scheme, host, port); signed into each act.
    """

    person: Person
    post: Post
    unit: Unit
    organ: Unit
    levels: frozenset[str]
    credential: str = ""
    session: str = ""
    origin: str = ""

    @property
    def organ_code(self) -> str:
        """The code of the organ."""
        return str(self.organ.code)

    def has(self, level: str) -> bool:
        """Whether the desk holds this level."""
        return level in self.levels

    @property
    def principals(self) -> frozenset[str]:
        """The audiences that this desk belongs to, for the search index."""
        return frozenset(
            {
                f"organ:{self.organ.code}",
                f"unit:{self.unit.code}",
                f"post:{self.post.uid}",
                f"person:{self.person.uid}",
            }
        )


@dataclass(frozen=True)
class ServiceDesk:
    """The node itself, for verbs declared ``by="node"``; never a person in disguise.

    :ivar organ_code: the organ in whose name the node records something, or empty.
    """

    organ_code: str = ""
    reason: str = ""


def desk_of(post: Post, *, credential: str = "", session: str = "", origin: str = "") -> Desk:
    """The desk of a post.

    :raises Refused: the person or the post is not active, or the unit is not connected yet.
    """
    person, unit = post.person, post.unit
    if not (post.active and person.active):
        raise Refused(
            "identity.inactive",
            f"{person.name}的账号或岗位已停用，请联系本单位部门管理员。",
            f"The account or post of {person.name} is not active; ask the unit's administrator.",
        )
    require_connected(unit)
    return Desk(
        person=person,
        post=post,
        unit=unit,
        organ=unit if unit.is_organ else Unit.by_code(unit.organ),
        levels=rights().of(post),
        credential=credential,
        session=session,
        origin=origin,
    )


def require(desk: Desk | None) -> Desk:
    """The desk, or NotSignedIn."""
    if desk is None:
        raise NotSignedIn(
            "identity.sign_in",
            "请先登录。您填写的内容不会丢失。",
            "Please sign in. Nothing that you entered is lost.",
        )
    return desk
