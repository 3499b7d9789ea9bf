"""exchange: which revocation lists lie in a package."""

from __future__ import annotations

from peewee import Database, JSONField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.add_column("exchange_package", "lists", JSONField(null=True)))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("exchange_package", "lists"))
