"""Subjects: the objects that acts are done on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, ClassVar, TypeVar

import peewee
from msgspec import Struct

from kernel.crypto.ids import uuid7
from kernel.errors import NotFound
from kernel.identity.desk import Desk
from kernel.slots import Slot
from kernel.storage.database import Model, lock_rows
from kernel.storage.writing import Ready

S = TypeVar("S", bound="Subject")


class Ref(Struct, frozen=True):
    """A soft reference: kind and uid. It may outlive what it points to."""

    kind: str
    uid: str


class Subject(Model):
    """The base of everything that acts are done on.

    :cvar kind: ``<plugin>.<thing>``, never changed once released.
    :ivar version: raised by the gate with each act that touches the object; a form that shows an
        older one is stale.
    :ivar organ: the code of the organ that it belongs to.
    """

    kind: ClassVar[str] = ""

    uid = peewee.CharField(unique=True, default=uuid7)
    version = peewee.IntegerField(default=1)
    organ = peewee.CharField(index=True)

    class Meta:
        """Each subject names its own table."""

        abstract = True

    @property
    def ref(self) -> Ref:
        """The soft reference to this object."""
        return Ref(self.kind, self.uid)

    @property
    def plugin(self) -> str:
        """The room or plugin that owns it: the first part of its kind."""
        return self.kind.partition(".")[0]

    def digest(self) -> str:
        """The digest of its content, signed into each act: ``sha256:…``."""
        raise TypeError(f"{self.kind} has to say what its digest is")

    def label(self) -> str:
        """What people call it."""
        return self.uid

    def facts(self) -> list[tuple[str, str]]:
        """What a person should see before signing: label and value."""
        return []

    @classmethod
    def visible(cls, desk: Desk) -> peewee.Expression:
        """Which rows a desk may see, as an expression for queries; its organ's own by default."""
        return cls.organ == desk.organ_code


class Kinds:
    """All kinds of subjects that the kernel and the plugins of this node know."""

    def __init__(self, classes: Iterable[type[Subject]]) -> None:
        self._classes = {one.kind: one for one in classes}

    def get(self, kind: str) -> type[Subject]:
        """The class of a kind; NotFound if nobody knows it."""
        if kind not in self._classes:
            raise missing()
        return self._classes[kind]

    def all(self) -> list[type[Subject]]:
        """Every class."""
        return list(self._classes.values())


kinds: Slot[Kinds] = Slot("kinds")


def missing() -> NotFound:
    """The one answer for what is not there and for what is not this desk's to see."""
    return NotFound(
        "acts.not_found",
        "没有找到这个事项，或者您无权查看。请从列表中重新打开。",
        "This item does not exist, or it is not yours to see. Open it again from the list.",
    )


def find(cls: type[S], uid: str, desk: Desk) -> S:
    """The object, if the desk may see it; NotFound otherwise."""
    row: S | None
    if cls.visible.__func__ is Subject.visible.__func__:  # type: ignore[attr-defined]  # its function
        row = _of_organ(cls).one(cls, uid, desk.organ_code)
    else:
        row = cls.get_or_none((cls.uid == uid) & cls.visible(desk))
    if row is None:
        raise missing()
    return row


@cache
def _of_organ(cls: type[Subject]) -> Ready:
    """What :meth:`Subject.visible` says by default, for one object."""
    return Ready(
        lambda uid, organ: cls.select().where((cls.uid == uid) & (cls.organ == organ)).limit(1)
    )


def hold(cls: type[Subject], uid: str) -> None:
    """Keep an object from all other acts until the transaction ends; they wait for it."""
    lock_rows(cls, cls.uid == uid)


def reload(subject: Subject) -> Any:
    """The object as it stands in the database now, kept from all other acts."""
    hold(type(subject), subject.uid)
    return type(subject).get_by_id(subject.id)
