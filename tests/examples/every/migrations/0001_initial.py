"""every: initial."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Thing(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        text = TextField()
        noted = BooleanField(default=False)

        class Meta:
            database = db
            table_name = "every_thing"

    db.create_tables([Thing])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("every_thing"))
