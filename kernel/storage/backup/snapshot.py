"""The database at one moment, while others go on writing."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from kernel.storage import instance
from kernel.storage.database import connection, db, on_postgresql
from kernel.storage.faults import sqlite3

SQLITE = "juyan.db"


def kind() -> str:
    """The kind of the open database: ``sqlite`` or ``postgresql``."""
    return "postgresql" if on_postgresql() else "sqlite"


def estimate() -> int:
    """About how many bytes a snapshot takes."""
    if on_postgresql():
        from kernel.storage.backup import tables  # needs a driver that may not be there

        return tables.estimate()
    return Path(db.obj.database).stat().st_size


def take(folder: Path) -> list[Path]:
    """Write the database as it is at one moment into files of an empty folder.

    SQLite's backup API, all pages in one step: under WAL it reads beside the writers, and nothing
    that they write meanwhile comes in. (Step by step it would begin anew with every commit.)
    PostgreSQL: see :mod:`kernel.storage.backup.tables`.
    """
    if on_postgresql():
        from kernel.storage.backup import tables

        return tables.take(folder)
    target = folder / SQLITE
    instance.private_file(target)
    with connection(), closing(sqlite3.connect(str(target))) as copy:
        db.connection().backup(copy, pages=-1)
    return [target]
