"""acts: the node's code over what a notice says; those that are there have none."""

from __future__ import annotations

from peewee import CharField, Database
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.add_column("acts_notice", "code", CharField(default="")))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("acts_notice", "code"))
