"""storage: which marks there are in the index of SQLite, so that no others are looked for."""

from __future__ import annotations

from collections.abc import Iterator

from peewee import Database, PostgresqlDatabase
from playhouse.migrate import SchemaMigrator

MARK = 33
"""The length of a mark."""
LAST = "\U0010ffff"
"""Behind all words that begin with the same mark."""


def up(migrator: SchemaMigrator, db: Database) -> None:
    """Marks of words, and marks that stand alone beside what many may see."""
    if isinstance(db, PostgresqlDatabase):
        return
    db.execute_sql(
        "CREATE TABLE search_who (mark TEXT NOT NULL, shared INTEGER NOT NULL, "
        "PRIMARY KEY (mark, shared)) WITHOUT ROWID"
    )
    db.execute_sql("CREATE VIRTUAL TABLE temp.terms USING fts5vocab(main, search_text, row)")
    for found in list(_marks(db)):
        db.execute_sql("INSERT INTO search_who (mark, shared) VALUES (?, ?)", found)
    db.execute_sql("DROP TABLE temp.terms")


def down(migrator: SchemaMigrator, db: Database) -> None:
    """The words stay as they are."""
    if not isinstance(db, PostgresqlDatabase):
        db.execute_sql("DROP TABLE search_who")


def _marks(db: Database) -> Iterator[tuple[str, bool]]:
    """One look into the index for each, not one for each word."""
    after = "x"
    while True:
        row = db.execute_sql("SELECT term FROM terms WHERE term >= ? LIMIT 1", (after,)).fetchone()
        if row is None or not row[0].startswith("x"):
            return
        mark, alone = row[0][:MARK], len(row[0]) == MARK
        yield mark, alone
        after = mark + (" " if alone else LAST)
