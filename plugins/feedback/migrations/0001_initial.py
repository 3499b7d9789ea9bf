"""feedback: initial."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Remark(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        person = CharField(index=True)
        post = CharField()
        name = CharField()
        where = CharField()
        text = TextField()
        place = CharField(default="")
        written = TextField()
        state = CharField(default="open", index=True)
        reply = TextField(default="")
        replier = CharField(default="")
        replied = TextField(null=True)

        class Meta:
            database = db
            table_name = "feedback_remark"

    db.create_tables([Remark])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("feedback_remark"))
