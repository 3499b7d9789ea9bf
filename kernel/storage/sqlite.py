"""SQLite as the node's database: how it is opened, and the connections of one process."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import peewee
from playhouse.pool import PooledSqliteDatabase

from kernel.storage.faults import sqlite3
from kernel.storage.writing import Context, Driven

BUSY_SECONDS = 5
"""How long a writer waits for another one before the user is told."""
MAX_CONNECTIONS = 64
"""More than the 40 worker threads of the web server, so that no view waits for a connection."""
SAFE_WAL = (3, 51, 3)
"""Before this version SQLite can lose commits in WAL mode (the WAL-reset bug)."""
log = logging.getLogger("juyan.storage")


def journal_mode(version: tuple[int, ...]) -> str:
    """The journal that is safe with this SQLite: ``wal``, or ``delete`` before 3.51.3."""
    return "wal" if version >= SAFE_WAL else "delete"


class Sqlite(Driven, PooledSqliteDatabase):  # type: ignore[misc]  # it has no stubs
    """The pool of connections of one process.

    Every page takes a connection several times. So most of them are put aside here and taken again
    by one step each, which no other thread can come between; in the pool's books they stay in use.
    """

    context_class = Context

    def __init__(self, *given: Any, **named: Any) -> None:
        self._aside: list[Any] = []
        super().__init__(*given, **named)

    def connect(self, reuse_if_open: bool = False) -> bool:
        """Take a connection for this thread."""
        state = self._state
        if state.closed:
            try:
                state.set_connection(self._aside.pop())
                return True
            except IndexError:
                pass  # none is aside: the pool has one or makes one
        opened: bool = super().connect(reuse_if_open)
        return opened

    def _connect(self) -> Any:
        try:
            return self._aside.pop()  # for who has waited
        except IndexError:
            return super()._connect()

    def close(self) -> bool:
        """Put it aside, or give it back to the pool; False where there was none."""
        state, aside = self._state, self._aside
        mine = state.conn
        # Where all are taken somebody may wait for this one, whom only the pool wakes.
        plenty = len(self._in_use) < self._max_connections
        mine_still = self.conn_key(mine) in self._in_use  # and close_all() has not closed it
        if plenty and mine_still and not mine.in_transaction and not state.transactions:
            state.reset()
            aside.append(mine)
            return True
        closed: bool = super().close()
        return closed

    def close_all(self) -> None:
        """Close all of them, those in use among them."""
        super().close_all()
        self._aside = []  # another one: who was just putting his aside has the list before


def at(path: Path) -> peewee.Database:
    """The database in this file, which is made where there is none; nothing is opened yet."""
    version = tuple(sqlite3.sqlite_version_info)
    mode = journal_mode(version)
    if mode != "wal":
        log.warning("SQLite %s is not safe in WAL mode: using the rollback journal", version)
    pragmas = {
        "journal_mode": mode,
        "synchronous": "full",
        "foreign_keys": 1,
        "busy_timeout": BUSY_SECONDS * 1000,
        "cache_size": -8000,
        "journal_size_limit": 64 * 1024 * 1024,
    }
    database: peewee.Database = Sqlite(
        str(path),
        pragmas=pragmas,
        lock_type="immediate",
        autoconnect=False,
        max_connections=MAX_CONNECTIONS,
        timeout=BUSY_SECONDS,
        # A pooled connection serves one thread after the other, never two at once.
        check_same_thread=False,
    )
    return database
