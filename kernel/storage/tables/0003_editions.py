"""storage: the edition of the tables whose answers are remembered, on SQLite."""

from __future__ import annotations

from peewee import Database, PostgresqlDatabase
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """One row; the triggers that change it come with the tables that they watch."""
    if not isinstance(db, PostgresqlDatabase):
        db.execute_sql("CREATE TABLE IF NOT EXISTS storage_edition (edition BLOB NOT NULL)")
        db.execute_sql("INSERT INTO storage_edition (edition) VALUES (randomblob(16))")


def down(migrator: SchemaMigrator, db: Database) -> None:
    if not isinstance(db, PostgresqlDatabase):
        db.execute_sql("DROP TABLE storage_edition")
