"""secrecy: initial."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Verdict(Model):
        digest = CharField(primary_key=True)
        ok = BooleanField()
        at = TextField()

        class Meta:
            database = db
            table_name = "secrecy_verdict"

    db.create_tables([Verdict])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("secrecy_verdict"))
