"""plugins: on SQLite each change of what is remembered makes another edition."""

from __future__ import annotations

from peewee import Database, PostgresqlDatabase
from playhouse.migrate import SchemaMigrator

TABLES = ("activation", "guard")
EVENTS = ("insert", "update", "delete")
NEXT = "BEGIN UPDATE storage_edition SET edition = randomblob(16); END"


def up(migrator: SchemaMigrator, db: Database) -> None:
    if isinstance(db, PostgresqlDatabase):
        return
    for table in TABLES:
        for event in EVENTS:
            when = f"plugins_{table}_{event}_edition AFTER {event} ON plugins_{table}"
            db.execute_sql(f"CREATE TRIGGER {when} {NEXT}")


def down(migrator: SchemaMigrator, db: Database) -> None:
    if isinstance(db, PostgresqlDatabase):
        return
    for table in TABLES:
        for event in EVENTS:
            db.execute_sql(f"DROP TRIGGER plugins_{table}_{event}_edition")
