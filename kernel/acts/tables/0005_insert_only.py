"""acts: what was signed is only ever inserted: acts, their texts, and opinions."""

from __future__ import annotations

from peewee import Database, PostgresqlDatabase
from playhouse.migrate import SchemaMigrator

TABLES = ("acts_act", "acts_private", "acts_opinion")


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Refuse changes and deletions, as the log does; the function there is that of the log."""
    there = isinstance(db, PostgresqlDatabase)
    for table in TABLES:
        for event in _events(db):
            name = f"{table}_no_{event.lower()}"
            each = "STATEMENT" if event == "TRUNCATE" else "ROW"
            what = (
                f"FOR EACH {each} EXECUTE FUNCTION juyan_insert_only()"
                if there
                else f"BEGIN SELECT RAISE(ABORT, '{table} is insert-only'); END"
            )
            migrator.migrate(
                migrator.sql(f"CREATE TRIGGER {name} BEFORE {event} ON {table} {what}")
            )


def down(migrator: SchemaMigrator, db: Database) -> None:
    """Let them be changed again."""
    for table in TABLES:
        for event in _events(db):
            on = f" ON {table}" if isinstance(db, PostgresqlDatabase) else ""
            migrator.migrate(migrator.sql(f"DROP TRIGGER {table}_no_{event.lower()}{on}"))


def _events(db: Database) -> list[str]:
    truncating = ["TRUNCATE"] if isinstance(db, PostgresqlDatabase) else []
    return ["UPDATE", "DELETE", *truncating]
