"""Working in somebody else's name, by a grant that he signed: which one holds, at which desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

import peewee
from msgspec.structs import replace

from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.identity.desk import Acting, Desk, desk_of
from kernel.identity.models import Delegation, Post
from kernel.slots import Slot
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready

granted: Slot[Callable[[Delegation], bool]] = Slot("granted")
"""Whether a row is what its giver signed; the acts can tell. A row alone proves nothing."""


def _holds(moment: datetime) -> peewee.Expression:
    return Delegation.ended.is_null() & (Delegation.starts <= moment) & (Delegation.ends >= moment)


def to(post: Post) -> list[Delegation]:
    """The delegations to a post that hold now, the oldest first."""
    if not _some(_to(post.uid)):
        return []
    rows = Delegation.select().where((Delegation.taker == post.uid) & _holds(now()))
    return [row for row in rows.order_by(Delegation.id) if _giver(row) and granted()(row)]


def given(post: Post) -> list[Delegation]:
    """The delegations that a post gave and that hold now, the newest first."""
    return [row for row in of(post) if holds(row.uid)] if _some(_from(post.uid)) else []


def _some(times: Times) -> bool:
    """Whether there may be any: every page asks it, and most people have none."""
    moment = now()
    return any(starts <= moment <= ends for starts, ends in times)


Times = tuple[tuple[datetime, datetime], ...]
"""When delegations that were not ended begin and end."""


@remembered(Delegation)
def _to(post: str) -> Times:
    return tuple((starts, ends) for starts, ends in _TO.rows(post))


@remembered(Delegation)
def _from(post: str) -> Times:
    return tuple((starts, ends) for starts, ends in _FROM.rows(post))


_TO = Ready(
    lambda post: Delegation.select(Delegation.starts, Delegation.ends).where(
        (Delegation.taker == post) & Delegation.ended.is_null()
    )
)
_FROM = Ready(
    lambda post: Delegation.select(Delegation.starts, Delegation.ends).where(
        (Delegation.giver == post) & Delegation.ended.is_null()
    )
)


def of(post: Post) -> list[Delegation]:
    """Every delegation that a post ever gave, the newest first."""
    rows = Delegation.select().where(Delegation.giver == post.uid)
    return list(rows.order_by(Delegation.id.desc()))


def holds(uid: str) -> bool:
    """Whether a delegation holds now; asked again in the transaction of each act."""
    row = Delegation.get_or_none((Delegation.uid == uid) & _holds(now()))
    return row is not None and _giver(row) is not None and granted()(row)


def giver_of(uid: str) -> str | None:
    """The post that gave a delegation, while it holds; None otherwise."""
    row = Delegation.get_or_none(Delegation.uid == uid)
    return str(row.giver) if row is not None and holds(uid) else None


def _giver(row: Delegation) -> Post | None:
    """The post that gave it, while it is there: with the post its delegations end."""
    giver: Post | None = Post.get_or_none((Post.uid == row.giver) & Post.active)
    return giver if giver is not None and giver.person.active else None


def desk_by(own: Desk, uid: str) -> Desk | None:
    """The desk of whoever delegated to the post of this desk; None unless it holds now.

    Its levels are those of the granted verbs and of looking, as far as the giver holds them now.
    """
    row = Delegation.get_or_none(
        (Delegation.uid == uid) & (Delegation.taker == own.post.uid) & _holds(now())
    )
    giver = None if row is None else _giver(row)
    if row is None or giver is None or row.taker_person != own.person.uid:
        return None
    if not granted()(row):
        return None
    try:
        theirs = desk_of(giver)
    except OfficeError:
        return None
    looking = {level for level in theirs.levels if level.endswith((".view", "house.read"))}
    may = looking | (theirs.levels & set(row.levels))
    acting = Acting(row.uid, row.act, row.kind, giver.person, own.post, frozenset(row.verbs))
    return replace(
        theirs,
        person=own.person,
        levels=frozenset(may),
        credential=own.credential,
        session=own.session,
        origin=own.origin,
        acting=acting,
    )
