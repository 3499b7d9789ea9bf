"""identity: security keys."""

from __future__ import annotations

from peewee import CharField, Database, JSONField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Enrolment(Model):
        uid = CharField(unique=True)
        person = CharField(index=True)
        kind = CharField()
        label = CharField(default="")
        code_hash = CharField(unique=True)
        state = CharField(default="open")
        challenge = CharField(default="")
        public_key = TextField(default="")
        binding = JSONField(default=dict)
        act = CharField(default="")
        created = TextField()
        expires = TextField()
        offered = TextField(null=True)

        class Meta:
            database = db
            table_name = "identity_enrolment"

    db.create_tables([Enrolment])

    class LoginChallenge(Model):
        value = CharField(unique=True)
        browser_hash = CharField()
        person = CharField(default="")
        expires = TextField()

        class Meta:
            database = db
            table_name = "identity_login_challenge"

    db.create_tables([LoginChallenge])

    migrator.migrate(
        migrator.add_column("identity_credential", "key_digest", CharField(index=True, default=""))
    )
    migrator.migrate(migrator.add_column("identity_credential", "label", CharField(default="")))


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_index("identity_credential", "identity_credential_key_digest"))
    migrator.migrate(migrator.drop_column("identity_credential", "label"))
    migrator.migrate(migrator.drop_column("identity_credential", "key_digest"))
    migrator.migrate(migrator.drop_table("identity_login_challenge"))
    migrator.migrate(migrator.drop_table("identity_enrolment"))
