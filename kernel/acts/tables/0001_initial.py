"""acts: initial."""

from __future__ import annotations

from peewee import (
    BlobField,
    CharField,
    Database,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Act(Model):
        uid = CharField(unique=True)
        verb = CharField(index=True)
        weight = CharField()
        kind = CharField(default="")
        subject = CharField(index=True, default="")
        organ = CharField(index=True)
        unit = CharField(default="")
        post = CharField(default="")
        person = CharField(index=True, default="")
        bytes = BlobField()
        signature_kind = CharField(default="")
        signature = BlobField(null=True)
        credential = CharField(default="")
        nonce = CharField(unique=True)
        leaf = CharField()
        at = TextField()

        class Meta:
            database = db
            table_name = "acts_act"

    db.create_tables([Act])

    class ActPrivate(Model):
        act = CharField(index=True)
        name = CharField()
        salt = CharField()
        text = TextField()

        class Meta:
            database = db
            table_name = "acts_private"
            indexes = ((("act", "name"), True),)

    db.create_tables([ActPrivate])

    class Effect(Model):
        handler = CharField()
        key = CharField(unique=True)
        payload = JSONField()
        act = CharField(index=True, default="")
        state = CharField(index=True, default="queued")
        attempts = IntegerField(default=0)
        lease = TextField(null=True)
        due = TextField()
        error = TextField(default="")
        created = TextField()

        class Meta:
            database = db
            table_name = "acts_effect"

    db.create_tables([Effect])

    class Series(Model):
        organ = CharField()
        name = CharField()
        year = IntegerField()
        next = IntegerField(default=1)

        class Meta:
            database = db
            table_name = "acts_series"
            indexes = ((("organ", "name", "year"), True),)

    db.create_tables([Series])

    class Number(Model):
        series = ForeignKeyField(Series)
        value = IntegerField()
        kind = CharField()
        subject = CharField()
        at = TextField()

        class Meta:
            database = db
            table_name = "acts_number"
            indexes = ((("series", "value"), True),)

    db.create_tables([Number])

    class Opinion(Model):
        uid = CharField(unique=True)
        act = CharField(index=True)
        kind = CharField()
        subject = CharField(index=True)
        organ = CharField()
        step = CharField()
        person = CharField()
        person_name = CharField()
        post_title = CharField()
        text = TextField()
        at = TextField()

        class Meta:
            database = db
            table_name = "acts_opinion"

    db.create_tables([Opinion])

    class Prepared(Model):
        nonce = CharField(unique=True)
        session = CharField(index=True)
        bytes = BlobField()
        private = JSONField(default=dict)
        back = CharField(default="")
        expires = TextField()

        class Meta:
            database = db
            table_name = "acts_prepared"

    db.create_tables([Prepared])

    class Proposal(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        act = CharField(unique=True)
        verb = CharField()
        level = CharField()
        proposer = CharField()
        title = CharField()
        state = CharField(default="open")
        created = TextField()

        class Meta:
            database = db
            table_name = "acts_proposal"

    db.create_tables([Proposal])

    class Task(Model):
        uid = CharField(unique=True)
        plugin = CharField()
        form = CharField(default="todo")
        kind = CharField()
        subject = CharField(index=True)
        title = CharField()
        meta = CharField(default="")
        step = CharField(default="")
        organ = CharField()
        unit = CharField(default="")
        post = CharField(default="")
        level = CharField(default="")
        urgency = CharField(default="")
        sender = CharField(default="")
        due = TextField(null=True)
        created = TextField()
        done = TextField(null=True)
        done_by = CharField(index=True, default="")

        class Meta:
            database = db
            table_name = "acts_task"
            indexes = ((("organ", "done", "post"), False), (("subject", "done"), False))

    db.create_tables([Task])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("acts_task"))
    migrator.migrate(migrator.drop_table("acts_proposal"))
    migrator.migrate(migrator.drop_table("acts_prepared"))
    migrator.migrate(migrator.drop_table("acts_opinion"))
    migrator.migrate(migrator.drop_table("acts_number"))
    migrator.migrate(migrator.drop_table("acts_series"))
    migrator.migrate(migrator.drop_table("acts_effect"))
    migrator.migrate(migrator.drop_table("acts_private"))
    migrator.migrate(migrator.drop_table("acts_act"))
