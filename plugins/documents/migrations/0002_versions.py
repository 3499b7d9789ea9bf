"""documents: versions."""

from __future__ import annotations

from peewee import CharField, Database, IntegerField, JSONField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Version(Model):
        document = CharField(index=True)
        number = IntegerField()
        step = CharField()
        action = CharField()
        person = CharField()
        act = CharField()
        content = JSONField()
        at = TextField()

        class Meta:
            database = db
            table_name = "documents_version"
            indexes = ((("document", "number"), True),)

    db.create_tables([Version])

    migrator.migrate(migrator.add_column("documents_document", "opened", CharField(default="")))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_column("documents_document", "opened"))
    migrator.migrate(migrator.drop_table("documents_version"))
