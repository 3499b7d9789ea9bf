"""identity: the usual phrases of each person."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, Model
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class OwnPhrase(Model):
        uid = CharField(unique=True)
        person = CharField(index=True)
        text = CharField()
        rank = IntegerField(default=0)

        class Meta:
            database = db
            table_name = "identity_phrase"

    db.create_tables([OwnPhrase])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("identity_phrase"))
