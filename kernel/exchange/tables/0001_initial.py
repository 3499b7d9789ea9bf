"""exchange: initial."""

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
    class Package(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        unit = CharField()
        type = CharField()
        title = CharField()
        number = CharField(default="")
        urgency = CharField(default="")
        subject_kind = CharField()
        subject = CharField(index=True)
        envelope = BlobField()
        metadata = JSONField(default=dict)
        body = CharField(default="")
        attachments = JSONField(default=list)
        payload = JSONField(null=True)
        acts = JSONField(default=list)
        dispatch_act = CharField(default="")
        state = CharField(index=True, default="planned")
        pkg_digest = CharField(default="")
        blob = CharField(default="")
        total = IntegerField(default=0)
        sign_by = TextField(null=True)
        created = TextField()
        sent = TextField(null=True)

        class Meta:
            database = db
            table_name = "exchange_package"

    db.create_tables([Package])

    class Delivery(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        package = ForeignKeyField(Package, field=Package.uid)
        sender = CharField()
        sender_name = CharField()
        type = CharField()
        title = CharField()
        number = CharField(default="")
        urgency = CharField(default="")
        role = CharField()
        state = CharField(default="delivered")
        claim = CharField(default="")
        claim_act = CharField(default="")
        parked = BooleanField(default=False)
        opened = TextField(null=True)
        verified = TextField(null=True)
        level = CharField(default="")
        delivered = TextField()
        settled = TextField(null=True)
        settled_by = CharField(default="")
        reason = TextField(default="")

        class Meta:
            database = db
            table_name = "exchange_delivery"
            indexes = ((("organ", "state", "id"), False), (("package", "organ"), True))

    db.create_tables([Delivery])

    class Evidence(Model):
        uid = CharField(unique=True)
        package = ForeignKeyField(Package, field=Package.uid)
        organ = CharField(index=True, default="")
        type = CharField()
        record = BlobField()
        act = CharField(default="")
        leaf = CharField(default="")
        at = TextField()

        class Meta:
            database = db
            table_name = "exchange_evidence"
            indexes = ((("package", "organ", "type", "act"), True),)

    db.create_tables([Evidence])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("exchange_evidence"))
    migrator.migrate(migrator.drop_table("exchange_delivery"))
    migrator.migrate(migrator.drop_table("exchange_package"))
