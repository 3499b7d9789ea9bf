"""identity: how the portal of each organ looks."""

from __future__ import annotations

from peewee import CharField, Database, Model
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Look(Model):
        organ = CharField(unique=True)
        theme = CharField(default="")
        mark = CharField(default="")
        logo = CharField(default="")
        product = CharField(default="")
        support = CharField(default="")
        notice = CharField(default="")
        act = CharField()

        class Meta:
            database = db
            table_name = "identity_look"

    db.create_tables([Look])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("identity_look"))
