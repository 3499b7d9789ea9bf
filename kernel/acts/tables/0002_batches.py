"""acts: batches."""

from __future__ import annotations

from peewee import BlobField, BooleanField, CharField, Database, JSONField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Batch(Model):
        nonce = CharField(unique=True)
        session = CharField(index=True)
        verb = CharField()
        bytes = BlobField()
        items = JSONField(default=list)
        back = CharField(default="")
        settled = BooleanField(default=False)
        created = TextField()

        class Meta:
            database = db
            table_name = "acts_batch"

    db.create_tables([Batch])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("acts_batch"))
