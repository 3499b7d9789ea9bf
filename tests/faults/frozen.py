"""The database of an open node, kept aside and put back: so that many runs begin alike."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from kernel.storage.database import close_database, connection, db


class Frozen:
    """The state of the open node's database at this moment, on SQLite.

    Keys, blobs and the signer's journal stay as they are: what was signed before is signed alike.

    :param place: a folder for the copy; a fast one saves time.
    """

    def __init__(self, place: Path) -> None:
        self._copy = place / "frozen.sqlite3"
        with connection():
            db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._file, self._copy)

    @property
    def _file(self) -> Path:
        database: Any = db.obj
        return Path(database.database)

    def restore(self) -> None:
        """Put it back; nobody may be at work."""
        close_database()
        for ending in ("-wal", "-shm", "-journal"):
            self._file.with_name(self._file.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self._copy, self._file)
