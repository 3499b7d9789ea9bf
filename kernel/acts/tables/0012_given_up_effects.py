"""acts: why an effect failed, and how often for a reason that does not go by itself."""

from __future__ import annotations

from peewee import Database, IntegerField, JSONField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """What was given up before keeps its state; its sentence stands in ``error`` alone."""
    migrator.migrate(
        migrator.add_column("acts_effect", "failures", IntegerField(default=0)),
        migrator.add_column("acts_effect", "reason", JSONField(null=True)),
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(
        migrator.drop_column("acts_effect", "reason"),
        migrator.drop_column("acts_effect", "failures"),
    )
