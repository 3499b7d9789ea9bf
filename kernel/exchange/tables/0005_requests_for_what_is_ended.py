"""exchange: nobody is asked any more to send again what was recalled, declared void or replaced."""

from __future__ import annotations

from peewee import Database
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Until now that task stayed open, and nobody could do it."""
    db.execute_sql(
        "UPDATE acts_task SET done = created WHERE done IS NULL AND kind = 'exchange.package' "
        "AND step = '补发' AND subject IN (SELECT uid FROM exchange_package WHERE ended <> '')"
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    """A task that nobody can do is not opened again."""
