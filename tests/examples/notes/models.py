"""The table of leave notes."""

from __future__ import annotations

import peewee

from kernel.api import Desk, Subject, canonical


class Note(Subject):
    """Somebody asks to be away. :ivar state: ``asked``, then ``granted``."""

    kind = "notes.note"

    person = peewee.CharField(index=True)
    name = peewee.CharField()
    first = peewee.CharField()
    days = peewee.IntegerField()
    reason = peewee.TextField()
    state = peewee.CharField(default="asked")

    class Meta:
        table_name = "notes_note"

    def digest(self) -> str:
        """What the signature on the leave covers."""
        facts = {"person": self.person, "first": self.first, "days": self.days}
        return canonical.digest(canonical.dumps({**facts, "reason": self.reason}))

    def label(self) -> str:
        """How tasks, lists and messages call it."""
        return f"{self.name}请假 {self.days} 天"

    def facts(self) -> list[tuple[str, str]]:
        """What a person sees before he signs."""
        return [("请假人", self.name), ("起始", self.first), ("天数", str(self.days))]

    @classmethod
    def visible(cls, desk: Desk) -> peewee.Expression:
        """One's own; those of the whole organ for who may grant leave there."""
        own = cls.person == desk.person.uid
        return own | (cls.organ == desk.organ_code) if desk.has("notes.grant") else own
