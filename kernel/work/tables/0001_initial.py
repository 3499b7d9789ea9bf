"""work: initial."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Schedule(Model):
        name = CharField(unique=True)
        due = TextField()
        lease = TextField(null=True)
        token = IntegerField(default=0)
        done = TextField(null=True)
        error = TextField(default="")

        class Meta:
            database = db
            table_name = "work_schedule"

    db.create_tables([Schedule])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("work_schedule"))
