"""The tables of the gate."""

from __future__ import annotations

from datetime import datetime

import peewee

from kernel.acts.subjects import Subject
from kernel.crypto import canonical
from kernel.crypto.ids import now, stamp, uuid7
from kernel.identity.desk import Desk
from kernel.identity.models import Person
from kernel.storage.database import JSONField, Model, UTCField


class Act(Model):
    """One deed. ``bytes`` is what was signed, verbatim; the other columns are projections of it."""

    uid = peewee.CharField(unique=True)
    verb = peewee.CharField(index=True)
    weight = peewee.CharField()
    kind = peewee.CharField(default="")
    subject = peewee.CharField(default="", index=True)
    organ = peewee.CharField(index=True)
    unit = peewee.CharField(default="")
    post = peewee.CharField(default="")
    person = peewee.CharField(default="", index=True)
    bytes = peewee.BlobField()
    signature_kind = peewee.CharField(default="")
    signature = peewee.BlobField(null=True)
    credential = peewee.CharField(default="")
    nonce = peewee.CharField(unique=True)
    leaf = peewee.CharField()
    at = UTCField(default=now)

    class Meta:
        table_name = "acts_act"


class ActPrivate(Model):
    """The preimage of a salted digest in an act: an opinion, a reason, personal data."""

    act = peewee.CharField(index=True)
    name = peewee.CharField()
    salt = peewee.CharField()
    text = peewee.TextField()

    class Meta:
        table_name = "acts_private"
        indexes = ((("act", "name"), True),)


class Prepared(Model):
    """Bytes that wait for a signature: two minutes, one use, bound to one session.

    :ivar outcome: ``done``, or ``lost`` where somebody was there first, once they were used; the
        row stays a while without its content, to answer who sends them again.
    """

    nonce = peewee.CharField(unique=True)
    session = peewee.CharField(index=True)
    bytes = peewee.BlobField()
    private = JSONField(default=dict)
    back = peewee.CharField(default="")
    expires = UTCField(index=True)
    outcome = peewee.CharField(default="")

    class Meta:
        table_name = "acts_prepared"


class Answer(Model):
    """A form that took effect: sent again, it shows where the first one led.

    :ivar key: of the form, over its token, its address and its content. :ivar place: where the
        browser was sent; ``kind`` and ``subject`` are where it leads until that is known.
    """

    key = peewee.CharField(unique=True)
    session = peewee.CharField()
    kind = peewee.CharField(default="")
    subject = peewee.CharField(default="")
    place = peewee.TextField(default="")
    at = UTCField(default=now, index=True)

    class Meta:
        table_name = "acts_answer"


class Touch(Model):
    """Who changed an object last by an act without a leaf (typing, saving), for who comes second.

    :ivar version: of the object, after it.
    """

    subject = peewee.CharField()
    verb = peewee.CharField()
    person = peewee.CharField()
    version = peewee.IntegerField()
    at = UTCField(default=now)

    class Meta:
        table_name = "acts_touch"
        indexes = ((("subject", "verb", "person"), True),)


class Batch(Model):
    """Several acts of one verb at once: what was chosen, what was signed, how each one ended.

    :ivar bytes: the statement over all of them; empty where nothing is signed.
    :ivar items: in the order of the statement, see :class:`kernel.acts.batch.Item`.
    """

    nonce = peewee.CharField(unique=True)
    session = peewee.CharField(index=True)
    verb = peewee.CharField()
    bytes = peewee.BlobField()
    items = JSONField(default=list)
    back = peewee.CharField(default="")
    settled = peewee.BooleanField(default=False)
    created = UTCField(default=now)

    class Meta:
        table_name = "acts_batch"


class Proposal(Subject):
    """The first half of a two-person act: done by one, it waits for another person to confirm."""

    kind = "acts.proposal"

    act = peewee.CharField(unique=True)
    verb = peewee.CharField()
    level = peewee.CharField()
    proposer = peewee.CharField()
    title = peewee.CharField()
    state = peewee.CharField(default="open")
    created = UTCField(default=now)

    class Meta:
        table_name = "acts_proposal"

    def digest(self) -> str:
        """The digest of the proposed act's bytes."""
        return canonical.digest(bytes(Act.get(Act.uid == self.act).bytes))

    def label(self) -> str:
        """The title of the proposed act."""
        return self.title

    def facts(self) -> list[tuple[str, str]]:
        """What was proposed, by whom, with every argument: the second person signs all of it."""
        proposer = Person.get_or_none(Person.uid == self.proposer)
        params = canonical.loads(bytes(Act.get(Act.uid == self.act).bytes))["params"]
        shown = [(name, str(value)) for name, value in params.items()]
        return [("事项", self.title), ("提出人", proposer.name if proposer else ""), *shown]

    @classmethod
    def visible(cls, desk: Desk) -> peewee.Expression:
        """Those of the organ, for desks that hold the level."""
        return (cls.organ == desk.organ_code) & cls.level.in_(list(desk.levels))


class Task(Model):
    """What a desk still has to do, by when.

    :ivar form: ``todo`` to be done, ``toread`` to be read, ``draft`` one's own unfinished work.
    :ivar step_en: the name of the step in English, where it does not stand in a catalogue.
    :ivar post: whose it is; empty means anybody in ``unit`` (or the organ) who holds ``level``.
    """

    uid = peewee.CharField(unique=True, default=uuid7)
    plugin = peewee.CharField()
    form = peewee.CharField(default="todo")
    kind = peewee.CharField()
    subject = peewee.CharField(index=True)
    title = peewee.CharField()
    meta = peewee.CharField(default="")
    step = peewee.CharField(default="")
    step_en = peewee.CharField(default="")
    organ = peewee.CharField()
    unit = peewee.CharField(default="")
    post = peewee.CharField(default="")
    level = peewee.CharField(default="")
    urgency = peewee.CharField(default="")
    sender = peewee.CharField(default="")
    due = UTCField(null=True)
    created = UTCField(default=now)
    done = UTCField(null=True)
    done_by = peewee.CharField(default="", index=True)

    class Meta:
        table_name = "acts_task"
        indexes = (
            (("organ", "done", "post"), False),
            (("subject", "done"), False),
            (("done", "due"), False),
        )

    @property
    def hurry(self) -> str:
        """By which the urgent ones come first, and then what is due first."""
        return hurry_of(self.urgency, self.due)


Task.add_index(
    *(Task.organ, Task.post, Task.form, Task.plugin, Task.unit, Task.level, Task.due),
    Task.urgency,
    where=Task.done.is_null(),
    name="acts_task_open",
)


URGENT = ("特提", "特急", "加急", "平急")
"""Degrees of urgency of documents and telegrams, the highest first (条例 art. 9)."""
NO_LIMIT = "9"
"""In place of a limit where there is none: it stands behind all moments."""


def hurry_of(urgency: str, due: datetime | None) -> str:
    """Degree and limit of a task in one text, by which they are sorted."""
    rank = URGENT.index(urgency) if urgency in URGENT else len(URGENT)
    return f"{rank}{stamp(due) if due else NO_LIMIT}"


class Opinion(Model):
    """What a person wrote while acting: immutable, printed with name and date, never reordered.

    :ivar scan: of a transcribed one, the digest of the page on which it was written.
    :ivar ink: the strokes, where it was written by hand (:mod:`kernel.acts.ink`).
    """

    uid = peewee.CharField(unique=True, default=uuid7)
    act = peewee.CharField(index=True)
    kind = peewee.CharField()
    subject = peewee.CharField(index=True)
    organ = peewee.CharField()
    step = peewee.CharField()
    person = peewee.CharField()
    person_name = peewee.CharField()
    post_title = peewee.CharField()
    text = peewee.TextField()
    scan = peewee.CharField(default="")
    ink = peewee.TextField(default="")
    at = UTCField(default=now)

    class Meta:
        table_name = "acts_opinion"

    @property
    def by_hand(self) -> bool:
        """Whether there are no words beside the handwriting."""
        return bool(self.ink) and not self.text


class Series(Model):
    """A series of numbers of an organ, such as 市委办发 of a year. Gapless, never reused."""

    organ = peewee.CharField()
    name = peewee.CharField()
    year = peewee.IntegerField()
    next = peewee.IntegerField(default=1)

    class Meta:
        table_name = "acts_series"
        indexes = ((("organ", "name", "year"), True),)


class Number(Model):
    """A number that was taken, for ever."""

    series = peewee.ForeignKeyField(Series, backref="numbers")
    value = peewee.IntegerField()
    kind = peewee.CharField()
    subject = peewee.CharField()
    at = UTCField(default=now)

    class Meta:
        table_name = "acts_number"
        indexes = ((("series", "value"), True),)


class Notice(Model):
    """A word to a post that something has come about: it calls nobody to act, a task does that.

    :ivar key: what it is about, so that the same thing is said to a post only once.
    :ivar zh, en: what came about, without the title of the object.
    :ivar seen: when somebody at this post has read it.
    :ivar code: the node's code over what it says; empty in rows of earlier versions.
    """

    uid = peewee.CharField(unique=True, default=uuid7)
    key = peewee.CharField()
    plugin = peewee.CharField()
    kind = peewee.CharField()
    subject = peewee.CharField(index=True)
    title = peewee.CharField()
    zh = peewee.CharField()
    en = peewee.CharField()
    urgency = peewee.CharField(default="")
    organ = peewee.CharField()
    post = peewee.CharField()
    at = UTCField(default=now, index=True)
    seen = UTCField(null=True)
    code = peewee.CharField(default="")

    class Meta:
        table_name = "acts_notice"
        indexes = ((("key", "post"), True), (("post", "seen", "id"), False))


class NoticeWish(Model):
    """How a person likes to be told; without a row, as the defaults say.

    :ivar popup, sound: whether a notice may come up on his screen, and be heard.
    :ivar quiet: whether there are hours in which it does neither, ``quiet_from`` to
        ``quiet_until``, in minutes of the day in Asia/Shanghai (they may go over midnight).
    :ivar rest_days: whether days off are quiet as a whole.
    """

    person = peewee.CharField(unique=True)
    popup = peewee.BooleanField(default=False)
    sound = peewee.BooleanField(default=False)
    quiet = peewee.BooleanField(default=True)
    quiet_from = peewee.IntegerField(default=20 * 60)
    quiet_until = peewee.IntegerField(default=7 * 60)
    rest_days = peewee.BooleanField(default=True)

    class Meta:
        table_name = "acts_notice_wish"


class Star(Model):
    """A person wants to find this object again. His own, at all his desks; no right comes of it."""

    person = peewee.CharField()
    plugin = peewee.CharField()
    kind = peewee.CharField()
    subject = peewee.CharField()
    at = UTCField(default=now)

    class Meta:
        table_name = "acts_star"
        indexes = ((("person", "subject"), True),)


class Effect(Model):
    """The outbox: what is to be done after a commit, at least once, idempotently.

    :ivar attempts: how often it was taken; whoever took it an earlier time may not settle it.
    :ivar failures: how often it failed for another reason than that something was not there.
    :ivar reason: of the last failure: ``code``, ``zh`` and ``en``, or ``incident`` of a defect.
        None where it did not fail.
    """

    handler = peewee.CharField()
    key = peewee.CharField(unique=True)
    payload = JSONField()
    act = peewee.CharField(default="", index=True)
    state = peewee.CharField(default="queued", index=True)
    attempts = peewee.IntegerField(default=0)
    lease = UTCField(null=True)
    due = UTCField(default=now)
    error = peewee.TextField(default="")
    created = UTCField(default=now)
    failures = peewee.IntegerField(default=0)
    reason = JSONField(null=True)

    class Meta:
        table_name = "acts_effect"


MODELS = [
    *(Act, ActPrivate, Prepared, Answer, Touch, Batch, Proposal, Task, Opinion, Series, Number),
    *(Notice, NoticeWish, Star, Effect),
]
