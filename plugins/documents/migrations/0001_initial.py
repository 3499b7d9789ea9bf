"""documents: initial."""

from __future__ import annotations

from peewee import BooleanField, CharField, Database, IntegerField, JSONField, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    class Document(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        drafter = CharField()
        drafter_name = CharField()
        drafter_post = CharField()
        unit = CharField()
        unit_name = CharField()
        type = CharField()
        series = CharField(default="")
        title = TextField(default="")
        main = JSONField(default=list)
        main_text = TextField(default="")
        cc = JSONField(default=list)
        body = JSONField(default=list)
        attachment_note = JSONField(default=list)
        attachments = JSONField(default=list)
        annotation = TextField(default="")
        urgency = CharField(default="")
        disclosure = CharField(default="")
        disclosure_reason = TextField(default="")
        state = CharField(default="draft")
        submitted = BooleanField(default=False)
        signer_name = CharField(default="")
        issued = CharField(default="")
        number = CharField(index=True, default="")
        sign_off_act = CharField(default="")
        number_act = CharField(default="")
        seal_act = CharField(default="")
        sheet = CharField(default="")
        pdf = CharField(default="")
        pdf_size = IntegerField(default=0)
        pages = IntegerField(default=0)
        placement = JSONField(default=dict)
        sealed = CharField(default="")
        package = CharField(default="")
        claim = CharField(default="")
        trouble = TextField(default="")
        changed = TextField()

        class Meta:
            database = db
            table_name = "documents_document"
            indexes = ((("organ", "state", "changed"), False),)

    db.create_tables([Document])

    class Incoming(Model):
        uid = CharField(unique=True)
        version = IntegerField(default=1)
        organ = CharField(index=True)
        number = CharField()
        title = TextField()
        type = CharField(default="")
        source_number = CharField(default="")
        sender = CharField()
        sender_name = CharField()
        role = CharField()
        urgency = CharField(default="")
        delivery = CharField(unique=True)
        package = CharField()
        pkg_digest = CharField()
        state = CharField(default="registered")
        received = TextField()

        class Meta:
            database = db
            table_name = "documents_incoming"

    db.create_tables([Incoming])


def down(migrator: SchemaMigrator, db: Database) -> None:
    migrator.migrate(migrator.drop_table("documents_incoming"))
    migrator.migrate(migrator.drop_table("documents_document"))
