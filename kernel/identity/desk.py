"""The desk: a person acting at one post of one unit, the context of every request and every act."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from kernel.errors import NotSignedIn, Refused
from kernel.identity.models import Grant, Person, Post, Unit
from kernel.identity.phases import organ_of, require_connected
from kernel.identity.rights import Rights, rights
from kernel.storage.database import lock_rows
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready


class Acting(Struct, frozen=True):
    """In whose name a person acts, and by which grant (代办, 代录).

    :ivar delegation: its uid. :ivar grant: the uid of the signed act that gave it.
    :ivar kind: ``delegate`` or ``transcribe``. :ivar own: the person's own post.
    """

    delegation: str
    grant: str
    kind: str
    person: Person
    own: Post
    verbs: frozenset[str]

    @property
    def mode(self) -> str:
        """The word in the signed bytes."""
        return "transcribed" if self.kind == "transcribe" else "delegated"


def written_name(person: str, mode: str = "self", principal: str = "") -> str:
    """The name of who acts, and of whom he acts for, as it is written beside what he does.

    :param mode: the word in the signed bytes.
    """
    if mode not in ("transcribed", "delegated"):
        return person
    how, end = ("代录，", "原批") if mode == "transcribed" else ("受", "委托")
    return f"{person}（{how}{principal}{end}）"


class Desk(Struct, frozen=True):
    """Who acts, where, with which rights, signed in by which credential and session.

    At a desk in somebody else's name ``person`` and ``credential`` are those of who is really
    there; ``post``, ``unit`` and ``organ`` are those of whom he acts for, so that tasks and lists
    are that person's. :attr:`name` says both names.

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
    acting: Acting | None = None

    @property
    def name(self) -> str:
        """Who acts, as it is written beside what he does: nobody acts alone in disguise."""
        if self.acting is None:
            return written_name(self.person.name)
        return written_name(self.person.name, self.acting.mode, self.acting.person.name)

    @property
    def principal(self) -> Person:
        """Whose decision it is: the person, or whom he acts for."""
        return self.person if self.acting is None else self.acting.person

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


class ServiceDesk(Struct, frozen=True):
    """The node itself, for verbs declared ``by="node"``; never a person in disguise.

    :ivar organ_code: the organ in whose name the node records something, or empty.
    """

    organ_code: str = ""
    reason: str = ""


def desk_of(
    post: Post,
    *,
    credential: str = "",
    session: str = "",
    origin: str = "",
    organ: Unit | None = None,
) -> Desk:
    """The desk of a post.

    :param organ: the organ of its unit, where it was read before.
    :raises Refused: the person or the post is not active, or the unit is not connected yet.
    """
    person, unit = post.person, post.unit
    if not (post.active and person.active):
        raise _inactive(person)
    organ = organ or organ_of(unit)
    require_connected(organ)
    return Desk(
        person=person,
        post=post,
        unit=unit,
        organ=organ,
        levels=rights().of(post),
        credential=credential,
        session=session,
        origin=origin,
    )


def _inactive(person: Person) -> Refused:
    return Refused(
        "identity.inactive",
        f"{person.name}的账号或岗位已停用，请联系本单位部门管理员。",
        f"The account or post of {person.name} is not active; ask the unit's administrator.",
    )


def at_this_moment(desk: Desk) -> Desk:
    """The desk with what is left of its rights now: a page may have been open for long, and an act
    may have waited. What was given meanwhile counts from the next page on. Within the transaction
    of the act; whoever takes something from its post waits for it.

    :raises Refused: ``identity.inactive`` where the post or the person is gone meanwhile,
        ``rights.delegation_ended`` where those are of who gave a delegation.
    """
    post, own = desk.post.uid, desk.post.uid if desk.acting is None else desk.acting.own.uid
    lock_rows(Post, Post.uid.in_({post, own}), shared=True)
    held = _held(rights(), post)
    if held is None and post != own:
        raise delegation_ended()  # with the post of who gave it
    if held is None or (post != own and _held(rights(), own) is None):
        raise _inactive(desk.person)
    left = desk.levels & held
    return desk if left == desk.levels else replace(desk, levels=left)


def delegation_ended() -> Refused:
    """The refusal for a delegation that does not hold (any more)."""
    return Refused(
        "rights.delegation_ended",
        "委托已结束或被收回，不能再以委托人名义办理。请回到您自己的办公身份。",
        "The delegation ended or was taken back; go on at your own desk.",
    )


@remembered(Post, Person, Grant)
def _held(rights: Rights, post: str) -> frozenset[str] | None:
    """What a post holds now; None where it or its person is not there any more."""
    row = _STANDING.first(post)
    return rights.held(post, row[0]) if row is not None else None


_STANDING = Ready(
    lambda post: (
        Post.select(Post.roles).join(Person).where((Post.uid == post) & Post.active & Person.active)
    )
)
"""The roles of a post that is there, as its person is."""


def require(desk: Desk | None) -> Desk:
    """The desk, or NotSignedIn."""
    if desk is None:
        raise NotSignedIn(
            "identity.sign_in",
            "请先登录。您填写的内容不会丢失。",
            "Please sign in. Nothing that you entered is lost.",
        )
    return desk
