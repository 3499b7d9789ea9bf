"""identity: delegations."""

from __future__ import annotations

from peewee import CharField, Database, JSONField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Delegation(Model):
        uid = CharField(unique=True)
        act = CharField(unique=True)
        kind = CharField()
        giver = CharField(index=True)
        taker = CharField(index=True)
        taker_person = CharField()
        verbs = JSONField()
        levels = JSONField()
        starts = TextField()
        ends = TextField()
        ended = TextField(null=True)

        class Meta:
            database = db
            table_name = "identity_delegation"

    db.create_tables([Delegation])

    migrator.migrate(migrator.add_column("identity_session", "delegation", CharField(default="")))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("identity_session", "delegation"))
    migrator.migrate(migrator.drop_table("identity_delegation"))
