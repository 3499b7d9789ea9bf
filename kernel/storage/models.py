"""The tables of the storage room. The search index proper is a virtual table: see ``search``."""

from __future__ import annotations

from typing import Any

import peewee

from kernel.storage.database import Model, UTCField


class LogLeaf(Model):
    """One leaf of the log. Rows are only ever inserted; ``position`` is set once."""

    id = peewee.AutoField()
    kind = peewee.CharField(max_length=40)
    ref = peewee.CharField(index=True)
    data: peewee.BlobField[Any] = peewee.BlobField()
    """The canonical JSON that is hashed: ``{"data": …, "kind": …, "ref": …}``."""
    hash: peewee.BlobField[Any] = peewee.BlobField()
    position = peewee.BigIntegerField(null=True, unique=True)

    class Meta:
        """Guarded by triggers, see the migration."""

        table_name = "log_leaf"


class LogNode(Model):
    """The hash of a complete subtree, as :mod:`kernel.crypto.merkle` counts them."""

    level = peewee.SmallIntegerField()
    position = peewee.BigIntegerField()
    hash: peewee.BlobField[Any] = peewee.BlobField()

    class Meta:
        """Guarded by triggers, see the migration."""

        table_name = "log_node"
        primary_key = peewee.CompositeKey("level", "position")


class LogCheckpoint(Model):
    """One signed checkpoint: a note that says how many leaves there are and their root."""

    origin = peewee.CharField()
    size = peewee.BigIntegerField()
    note = peewee.TextField()
    created = UTCField()

    class Meta:
        """Guarded by triggers, see the migration."""

        table_name = "log_checkpoint"
        indexes = ((("origin", "size"), True),)


class SearchEntry(Model):
    """What a search result shows. The id grows with the time, so that newest-first is id order."""

    id = peewee.BigIntegerField(primary_key=True)
    plugin = peewee.CharField(max_length=60)
    kind = peewee.CharField(max_length=60)
    uid = peewee.CharField(max_length=60)
    organ = peewee.CharField(max_length=60)
    title = peewee.TextField()
    summary = peewee.TextField()
    time = UTCField()

    class Meta:
        """One entry an object."""

        table_name = "search_entry"
        indexes = ((("kind", "uid"), True),)


MODELS = [LogLeaf, LogNode, LogCheckpoint, SearchEntry]
