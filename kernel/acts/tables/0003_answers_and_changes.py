"""acts: answers and changes."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Answer(Model):
        key = CharField(unique=True)
        session = CharField()
        kind = CharField(default="")
        subject = CharField(default="")
        place = TextField(default="")
        at = TextField(index=True)

        class Meta:
            database = db
            table_name = "acts_answer"

    db.create_tables([Answer])

    class Touch(Model):
        subject = CharField()
        verb = CharField()
        person = CharField()
        version = IntegerField()
        at = TextField()

        class Meta:
            database = db
            table_name = "acts_touch"
            indexes = ((("subject", "verb", "person"), True),)

    db.create_tables([Touch])

    migrator.migrate(migrator.add_column("acts_prepared", "outcome", CharField(default="")))
    migrator.migrate(migrator.add_index("acts_prepared", ("expires",)))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_index("acts_prepared", "acts_prepared_expires"))
    migrator.migrate(migrator.drop_column("acts_prepared", "outcome"))
    migrator.migrate(migrator.drop_table("acts_touch"))
    migrator.migrate(migrator.drop_table("acts_answer"))
