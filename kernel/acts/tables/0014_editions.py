"""acts: on SQLite each change of how somebody likes to be told makes another edition."""

from __future__ import annotations

from peewee import Database, PostgresqlDatabase
from playhouse.migrate import SchemaMigrator

TABLES = ("notice_wish",)
EVENTS = ("insert", "update", "delete")
NEXT = "BEGIN UPDATE storage_edition SET edition = randomblob(16); END"


def up(migrator: SchemaMigrator, db: Database) -> None:
    if isinstance(db, PostgresqlDatabase):
        return
    for table in TABLES:
        for event in EVENTS:
            when = f"acts_{table}_{event}_edition AFTER {event} ON acts_{table}"
            db.execute_sql(f"CREATE TRIGGER {when} {NEXT}")


def down(migrator: SchemaMigrator, db: Database) -> None:
    if isinstance(db, PostgresqlDatabase):
        return
    for table in TABLES:
        for event in EVENTS:
            db.execute_sql(f"DROP TRIGGER acts_{table}_{event}_edition")
