"""work: days of the working-day calendar that an administrator has entered."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, Model
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class EnteredDay(Model):
        day = CharField(unique=True)
        works = BooleanField()
        name = CharField()
        source = CharField()
        act = CharField()

        class Meta:
            database = db
            table_name = "work_day"

    db.create_tables([EnteredDay])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("work_day"))
