"""plugins: initial."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Activation(Model):
        organ = CharField(index=True)
        plugin = CharField()
        on = BooleanField()
        act = CharField()
        at = TextField()

        class Meta:
            database = db
            table_name = "plugins_activation"

    db.create_tables([Activation])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("plugins_activation"))
