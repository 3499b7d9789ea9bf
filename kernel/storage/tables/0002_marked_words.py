"""storage: in the index of SQLite each word carries the mark of who may see it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import itemgetter

from peewee import Database, PostgresqlDatabase
from playhouse.migrate import SchemaMigrator

Words = dict[str, list[str]]
"""Column → the tokens of an entry, in their order."""
MARK = 33
"""The length of a mark."""


def up(migrator: SchemaMigrator, db: Database) -> None:
    """The texts are not kept: the words are taken over from the old index."""
    if isinstance(db, PostgresqlDatabase):
        return
    on = {_mark("on", name) for (name,) in db.execute_sql("SELECT plugin FROM search_entry")}

    def marked(words: Words) -> list[str]:
        may = [mark for mark in words["scope"] if mark not in on]
        return [
            " ".join(mark + word for mark in may for word in words[column])
            for column in ("title", "body")
        ]

    entries = ((number, *marked(words)) for number, words in _entries(db, "title body scope"))
    _replace(db, "title, body", entries)


def down(migrator: SchemaMigrator, db: Database) -> None:
    """Words and marks stand apart again."""
    if isinstance(db, PostgresqlDatabase):
        return
    on = {
        number: _mark("on", name)
        for number, name in db.execute_sql("SELECT id, plugin FROM search_entry")
    }

    def parted(number: int, words: Words) -> list[str]:
        may = list(dict.fromkeys(word[:MARK] for some in words.values() for word in some))
        once = ([w[MARK:] for w in words[c] if w[:MARK] == may[0]] for c in ("title", "body"))
        return [*map(" ".join, once), " ".join([on[number], *may])]

    entries = ((number, *parted(number, words)) for number, words in _entries(db, "title body"))
    _replace(db, "title, body, scope", entries)


def _mark(sort: str, name: str) -> str:
    return "x" + hashlib.sha256(f"{sort} {name}".encode()).hexdigest()[:32]


def _entries(db: Database, columns: str) -> Iterator[tuple[int, Words]]:
    """The tokens of each entry, read out of the index."""
    db.execute_sql("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search_text, instance)")
    db.execute_sql('CREATE TEMP TABLE places AS SELECT doc, col, "offset" AS at, term FROM words')
    db.execute_sql("CREATE INDEX temp.places_in_order ON places (doc, col, at)")
    rows = db.execute_sql("SELECT doc, col, term FROM places ORDER BY doc, col, at")
    for number, some in groupby(rows, itemgetter(0)):
        words: Words = {column: [] for column in columns.split()}
        for _, column, term in some:
            words[column].append(term)
        yield number, words
    db.execute_sql("DROP TABLE temp.places")
    db.execute_sql("DROP TABLE temp.words")


def _replace(db: Database, columns: str, entries: Iterable[tuple[object, ...]]) -> None:
    db.execute_sql(
        f"CREATE VIRTUAL TABLE search_new USING fts5({columns}, content='', contentless_delete=1, "
        "tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")"
    )
    values = ", ".join("?" * (columns.count(",") + 2))
    for entry in entries:
        db.execute_sql(f"INSERT INTO search_new (rowid, {columns}) VALUES ({values})", entry)  # noqa: S608  # ours
    db.execute_sql("INSERT INTO search_new (search_new) VALUES ('optimize')")
    db.execute_sql("DROP TABLE search_text")
    db.execute_sql("ALTER TABLE search_new RENAME TO search_text")
