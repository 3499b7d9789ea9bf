"""The tables: flows as they were when something began, what runs, and every step that was done."""

from __future__ import annotations

import peewee

from kernel.api import JSONField, Model, UTCField, now


class FlowRow(Model):
    """One version of a flow; it never changes once something has begun with it."""

    key = peewee.CharField()
    version = peewee.IntegerField()
    definition = JSONField()

    class Meta:
        table_name = "workflow_flow"
        indexes = ((("key", "version"), True),)


class Run(Model):
    """A matter on its way through a flow.

    :ivar step: the key of the step that it stands at. :ivar unit, starter: section and post that
        began it. :ivar since: when it came to this step.
    """

    kind = peewee.CharField()
    subject = peewee.CharField()
    organ = peewee.CharField()
    flow = peewee.ForeignKeyField(FlowRow)
    step = peewee.CharField()
    state = peewee.CharField(default="running")
    unit = peewee.CharField()
    starter = peewee.CharField()
    since = UTCField(default=now)

    class Meta:
        table_name = "workflow_run"
        indexes = ((("kind", "subject"), True),)


class Move(Model):
    """One step that somebody did.

    :ivar action: ``done``, ``back``, or ``taken`` (back, by who
        had done the step before). :ivar act: the act behind it.
    """

    run = peewee.ForeignKeyField(Run, backref="moves")
    step = peewee.CharField()
    action = peewee.CharField()
    to = peewee.CharField(default="")
    act = peewee.CharField()
    post = peewee.CharField()
    person = peewee.CharField()
    post_title = peewee.CharField()
    received = UTCField()
    at = UTCField(default=now)

    class Meta:
        table_name = "workflow_move"


MODELS = [FlowRow, Run, Move]
