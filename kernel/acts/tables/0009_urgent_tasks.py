"""acts: the urgent ones among the open tasks of a desk."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator

DROP = "DROP INDEX acts_task_open"
OPEN = (
    "CREATE INDEX acts_task_open ON acts_task "
    "(organ, post, form, plugin, unit, level, due{urgency}) WHERE done IS NULL"
)


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Let the index also say how urgent a task is: the home page orders by it."""
    migrator.migrate(migrator.sql(DROP), migrator.sql(OPEN.format(urgency=", urgency")))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.sql(DROP), migrator.sql(OPEN.format(urgency="")))
