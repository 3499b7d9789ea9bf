"""Working in somebody else's name, by a grant that he signed: which one holds, at which desk."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

import peewee

from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.identity.desk import Acting, Desk, desk_of
from kernel.identity.models import Delegation, Post
from kernel.slots import Slot
from kernel.storage.writing import Ready

granted: Slot[Callable[[Delegation], bool]] = Slot("granted")
"""Whether a row is what its giver signed; the acts can tell. A row alone proves nothing."""


def _holds(moment: datetime) -> peewee.Expression:
    return Delegation.ended.is_null() & (Delegation.starts <= moment) & (Delegation.ends >= moment)


def to(post: Post) -> list[Delegation]:
    """The delegations to a post that hold now, the oldest first."""
    if not _held(_TO, post):
        return []
    rows = Delegation.select().where((Delegation.taker == post.uid) & _holds(now()))
    return [row for row in rows.order_by(Delegation.id) if _giver(row) and granted()(row)]


def given(post: Post) -> list[Delegation]:
    """The delegations that a post gave and that hold now, the newest first."""
    return [row for row in of(post) if holds(row.uid)] if _held(_FROM, post) else []


def _held(ready: Ready, post: Post) -> bool:
    """Whether there may be any: every page asks it, and most people have none."""
    moment = now()
    return ready.first(post.uid, moment, moment) is not None


_TO = Ready(
    lambda post, begun, left: Delegation.select(Delegation.id).where(
        (Delegation.taker == post) & Delegation.ended.is_null()
        & (Delegation.starts <= begun) & (Delegation.ends >= left)
    )
)  # fmt: skip
_FROM = Ready(
    lambda post, begun, left: Delegation.select(Delegation.id).where(
        (Delegation.giver == post) & Delegation.ended.is_null()
        & (Delegation.starts <= begun) & (Delegation.ends >= left)
    )
)  # fmt: skip


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
