"""exchange: what may happen to a package after it was sent."""

from __future__ import annotations

from peewee import (
    BlobField,
    BooleanField,
    CharField,
    Database,
    IntegerField,
    JSONField,
    Model,
    TextField,
)
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Rejection(Model):
        uid = CharField(unique=True)
        key = CharField(unique=True)
        sender = CharField(index=True, default="")
        msg_id = CharField(default="")
        digest = CharField()
        codes = JSONField(default=list)
        record = BlobField()
        leaf = CharField()
        at = TextField()

        class Meta:
            database = db
            table_name = "exchange_rejection"

    db.create_tables([Rejection])

    migrator.migrate(migrator.drop_index("exchange_delivery", "delivery_package_id_organ"))
    migrator.migrate(migrator.drop_index("exchange_evidence", "evidence_package_id_organ_type_act"))
    migrator.migrate(migrator.add_column("exchange_package", "ended", CharField(default="")))
    migrator.migrate(migrator.add_column("exchange_package", "successor", CharField(default="")))
    migrator.migrate(migrator.add_column("exchange_package", "claim", CharField(default="")))
    migrator.migrate(migrator.add_column("exchange_delivery", "copy", IntegerField(default=0)))
    migrator.migrate(
        migrator.add_column("exchange_delivery", "sign_by", TextField(index=True, null=True))
    )
    migrator.migrate(migrator.add_column("exchange_delivery", "asked", CharField(default="")))
    migrator.migrate(
        migrator.add_column("exchange_delivery", "asked_reason", TextField(default=""))
    )
    migrator.migrate(migrator.add_column("exchange_delivery", "mark", CharField(default="")))
    migrator.migrate(migrator.add_column("exchange_delivery", "voided", TextField(null=True)))
    migrator.migrate(migrator.add_column("exchange_delivery", "superseded", CharField(default="")))
    migrator.migrate(
        migrator.add_column("exchange_delivery", "ended_reason", TextField(default=""))
    )
    migrator.migrate(migrator.add_column("exchange_delivery", "overdue", TextField(null=True)))
    migrator.migrate(migrator.add_column("exchange_delivery", "urges", IntegerField(default=0)))
    migrator.migrate(migrator.add_column("exchange_delivery", "urged", TextField(null=True)))
    migrator.migrate(migrator.add_column("exchange_evidence", "delivery", CharField(default="")))
    migrator.migrate(
        migrator.add_column("exchange_evidence", "conflict", BooleanField(default=False))
    )
    migrator.migrate(
        migrator.add_index("exchange_delivery", ("package_id", "organ", "copy"), unique=True)
    )
    migrator.migrate(
        migrator.add_index(
            "exchange_evidence", ("package_id", "organ", "delivery", "type", "act"), unique=True
        )
    )


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(
        migrator.drop_index(
            "exchange_evidence", "exchange_evidence_package_id_organ_delivery_type_act"
        )
    )
    migrator.migrate(migrator.drop_index("exchange_delivery", "exchange_delivery_sign_by"))
    migrator.migrate(
        migrator.drop_index("exchange_delivery", "exchange_delivery_package_id_organ_copy")
    )
    migrator.migrate(migrator.drop_column("exchange_evidence", "conflict"))
    migrator.migrate(migrator.drop_column("exchange_evidence", "delivery"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "urged"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "urges"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "overdue"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "ended_reason"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "superseded"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "voided"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "mark"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "asked_reason"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "asked"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "sign_by"))
    migrator.migrate(migrator.drop_column("exchange_delivery", "copy"))
    migrator.migrate(migrator.drop_column("exchange_package", "claim"))
    migrator.migrate(migrator.drop_column("exchange_package", "successor"))
    migrator.migrate(migrator.drop_column("exchange_package", "ended"))
    migrator.migrate(
        migrator.add_index(
            "exchange_evidence",
            ("package_id", "organ", "type", "act"),
            unique=True,
            name="evidence_package_id_organ_type_act",
        )
    )
    migrator.migrate(
        migrator.add_index(
            "exchange_delivery",
            ("package_id", "organ"),
            unique=True,
            name="delivery_package_id_organ",
        )
    )
    migrator.migrate(migrator.drop_table("exchange_rejection"))
