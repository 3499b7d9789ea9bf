"""exchange: the time of a piece of evidence is the one that it says, which is what was signed."""

from __future__ import annotations

import json
from typing import Any

from peewee import AutoField, BlobField, Database, Model, TextField
from playhouse.migrate import SchemaMigrator


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Until now it was the time at which the node wrote it down."""

    class Evidence(Model):
        id = AutoField()
        record: Any = BlobField()
        at = TextField()

        class Meta:
            database = db
            table_name = "exchange_evidence"

    last = 0
    while rows := list(
        Evidence.select().where(Evidence.id > last).order_by(Evidence.id).limit(500)
    ):
        for row in rows:
            at = _time(bytes(row.record))
            if at and at != row.at:
                Evidence.update(at=at).where(Evidence.id == row.id).execute()
        last = rows[-1].id


def _time(record: bytes) -> str:
    try:
        return str(json.loads(record)["evidence"]["event_time"]["value"])
    except (ValueError, KeyError, TypeError):
        return ""  # it was altered, and `log verify` says so


def down(migrator: SchemaMigrator, db: Database) -> None:
    """Nothing depends on when it was written down."""
