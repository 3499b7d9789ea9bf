"""identity: the node's code over whose session a session is."""

from __future__ import annotations

from peewee import CharField, Database
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Sessions of before have none: their people sign in again."""
    migrator.migrate(migrator.add_column("identity_session", "seal", CharField(default="")))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("identity_session", "seal"))
