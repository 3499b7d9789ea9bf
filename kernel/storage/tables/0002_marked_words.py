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
MOST, SHARED = 8, "y"
"""What more may see has its words once, with this before them, and the marks beside them."""
COLUMNS = "title, body, scope"


def up(migrator: SchemaMigrator, db: Database) -> None:
    """The texts are not kept: the words are taken over from the old index."""
    if isinstance(db, PostgresqlDatabase):
        return
    on = {_mark("on", name) for (name,) in db.execute_sql("SELECT plugin FROM search_entry")}

    def marked(words: Words) -> list[str]:
        may = [mark for mark in words["scope"] if mark not in on]
        own = may if len(may) <= MOST else [SHARED]
        told = ((mark + word for mark in own for word in words[c]) for c in ("title", "body"))
        return [*map(" ".join, told), "" if own is may else " ".join(may)]

    _replace(db, ((number, *marked(words)) for number, words in _entries(db)))


def down(migrator: SchemaMigrator, db: Database) -> None:
    """Words and marks stand apart again."""
    if isinstance(db, PostgresqlDatabase):
        return
    on = {
        number: _mark("on", name)
        for number, name in db.execute_sql("SELECT id, plugin FROM search_entry")
    }

    def parted(number: int, words: Words) -> list[str]:
        titled, told, may = words["title"], words["body"], words["scope"]
        own = list(dict.fromkeys(word[:MARK] for word in titled + told)) if not may else [SHARED]
        once = (
            [word[len(own[0]) :] for word in some if word.startswith(own[0])]
            for some in (titled, told)
        )
        return [*map(" ".join, once), " ".join([on[number], *(may or own)])]

    _replace(db, ((number, *parted(number, words)) for number, words in _entries(db)))


def _mark(sort: str, name: str) -> str:
    return "x" + hashlib.sha256(f"{sort} {name}".encode()).hexdigest()[:32]


def _entries(db: Database) -> Iterator[tuple[int, Words]]:
    """The tokens of each entry, read out of the index."""
    db.execute_sql("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search_text, instance)")
    db.execute_sql('CREATE TEMP TABLE places AS SELECT doc, col, "offset" AS at, term FROM words')
    db.execute_sql("CREATE INDEX temp.places_in_order ON places (doc, col, at)")
    rows = db.execute_sql("SELECT doc, col, term FROM places ORDER BY doc, col, at")
    for number, some in groupby(rows, itemgetter(0)):
        words: Words = {column: [] for column in COLUMNS.split(", ")}
        for _, column, term in some:
            words[column].append(term)
        yield number, words
    db.execute_sql("DROP TABLE temp.places")
    db.execute_sql("DROP TABLE temp.words")


def _replace(db: Database, entries: Iterable[tuple[object, ...]]) -> None:
    db.execute_sql(
        f"CREATE VIRTUAL TABLE search_new USING fts5({COLUMNS}, content='', contentless_delete=1, "
        "tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")"
    )
    for entry in entries:
        db.execute_sql(f"INSERT INTO search_new (rowid, {COLUMNS}) VALUES (?, ?, ?, ?)", entry)  # noqa: S608  # ours
    db.execute_sql("INSERT INTO search_new (search_new) VALUES ('optimize')")
    db.execute_sql("DROP TABLE search_text")
    db.execute_sql("ALTER TABLE search_new RENAME TO search_text")
