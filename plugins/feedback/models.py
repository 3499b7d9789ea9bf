"""The table of remarks."""

from __future__ import annotations

import peewee

from kernel.api import Desk, Subject, UTCField, canonical, now


class Remark(Subject):
    """What a person finds hindering. ``organ`` is his; he and the operator alone see it.

    :ivar place: the page that he came from, a path without its query.
    :ivar post: to which post the answer is told.
    :ivar state: ``open`` or ``answered``.
    """

    kind = "feedback.remark"

    person = peewee.CharField(index=True)
    post = peewee.CharField()
    name = peewee.CharField()
    where = peewee.CharField()
    text = peewee.TextField()
    place = peewee.CharField(default="")
    written = UTCField(default=now)
    state = peewee.CharField(default="open", index=True)
    reply = peewee.TextField(default="")
    replier = peewee.CharField(default="")
    replied = UTCField(null=True)

    class Meta:
        table_name = "feedback_remark"

    def digest(self) -> str:
        """Of what was written."""
        return canonical.digest(canonical.dumps({"text": self.text, "person": self.person}))

    def label(self) -> str:
        """The beginning of its text."""
        text = " ".join(str(self.text).split())
        return text if len(text) <= 40 else f"{text[:40]}…"

    @classmethod
    def visible(cls, desk: Desk) -> peewee.Expression:
        """One's own; all of them for who answers."""
        own = cls.person == desk.person.uid
        return own | cls.state.in_(["open", "answered"]) if desk.has("feedback.answer") else own
