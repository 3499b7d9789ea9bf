"""errands: initial."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Errand(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        text = TextField()
        state = CharField(default="open")

        class Meta:
            database = db
            table_name = "errands_errand"

    db.create_tables([Errand])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("errands_errand"))
