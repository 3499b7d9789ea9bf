"""identity: certificates taken back, and the lists that say so."""

from __future__ import annotations

from peewee import BigIntegerField, CharField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class RevokedCertificate(Model):
        authority = CharField()
        serial = CharField()
        name = CharField(default="")
        at = TextField()
        act = CharField()

        class Meta:
            database = db
            table_name = "identity_revoked_certificate"
            indexes = ((("authority", "serial"), True),)

    class RevocationList(Model):
        authority = CharField()
        number = BigIntegerField()
        pem = TextField()
        issued = TextField()

        class Meta:
            database = db
            table_name = "identity_revocation_list"
            indexes = ((("authority", "number"), True),)

    db.create_tables([RevokedCertificate, RevocationList])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("identity_revocation_list"))
    migrator.migrate(migrator.drop_table("identity_revoked_certificate"))
