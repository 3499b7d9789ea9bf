"""identity: what the letterhead of each organ says."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database
from playhouse.migrate import SchemaMigrator

TABLE = "identity_look"


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(
        migrator.add_column(TABLE, "letter_name", CharField(default="")),
        migrator.add_column(TABLE, "letter_bare", BooleanField(default=False)),
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column(TABLE, "letter_bare"))
    migrator.migrate(migrator.drop_column(TABLE, "letter_name"))
