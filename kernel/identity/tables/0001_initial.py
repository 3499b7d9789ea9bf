"""identity: initial."""

from __future__ import annotations

from peewee import (
    BlobField,
    BooleanField,
    CharField,
    Database,
    ForeignKeyField,
    IntegerField,
    JSONField,
    Model,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Credential(Model):
        uid = CharField(unique=True)
        person = CharField(index=True)
        kind = CharField()
        statement = BlobField()
        signature = BlobField()
        act = CharField(default="")
        issued = TextField()
        revoked = TextField(null=True)

        class Meta:
            database = db
            table_name = "identity_credential"

    db.create_tables([Credential])

    class Grant(Model):
        uid = CharField(unique=True)
        post = CharField(index=True)
        level = CharField()
        given = BooleanField(default=True)
        act = CharField()
        at = TextField()

        class Meta:
            database = db
            table_name = "identity_grant"

    db.create_tables([Grant])

    class NodeFact(Model):
        key = CharField(primary_key=True)
        value = JSONField()

        class Meta:
            database = db
            table_name = "identity_node_fact"

    db.create_tables([NodeFact])

    class Person(Model):
        uid = CharField(unique=True)
        name = CharField(index=True)
        pinyin = CharField(default="")
        language = CharField(default="")
        text_size = CharField(default="")
        active = BooleanField(default=True)
        created = TextField()

        class Meta:
            database = db
            table_name = "identity_person"

    db.create_tables([Person])

    class Unit(Model):
        code = CharField(unique=True)
        name = CharField()
        short_name = CharField()
        kind = CharField()
        level = CharField(default="")
        parent = CharField(index=True, default="")
        organ = CharField(index=True)
        office_of = CharField(index=True, default="")
        doc_prefix = CharField(default="")
        box = BooleanField(default=False)
        access_mode = CharField(default="none")
        rollout = IntegerField(default=0)
        aliases = JSONField(default=list)
        rank = IntegerField(default=0)
        open = BooleanField(default=True)

        class Meta:
            database = db
            table_name = "identity_unit"

    db.create_tables([Unit])

    class Post(Model):
        uid = CharField(unique=True)
        person = ForeignKeyField(Person)
        unit = ForeignKeyField(Unit)
        title = CharField()
        roles = JSONField(default=list)
        rank = IntegerField(default=100)
        active = BooleanField(default=True)

        class Meta:
            database = db
            table_name = "identity_post"

    db.create_tables([Post])

    class Session(Model):
        uid = CharField(unique=True)
        token_hash = CharField(unique=True)
        person = CharField(index=True)
        post = CharField()
        credential = CharField()
        created = TextField()
        seen = TextField()
        ended = TextField(null=True)

        class Meta:
            database = db
            table_name = "identity_session"

    db.create_tables([Session])

    class UnitGroup(Model):
        name = CharField(unique=True)
        aliases = JSONField(default=list)
        members = JSONField(default=list)
        includes = JSONField(default=list)
        note = CharField(default="")

        class Meta:
            database = db
            table_name = "identity_unit_group"

    db.create_tables([UnitGroup])

    class UnitTie(Model):
        unit = CharField(index=True)
        to = CharField(index=True)
        kind = CharField()

        class Meta:
            database = db
            table_name = "identity_unit_tie"
            indexes = ((("unit", "to", "kind"), True),)

    db.create_tables([UnitTie])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("identity_unit_tie"))
    migrator.migrate(migrator.drop_table("identity_unit_group"))
    migrator.migrate(migrator.drop_table("identity_session"))
    migrator.migrate(migrator.drop_table("identity_post"))
    migrator.migrate(migrator.drop_table("identity_unit"))
    migrator.migrate(migrator.drop_table("identity_person"))
    migrator.migrate(migrator.drop_table("identity_node_fact"))
    migrator.migrate(migrator.drop_table("identity_grant"))
    migrator.migrate(migrator.drop_table("identity_credential"))
