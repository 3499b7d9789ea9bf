"""The desks of a person on his home page: his posts, who let him act for them, whom he lets."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from kernel.acts.agenda import Waiting, waiting
from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.identity import delegations
from kernel.identity.desk import Desk, desk_of
from kernel.identity.models import Delegation, Post
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.i18n import _
from kernel.portal.words import end_of, local


class DeskChoice(Struct, frozen=True):
    """A desk that the person may take. :ivar post: what the switch sends (uid of the post, or
    ``delegation:<uid>``). :ivar own: of his own, not in somebody else's name.
    """

    post: str
    label: str
    unit: str
    waiting: Waiting
    current: bool = False
    own: bool = True


class Lent(Struct, frozen=True):
    """A delegation that the person gave and that holds now."""

    person: str
    until: datetime
    count: int
    transcribe: bool


def desks(ctx: Ctx) -> list[DeskChoice]:
    """Every desk of this person with what waits there; none for who has but one."""
    desk = ctx.desk
    here = desk.acting.delegation if desk.acting is not None else ""
    found: list[DeskChoice] = []
    received = {post.uid: delegations.to(post) for post in ctx.posts}
    if len(ctx.posts) < 2 and not any(received.values()):
        return found
    for post in ctx.posts:
        own = _open(post)
        if own is None:
            continue
        current = not here and post.uid == desk.post.uid
        label = f"{post.unit.short_name} · {post.title}"
        found.append(DeskChoice(post.uid, label, post.unit.name, _at(ctx, own, current), current))
        for row in received[post.uid]:
            if (theirs := delegations.desk_by(own, row.uid)) is not None:
                found.append(_in_name(ctx, theirs, row, row.uid == here))
    return found if len(found) > 1 else []


def _open(post: Post) -> Desk | None:
    """The desk; None where nobody can work there (the unit is not connected yet)."""
    try:
        return desk_of(post)
    except OfficeError:
        return None


def _in_name(ctx: Ctx, theirs: Desk, row: Delegation, current: bool) -> DeskChoice:
    how = _("代录") if row.kind == "transcribe" else _("代")
    label = f"{how} {theirs.principal.name} · {theirs.unit.short_name}"
    place = f"delegation:{row.uid}"
    return DeskChoice(place, label, theirs.unit.name, _at(ctx, theirs, current), current, False)


def _at(ctx: Ctx, desk: Desk, current: bool) -> Waiting:
    if current:
        return ctx.waiting
    plugins, moment = switchboard().effective(desk.organ_code) | ROOMS, now()
    return waiting(desk, plugins, now=moment, end_of_day=end_of(local(moment).date()))


def lent(ctx: Ctx) -> list[Lent]:
    """Who acts in this person's name now."""
    own = ctx.desk.post if ctx.desk.acting is None else ctx.desk.acting.own
    return [
        Lent(_holder(row.taker), row.ends, len(row.verbs), row.kind == "transcribe")
        for row in delegations.given(own)
    ]


def _holder(post: str) -> str:
    found = Post.get(Post.uid == post)
    return f"{found.person.name}（{found.unit.short_name} {found.title}）"
