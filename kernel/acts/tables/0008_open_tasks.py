"""acts: the way to the open tasks of a desk."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator

OPEN = (
    "CREATE INDEX acts_task_open ON acts_task (organ, post, form, plugin, unit, level, due) "
    "WHERE done IS NULL"
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Let lists and counts of a desk be answered from what is open, however much was done."""
    migrator.migrate(migrator.sql(OPEN))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.sql("DROP INDEX acts_task_open"))
