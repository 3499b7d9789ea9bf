"""My phrases (常用意见): sentences that a person writes often, in the order in which he wants them.

A preference of the person, at all his desks, seen by nobody else. It leaves no act: what counts is
the opinion in which a phrase is used.
"""

from __future__ import annotations

from msgspec import Struct

from kernel.errors import Conflict, Invalid, NotFound
from kernel.identity.models import OwnPhrase, Person
from kernel.storage.database import exclusive, require_transaction
from kernel.storage.writing import Ready

MOST = 30
"""So many can be kept: more could not be chosen from at a glance."""
LONGEST = 100
"""Characters of one."""


class Kept(Struct, frozen=True):
    """One phrase."""

    uid: str
    text: str


_OF = Ready(
    lambda person: (
        OwnPhrase.select(OwnPhrase.uid, OwnPhrase.text)
        .where(OwnPhrase.person == person)
        .order_by(OwnPhrase.rank, OwnPhrase.id)
    )
)


def of(person: Person) -> list[Kept]:
    """The phrases of a person, in his order."""
    return [Kept(uid, text) for uid, text in _OF.rows(person.uid)]


def add(person: Person, text: str) -> None:
    """Keep another one, at the end; within a transaction.

    :raises Invalid: ``phrases.many``, ``phrases.length``. :raises Conflict: ``phrases.twice``.
    """
    before = _held(person)
    if not 0 < len(text) <= LONGEST:
        raise Invalid(
            "phrases.length",
            f"常用意见须为 1 到 {LONGEST} 字。请改短后再添加。",
            f"A phrase has 1 to {LONGEST} characters; make it shorter.",
            field="text",
        )
    if len(before) >= MOST:
        raise Invalid(
            "phrases.many",
            f"常用意见最多 {MOST} 条。请先删除不再用的，再添加。",
            f"At most {MOST} phrases can be kept; delete one that you no longer use first.",
            field="text",
        )
    if text in {one.text for one in before}:
        raise Conflict(
            "phrases.twice",
            "这条意见已在列表中，不必重复添加。",
            "This phrase is in the list already.",
            field="text",
        )
    OwnPhrase.create(person=person.uid, text=text, rank=len(before))
    _number(person, [one.uid for one in _held(person)])


def remove(person: Person, uid: str) -> None:
    """Delete one; within a transaction. NotFound ``phrases.none`` for what is not his."""
    kept = [one.uid for one in _held(person)]
    _must_be(uid, kept)
    OwnPhrase.delete().where((OwnPhrase.person == person.uid) & (OwnPhrase.uid == uid)).execute()
    _number(person, [one for one in kept if one != uid])


def move(person: Person, uid: str, by: int) -> None:
    """Move one up (-1) or down (1), as far as there is room; within a transaction.

    :raises NotFound: ``phrases.none`` for what is not his.
    """
    kept = [one.uid for one in _held(person)]
    _must_be(uid, kept)
    at = kept.index(uid)
    to = min(max(at + by, 0), len(kept) - 1)
    kept.insert(to, kept.pop(at))
    _number(person, kept)


def _held(person: Person) -> list[Kept]:
    require_transaction("changing phrases")
    exclusive(f"phrases {person.uid}")
    return of(person)


def _must_be(uid: str, kept: list[str]) -> None:
    if uid not in kept:
        raise NotFound(
            "phrases.none",
            "没有找到这条常用意见，可能已经删除。请刷新页面。",
            "This phrase is not there any more; reload the page.",
        )


def _number(person: Person, uids: list[str]) -> None:
    for rank, uid in enumerate(uids):
        mine = (OwnPhrase.person == person.uid) & (OwnPhrase.uid == uid)
        OwnPhrase.update(rank=rank).where(mine).execute()
