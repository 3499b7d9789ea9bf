"""announcements: initial."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Announcement(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        scope = CharField(default="organ", index=True)
        title = CharField()
        body = TextField()
        starts = CharField()
        ends = CharField(index=True)
        state = CharField(default="published")
        organ_name = CharField()
        publisher = CharField()
        published = TextField()
        withdrawer = CharField(default="")
        withdrawn = TextField(null=True)

        class Meta:
            database = db
            table_name = "announcements_announcement"

    class Seen(Model):
        announcement = CharField()
        person = CharField()
        at = TextField()

        class Meta:
            database = db
            table_name = "announcements_seen"
            indexes = ((("person", "announcement"), True),)

    db.create_tables([Announcement, Seen])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("announcements_seen"))
    migrator.migrate(migrator.drop_table("announcements_announcement"))
