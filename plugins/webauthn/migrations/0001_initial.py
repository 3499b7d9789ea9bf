"""webauthn: initial."""

from __future__ import annotations

from peewee import BigIntegerField, CharField, Database, Model
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Counter(Model):
        credential = CharField(unique=True)
        value = BigIntegerField(default=0)
        last = CharField(default="")

        class Meta:
            database = db
            table_name = "webauthn_counter"

    db.create_tables([Counter])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("webauthn_counter"))
