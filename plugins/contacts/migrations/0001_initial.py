"""contacts: initial."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Card(Model):
        post = CharField(unique=True)
        phone = CharField(default="")
        mobile = CharField(default="")
        room = CharField(default="")
        shared = BooleanField(default=False)
        changed = TextField()

        class Meta:
            database = db
            table_name = "contacts_card"

    db.create_tables([Card])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("contacts_card"))
