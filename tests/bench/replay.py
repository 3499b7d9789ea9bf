"""The raw baseline of whatever writes: the same statements, replayed on a copy of the database.

What our code writes in a round is recorded, and written again by a bare cursor on a copy that was
taken before: same rows, same indexes, same SQLite, same journal and synchronous mode, and as many
transactions. Reads are left out: a baseline has nothing to look up. They are noted apart, for who
wants to know what they cost when they are asked by a bare cursor.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from peewee import sqlite3

from kernel.storage.database import connection, db
from tests.bench.measure import Clock

PRAGMAS = ("journal_mode", "synchronous", "foreign_keys", "cache_size")
Statement = tuple[str, Any, bool]
"""SQL, its values (or rows of values), and whether they are many."""
WRITES = ("INSERT", "UPDATE", "DELETE", "REPLACE")
READS = ("SELECT", "WITH")


@dataclass
class Transaction:
    """What one transaction wrote, and how long it took from BEGIN to the end of COMMIT."""

    clock: Clock = field(default_factory=Clock)
    statements: list[Statement] = field(default_factory=list)


class Copy:
    """A copy of the open database, with a bare connection."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._raw: Any = sqlite3.connect(path, isolation_level=None)
        with connection():
            source = db.connection()
            source.backup(self._raw)
            for name in PRAGMAS:
                value = source.execute(f"PRAGMA {name}").fetchone()[0]
                self._raw.execute(f"PRAGMA {name} = {value}")

    def write(self, transactions: Sequence[Transaction]) -> None:
        """Write all of it again, transaction by transaction."""
        cursor = self._raw.cursor()
        for one in transactions:
            cursor.execute("BEGIN IMMEDIATE")
            for sql, values, many in one.statements:
                (cursor.executemany if many else cursor.execute)(sql, values)
            cursor.execute("COMMIT")

    def ask(self, questions: Sequence[Statement]) -> None:
        """Ask all of it again."""
        cursor = self._raw.cursor()
        for sql, values, _ in questions:
            cursor.execute(sql, values).fetchall()

    def close(self) -> None:
        self._raw.close()


@contextmanager
def recording(asked: list[Statement] | None = None) -> Iterator[list[Transaction]]:
    """What is written meanwhile, one entry for each transaction.

    :param asked: what is read goes here.
    """
    done: list[Transaction] = []
    database: Any = db.obj
    make, commit = database.cursor, database.commit
    spans: list[Any] = []

    def cursor(*arguments: Any, **more: Any) -> Any:
        return _Cursor(make(*arguments, **more), done, spans, asked)

    def end() -> Any:
        answer = commit()
        spans.pop().__exit__(None, None, None)
        return answer

    database.cursor, database.commit = cursor, end
    try:
        yield done
    finally:
        del database.cursor, database.commit


class _Cursor:
    """A cursor that notes what is written with it."""

    def __init__(
        self,
        cursor: Any,
        done: list[Transaction],
        spans: list[Any],
        asked: list[Statement] | None,
    ) -> None:
        self._cursor, self._done, self._spans, self._asked = cursor, done, spans, asked

    def execute(self, sql: str, values: Any = ()) -> Any:
        if sql.startswith("BEGIN"):
            self._done.append(Transaction())
            span = self._done[-1].clock.running()
            span.__enter__()
            self._spans.append(span)
        else:
            self._note(sql, values, many=False)
        return self._cursor.execute(sql, values or ())

    def executemany(self, sql: str, rows: Any) -> Any:
        kept = list(rows)
        self._note(sql, kept, many=True)
        return self._cursor.executemany(sql, kept)

    def _note(self, sql: str, values: Any, many: bool) -> None:
        if sql.startswith(WRITES):
            assert self._spans, f"a write outside of a transaction: {sql}"
            self._done[-1].statements.append((sql, values or (), many))
        elif self._asked is not None and sql.startswith(READS):
            self._asked.append((sql, values or (), many))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)

    def __iter__(self) -> Any:
        return iter(self._cursor)
