"""seals: initial."""

from __future__ import annotations

from peewee import BlobField, CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Seal(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        unit = CharField(index=True)
        name = CharField()
        impression = TextField()
        impression_digest = CharField()
        certificate = TextField()
        statement = BlobField()
        statement_signature = BlobField()
        level = CharField(default="L0")
        state = CharField(default="active")
        created = TextField()

        class Meta:
            database = db
            table_name = "seals_seal"

    db.create_tables([Seal])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("seals_seal"))
