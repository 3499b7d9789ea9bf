"""The tables of announcements."""

from __future__ import annotations

from datetime import date

import peewee

from kernel.api import Desk, Model, Subject, UTCField, canonical, local, now


def today() -> date:
    """The day in Asia/Shanghai."""
    return local(now()).date()


class Announcement(Subject):
    """Something that people have to know. ``organ`` is who published it.

    :ivar scope: ``organ`` (its own people) or ``all`` (those of every organ of the node).
    :ivar starts, ends: the first and the last day on which it holds, ``2026-11-28``.
    :ivar state: ``published`` or ``withdrawn``.
    """

    kind = "announcements.announcement"

    scope = peewee.CharField(default="organ", index=True)
    title = peewee.CharField()
    body = peewee.TextField()
    starts = peewee.CharField()
    ends = peewee.CharField(index=True)
    state = peewee.CharField(default="published")
    organ_name = peewee.CharField()
    publisher = peewee.CharField()
    published = UTCField(default=now)
    withdrawer = peewee.CharField(default="")
    withdrawn = UTCField(null=True)

    class Meta:
        table_name = "announcements_announcement"

    def digest(self) -> str:
        """Of what is announced, to whom and for how long."""
        facts = {"scope": self.scope, "starts": self.starts, "ends": self.ends}
        facts |= {"title": self.title, "body": self.body}
        return canonical.digest(canonical.dumps(facts))

    def label(self) -> str:
        """Its title."""
        return str(self.title)

    @property
    def paragraphs(self) -> list[str]:
        """Its text, paragraph by paragraph."""
        return [line for line in str(self.body).splitlines() if line.strip()]

    @property
    def last_day(self) -> date:
        """The last day on which it holds."""
        return date.fromisoformat(self.ends)

    @property
    def first_day(self) -> date:
        """The first day on which it holds."""
        return date.fromisoformat(self.starts)

    @property
    def published_day(self) -> str:
        """The day on which it was published, ``2026-11-28``."""
        return str(local(self.published).date().isoformat())

    @property
    def when(self) -> str:
        """``withdrawn``, ``coming``, ``over`` or ``holds``, today."""
        day = today().isoformat()
        if self.state == "withdrawn":
            return "withdrawn"
        if day < self.starts:
            return "coming"
        return "over" if day > self.ends else "holds"

    @classmethod
    def visible(cls, desk: Desk) -> peewee.Expression:
        """To whom it is addressed, from its first day; all of them to who publishes there."""
        addressed = (cls.organ == desk.organ_code) | (cls.scope == "all")
        shown = addressed & (cls.state == "published") & (cls.starts <= today().isoformat())
        if desk.has("announcements.publish"):
            return shown | (cls.organ == desk.organ_code)
        return shown


class Seen(Model):
    """Who has read which announcement."""

    announcement = peewee.CharField()
    person = peewee.CharField()
    at = UTCField(default=now)

    class Meta:
        table_name = "announcements_seen"
        indexes = ((("person", "announcement"), True),)
