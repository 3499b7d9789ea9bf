"""workflow: initial."""

from __future__ import annotations

from peewee import CharField, Database, ForeignKeyField, IntegerField, JSONField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class FlowRow(Model):
        key = CharField()
        version = IntegerField()
        definition = JSONField()

        class Meta:
            database = db
            table_name = "workflow_flow"
            indexes = ((("key", "version"), True),)

    db.create_tables([FlowRow])

    class Run(Model):
        kind = CharField()
        subject = CharField()
        organ = CharField()
        flow = ForeignKeyField(FlowRow)
        step = CharField()
        state = CharField(default="running")
        unit = CharField()
        starter = CharField()
        since = TextField()

        class Meta:
            database = db
            table_name = "workflow_run"
            indexes = ((("kind", "subject"), True),)

    db.create_tables([Run])

    class Move(Model):
        run = ForeignKeyField(Run)
        step = CharField()
        action = CharField()
        to = CharField(default="")
        act = CharField()
        post = CharField()
        person = CharField()
        post_title = CharField()
        received = TextField()
        at = TextField()

        class Meta:
            database = db
            table_name = "workflow_move"

    db.create_tables([Move])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("workflow_move"))
    migrator.migrate(migrator.drop_table("workflow_run"))
    migrator.migrate(migrator.drop_table("workflow_flow"))
