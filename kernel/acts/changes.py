"""What happened to an object since a person opened it: who, when, which act."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct

from kernel.acts.models import Act, Touch
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb, verbs
from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.identity.desk import Desk
from kernel.identity.models import Person


class Change(Struct, frozen=True):
    """One thing that was done. :ivar person: empty for the node itself."""

    verb: str
    person: str
    at: datetime


def note(desk: Desk, verb: Verb, subject: Subject) -> None:
    """Remember who changed an object by an act that leaves no leaf; the newest of each person."""
    Touch.insert(
        subject=subject.uid,
        verb=verb.name,
        person=desk.person.uid,
        version=subject.version,
        at=now(),
    ).on_conflict(
        conflict_target=[Touch.subject, Touch.verb, Touch.person],
        update={Touch.version: subject.version, Touch.at: now()},
    ).execute()


def since(subject: Subject, version: int) -> list[Change]:
    """What was done to an object after this version of it, the newest first."""
    touched = Touch.select().where((Touch.subject == subject.uid) & (Touch.version > version))
    found = [(row.verb, row.person, row.at) for row in touched]
    changing = [verb.name for verb in verbs().all() if verb.touches]
    acts = Act.select().where((Act.subject == subject.uid) & Act.verb.in_(changing))
    for act in acts.order_by(Act.id.desc()).limit(50):
        seen = canonical.loads(bytes(act.bytes))["object"]
        if seen is not None and seen["version"] >= version:
            found.append((act.verb, act.person, act.at))
    people = {person for _, person, _ in found if person}
    names = {row.uid: row.name for row in Person.select().where(Person.uid.in_(list(people)))}
    changes = [Change(verb, names.get(person, ""), at) for verb, person, at in found]
    return sorted(changes, key=lambda change: change.at, reverse=True)
