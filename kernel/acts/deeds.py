"""What acts decided, read from their signed bytes: for who compares rows with it."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from typing import Any

from msgspec import Struct

from kernel.acts.models import Act, ActPrivate
from kernel.acts.people import signed_names
from kernel.crypto import canonical
from kernel.identity.desk import written_name
from kernel.storage.comparing import STRETCH, Found, Row, missing, rows_of, stretches
from kernel.storage.log_check import stored_bytes


class Deed(Struct, frozen=True):
    """One act as it was signed.

    :ivar id: where it stands among the others on this node; acts on one object are in order.
    :ivar person: who was really there. :ivar principal: in whose name; the same unless he acted
        for somebody.
    :ivar at: when, as the log says it. :ivar params: every argument; of a private one the digest.
    :ivar digest: the digest of its object when it was done; empty where it had none.
    :ivar post: at which he acted, or of whom he acted for; empty for the node.
    :ivar mode: whether he acted himself, for somebody, or the node did.
    """

    id: int
    uid: str
    verb: str
    kind: str
    subject: str
    organ: str
    person: str
    principal: str
    at: str
    params: dict[str, Any]
    digest: str = ""
    post: str = ""
    mode: str = "self"


def deeds(*verbs: str) -> Iterator[Deed]:
    """Every act of these verbs, in their order, without holding all of them."""
    for rows in stretches(Act, where=Act.verb.in_(verbs)):
        yield from _read(rows)


def agreed(*verbs: str) -> list[tuple[Deed, Deed]]:
    """The two-person acts of these verbs that another person confirmed, each with his act, in the
    order in which they took effect. What was only proposed, or confirmed by who proposed it, is
    not among them."""
    seconds: dict[str, list[Deed]] = {}
    for one in deeds("house.confirm"):
        seconds.setdefault(one.digest, []).append(one)
    found = []
    for rows in stretches(Act, where=Act.verb.in_(verbs)):
        for row in rows:
            confirmed = seconds.get(canonical.digest(stored_bytes(row["bytes"])), [])
            for first in _read([row]):
                mine = (first.person, first.principal)
                others = [one for one in confirmed if one.person not in mine]
                found += [(first, second) for second in others[:1]]
    return sorted(found, key=lambda pair: pair[1].id)


def deeds_on(kind: str, uids: Collection[str], verbs: Collection[str]) -> dict[str, list[Deed]]:
    """The acts of these verbs on a few objects of a kind, by the uid of the object."""
    mine = Act.subject.in_(list(uids)) & Act.verb.in_(list(verbs)) & (Act.kind == kind)
    found: dict[str, list[Deed]] = {}
    for deed in _read(rows_of(Act, where=[mine])):
        found.setdefault(deed.subject, []).append(deed)
    return found


def deeds_of(uids: Collection[str]) -> dict[str, Deed]:
    """These acts, by their uids; those that are not there are left out."""
    return {one.uid: one for one in _read(rows_of(Act, where=[Act.uid.in_(list(uids))]))}


def words_of(uids: Collection[str]) -> dict[str, dict[str, str]]:
    """The private texts of these acts, by act and name. That they are those that were signed is
    compared with the acts themselves; here rows are held against them."""
    found: dict[str, dict[str, str]] = {}
    fields = (ActPrivate.act, ActPrivate.name, ActPrivate.text)
    wanted = list(uids)
    for first in range(0, len(wanted), STRETCH):
        mine = ActPrivate.act.in_(wanted[first : first + STRETCH])
        for row in rows_of(ActPrivate, *fields, where=[mine]):
            found.setdefault(row["act"], {})[row["name"]] = row["text"]
    return found


def named(found: Collection[Deed]) -> dict[str, str]:
    """Who did these acts, as it is written beside them, by the uid of the act; those of which a
    name was never signed are left out, and those of the node."""
    names = signed_names({uid for one in found for uid in (one.person, one.principal)})
    return {
        one.uid: written_name(names[one.person], one.mode, names[one.principal])
        for one in found
        if one.person in names and one.principal in names
    }


def without(verbs: Collection[str], field: Any, name: tuple[str, str]) -> Iterator[Found]:
    """Name the acts of these verbs of which what they have to leave is gone.

    :param field: of the rows that they leave, the one with the uid of the act.
    :param name: what it is, in Chinese and English (``its opinion``).
    """
    for uid in missing(Act, Act.uid, field, Act.verb.in_(list(verbs))):
        yield (
            f"act {uid}",
            f"留下的{name[0]}已不在库中，请从备份中找回"
            f" / {name[1]} is gone: look for it in a backup",
        )


def _read(rows: list[Row]) -> Iterator[Deed]:
    for row in rows:
        try:
            facts = json.loads(row["bytes"])
            about, desk = facts["object"] or {}, facts["desk"]
            whom = facts["acting_for"] or desk
            yield Deed(
                row["id"], row["uid"], facts["verb"], about.get("kind", ""), about.get("uid", ""),
                desk["organ"], desk["person"], whom["person"], row["at"], dict(facts["params"]),
                about.get("digest", ""), whom["post"], facts["mode"],
            )  # fmt: skip
        except (ValueError, KeyError, TypeError, AttributeError):
            continue  # an altered act is named by the check of the acts themselves
