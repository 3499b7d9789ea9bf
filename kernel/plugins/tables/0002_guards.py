"""plugins: guards."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, JSONField, Model
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class InstalledGuard(Model):
        name = CharField(unique=True)
        verbs = JSONField()
        act = CharField()
        removed = BooleanField(default=False)

        class Meta:
            database = db
            table_name = "plugins_guard"

    db.create_tables([InstalledGuard])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("plugins_guard"))
