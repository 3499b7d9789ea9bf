"""Which open sessions still go on, and at whose desk: asked for many at once, by live pages.

It keeps no session alive: a page that stands open is not a person at work.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from kernel.crypto.ids import now
from kernel.identity import delegations
from kernel.identity.models import Credential, Person, Post, Session
from kernel.identity.sessions import IDLE, LONGEST


def still_at(sessions: Collection[str]) -> dict[str, str]:
    """The post of each of these sessions (by uid) that goes on: its key, person and post too.

    At somebody else's desk it is that post, as long as the delegation holds.
    """
    moment = now()
    own: Any = (
        Session.select(Session.uid, Session.post, Session.delegation)
        .join(Credential, on=(Credential.uid == Session.credential))
        .join(Person, on=(Person.uid == Session.person))
        .join(Post, on=(Post.uid == Session.post))
        .where(
            Session.uid.in_(sorted(sessions))
            & Session.ended.is_null()
            & (Session.seen >= moment - IDLE)
            & (Session.created >= moment - LONGEST)
            & Credential.revoked.is_null()
            & (Credential.person == Session.person)
            & Person.active
            & Post.active
        )
        .tuples()
    )
    found = {}
    for uid, post, delegation in own:
        giver = delegations.giver_of(delegation) if delegation else post
        if giver is not None:
            found[uid] = giver
    return found
