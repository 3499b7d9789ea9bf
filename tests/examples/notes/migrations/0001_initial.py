"""notes: initial."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Note(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        person = CharField(index=True)
        name = CharField()
        first = CharField()
        days = IntegerField()
        reason = TextField()
        state = CharField(default="asked")

        class Meta:
            database = db
            table_name = "notes_note"

    db.create_tables([Note])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("notes_note"))
