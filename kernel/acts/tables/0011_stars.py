"""acts: what people have starred."""

from __future__ import annotations

from peewee import CharField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Star(Model):
        person = CharField()
        plugin = CharField()
        kind = CharField()
        subject = CharField()
        at = TextField()

        class Meta:
            database = db
            table_name = "acts_star"
            indexes = ((("person", "subject"), True),)

    db.create_tables([Star])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("acts_star"))
