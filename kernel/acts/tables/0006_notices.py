"""acts: notices, and the way to the tasks that fall due."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, IntegerField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Notice(Model):
        uid = CharField(unique=True)
        key = CharField()
        plugin = CharField()
        kind = CharField()
        subject = CharField(index=True)
        title = CharField()
        zh = CharField()
        en = CharField()
        urgency = CharField(default="")
        organ = CharField()
        post = CharField()
        at = TextField(index=True)
        seen = TextField(null=True)

        class Meta:
            database = db
            table_name = "acts_notice"
            indexes = ((("key", "post"), True), (("post", "seen", "id"), False))

    class NoticeWish(Model):
        person = CharField(unique=True)
        popup = BooleanField(default=False)
        sound = BooleanField(default=False)
        quiet = BooleanField(default=True)
        quiet_from = IntegerField(default=20 * 60)
        quiet_until = IntegerField(default=7 * 60)
        rest_days = BooleanField(default=True)

        class Meta:
            database = db
            table_name = "acts_notice_wish"

    db.create_tables([Notice, NoticeWish])
    migrator.migrate(migrator.add_index("acts_task", ("done", "due"), False))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_index("acts_task", "acts_task_done_due"))
    migrator.migrate(migrator.drop_table("acts_notice_wish"))
    migrator.migrate(migrator.drop_table("acts_notice"))
