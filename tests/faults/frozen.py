"""The database of an open node, kept aside and put back: so that many runs begin alike."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from kernel.storage import remembered
from kernel.storage.database import close_database, connection, db
from kernel.testing_databases import Server


class Frozen:
    """The state of the open node's database at this moment.

    Keys, blobs and the signer's journal stay as they are: what was signed before is signed alike.

    :param place: a folder for the copy; a fast one saves time.
    :param server: where the database lies, at ``url``; without it the node is on SQLite.
    """

    def __init__(self, place: Path, server: Server | None = None, url: str = "") -> None:
        self._server, self._url = server, url
        self._copy = place / "frozen.sqlite3"
        if server is not None:
            close_database()
            self._template = server.create(url)
            return
        with connection():
            db.execute_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copyfile(self._file, self._copy)

    @property
    def _file(self) -> Path:
        database: Any = db.obj
        return Path(database.database)

    def restore(self) -> None:
        """Put it back; nobody may be at work, and nothing is remembered of before."""
        close_database()
        remembered.forget()
        if self._server is not None:
            self._server.put_back(self._url, self._template)
            return
        for ending in ("-wal", "-shm", "-journal"):
            self._file.with_name(self._file.name + ending).unlink(missing_ok=True)
        shutil.copyfile(self._copy, self._file)

    def forget(self) -> None:
        """Take the copy away."""
        if self._server is not None:
            self._server.drop(self._template)
        self._copy.unlink(missing_ok=True)
