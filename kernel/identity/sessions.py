"""Server-side sessions: a random token in the browser, its hash and everything else here.

A session ends after :data:`IDLE` without use and at the latest after :data:`LONGEST`. Its token is
a new one at each sign-in, each change of desk and whenever the person proves himself again
(OWASP ASVS 5.0, V7.2.4): a token that somebody planted or saw before is worth nothing after it.

Whose it is, the node says by a code over the row: one that was put in, made another person's or
begun anew in the table alone signs nobody in.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from contextlib import suppress
from datetime import timedelta
from typing import Any

import peewee
from msgspec.structs import replace

from kernel.crypto.ids import now, uuid7
from kernel.errors import NotFound, Refused
from kernel.identity import credentials, delegations
from kernel.identity.authority import authority
from kernel.identity.desk import Desk, delegation_ended, desk_of
from kernel.identity.models import Credential, Grant, NodeFact, Person, Post, Session, Unit
from kernel.identity.rights import Rights, rights
from kernel.storage.database import Model
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=12)
_TOUCH = timedelta(minutes=1)


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def start(post: Post, credential: str, *, instead: str = "") -> str:
    """Sign a person in at a post, and give the token for the cookie (256 random bits).

    :param instead: the token that the browser had until now; its session ends.
    """
    desk_of(post)
    credentials.active(credential, post.person.uid)
    if instead:
        end(instead)
    token = secrets.token_urlsafe(32)
    session = Session(
        uid=uuid7(),
        token_hash=_hash(token),
        person=post.person.uid,
        post=post.uid,
        credential=credential,
    )
    session.seal = _seal(session)
    session.save(force_insert=True)
    return token


def _seal(row: Session) -> str:
    whose = (row.uid, row.token_hash, row.person, row.post, row.credential, row.delegation)
    return authority().code("session", *map(str, whose))


def over() -> dict[str, Any]:
    """What a session that ends is changed to: it does not go on, whatever its column says then."""
    return {"ended": now(), "seal": ""}


def find(token: str, origin: str, *, touch: bool = True) -> Desk | None:
    """The desk of a token; None if the session ended, ran out, or its key was revoked.

    :param touch: whether this is its person at work; what a page asks by itself is not, so that an
        open page does not keep a session alive.
    """
    session = _FOUND.one(Session, _hash(token))
    if session is None or not hmac.compare_digest(session.seal, _seal(session)):
        return None
    moment = now()
    if moment - session.seen > IDLE or moment - session.created > LONGEST:
        return None
    own = _own(rights(), session.person, session.post, session.credential)
    if own is None:
        return None
    if touch and moment - session.seen > _TOUCH:
        # While another process writes it waits for the next page: reading must not fail for it.
        with suppress(peewee.OperationalError):
            Session.update(seen=moment).where(Session.id == session.id).execute()
    own = replace(own, session=session.uid, origin=origin)
    # The moment a delegation ends, whoever worked by it is back at his own desk.
    return delegations.desk_by(own, session.delegation) or own if session.delegation else own


_FOUND = Ready(
    lambda token_hash: Session.select().where(
        (Session.token_hash == token_hash) & Session.ended.is_null()
    )
)


@remembered(Credential, Post, Person, Unit, Grant, NodeFact)
def _own(rights: Rights, person: str, post: str, credential: str) -> Desk | None:
    """The desk of a person at his post; None unless his key stands and the post is his.

    :param rights: those of the open node, by which the levels are.
    """
    found = _STANDING.objects((Post, Person, Unit, Unit), person, post, credential)
    if not found:
        return None
    there, there.person, there.unit, organ = found[0]
    return desk_of(there, credential=credential, organ=organ)


def _standing(person: str, post: str, credential: str) -> peewee.Query:
    """The post with its person, unit and organ."""
    organ = Unit.alias()
    tables = (*_columns(Post), *_columns(Person), *_columns(Unit))
    key = (Credential.uid == credential) & (Credential.person == Person.uid)
    chosen: peewee.Query = (
        Post.select(*tables, *[getattr(organ, name) for name in _names(Unit)])
        .join(Person, on=Person.id == Post.person)
        .join(Credential, on=key & Credential.revoked.is_null())
        .join(Unit, on=Unit.id == Post.unit)
        .join(organ, on=organ.code == Unit.organ)
        .where((Post.uid == post) & (Person.uid == person))
    )
    return chosen


_STANDING = Ready(_standing)


def _names(model: type[Model]) -> list[str]:
    return [field.name for field in model._meta.sorted_fields]


def _columns(model: type[Model]) -> list[Any]:
    return list(model._meta.sorted_fields)


def end(token: str) -> None:
    """Sign out."""
    Session.update(**over()).where(
        (Session.token_hash == _hash(token)) & Session.ended.is_null()
    ).execute()


def open_of(person_uid: str) -> list[Session]:
    """The sessions of a person that go on, the latest first."""
    moment = now()
    live = (Session.seen >= moment - IDLE) & (Session.created >= moment - LONGEST)
    mine = (Session.person == person_uid) & Session.ended.is_null() & live
    return list(Session.select().where(mine).order_by(Session.id.desc()))


def end_one(uid: str, person_uid: str) -> bool:
    """End a session of a person, in all processes at once; whether it was going on."""
    mine = (Session.uid == uid) & (Session.person == person_uid) & Session.ended.is_null()
    return bool(Session.update(**over()).where(mine).execute())


def end_all(person_uid: str, *, but: str = "") -> int:
    """End every session of a person, in all processes at once, and say how many there were.

    :param but: the uid of one session that goes on (``desk.session``).
    """
    return int(
        Session.update(**over())
        .where((Session.person == person_uid) & Session.ended.is_null() & (Session.uid != but))
        .execute()
    )


def renew(desk: Desk, **changes: str) -> str:
    """Give the session another token: the old one is dead, what was prepared stays prepared.

    :param changes: of the row, besides.
    """
    token = secrets.token_urlsafe(32)
    session = Session.get_or_none((Session.uid == desk.session) & Session.ended.is_null())
    if session is not None:
        facts = {**changes, "token_hash": _hash(token)}
        for name, value in facts.items():
            setattr(session, name, value)
        Session.update(**facts, seal=_seal(session)).where(Session.id == session.id).execute()
    return token


def revoked(token: str) -> Refused | None:
    """Why the session of this token is over, if its key was revoked under it."""
    session = Session.get_or_none(Session.token_hash == _hash(token)) if token else None
    if session is None or credentials.is_active(session.credential, session.person):
        return None
    return credentials.revoked()


def move_to(desk: Desk, delegation: str) -> str:
    """Go on at the desk of whoever delegated to this person's post, with a new token."""
    own = desk if desk.acting is None else desk_of(desk.acting.own)
    if delegations.desk_by(own, delegation) is None:
        raise delegation_ended()
    return renew(desk, delegation=delegation)


def move(desk: Desk, post_uid: str) -> str:
    """Go on at another post of the same person, with a new token."""
    post = Post.get_or_none((Post.uid == post_uid) & (Post.person == desk.person) & Post.active)
    if post is None:
        raise NotFound(
            "identity.no_post",
            "您没有这个岗位，或已经停用。请在个人页面“切换办公身份”处另选一个。",
            "You do not hold that post, or not any more; choose another desk on your own page.",
        )
    desk_of(post)
    return renew(desk, post=post.uid, delegation="")


def posts_of(person: Person) -> list[Post]:
    """The active posts of a person with their units, the first one first."""
    return list(_posts(person.uid))


@remembered(Person, Post, Unit)
def _posts(person: str) -> tuple[Post, ...]:
    found = []
    for post, whose, unit in _POSTS.objects((Post, Person, Unit), person):
        post.person, post.unit = whose, unit
        found.append(post)
    return tuple(found)


_POSTS = Ready(
    lambda person: (
        Post.select(*_columns(Post), *_columns(Person), *_columns(Unit))
        .join(Person, on=Person.id == Post.person)
        .join(Unit, on=Unit.id == Post.unit)
        .where((Person.uid == person) & Post.active)
        .order_by(Post.rank, Post.id)
    )
)
