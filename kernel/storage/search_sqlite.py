"""The search index on SQLite: FTS5 over our own tokens, without the texts."""

from __future__ import annotations

from typing import Any

from kernel.storage.database import db, execute_many
from kernel.storage.words import Phrase, Query, holds

Row = tuple[Any, ...]


def put_many(entries: list[tuple[int, str, str, list[str]]]) -> None:
    """Index the tokens of entries."""
    execute_many(
        "INSERT INTO search_text (rowid, title, body, scope) VALUES (?, ?, ?, ?)",
        [(number, title, body, " ".join(scope)) for number, title, body, scope in entries],
    )


def drop(number: int) -> None:
    """Forget an entry."""
    db.execute_sql("DELETE FROM search_text WHERE rowid = ?", (number,))


def in_titles(query: Query, below: int, limit: int) -> list[Row]:
    """Newest first. Ranking by bm25 instead would sort all hits of a common word."""
    return _rows(query, f"({_titles(query)}) AND {_seen(query)}", below, limit)


def elsewhere(query: Query, below: int, limit: int) -> list[Row]:
    """Newest first.

    FTS5's own NOT runs through all hits in titles, however many: the few rows that are shown are
    looked at here instead.
    """
    anywhere = " AND ".join(f"{{title body}} : {_fts5(phrase)}" for phrase in query.phrases)
    expression = f"({anywhere}) AND {_seen(query)}"
    found: list[Row] = []
    size = 2 * limit
    while len(found) < limit:
        rows = _rows(query, expression, below, size)
        found += [row for row in rows if not holds(row[_TITLE], query.phrases)]
        if len(rows) < size:
            break
        below, size = rows[-1][0], 2 * size
    return found[:limit]


def _rows(query: Query, expression: str, below: int, limit: int) -> list[Row]:
    """The plugins are compared in the rows: in the index each has as many entries as it has
    objects, and all these would be run through.
    """
    places = ",".join("?" * len(query.plugins))
    cursor = db.execute_sql(
        f"SELECT e.id, {_COLUMNS} FROM search_text "  # noqa: S608  # our own text
        "CROSS JOIN search_entry AS e ON e.id = search_text.rowid "
        f"WHERE search_text MATCH ? AND search_text.rowid < ? AND e.plugin IN ({places}) "
        "ORDER BY search_text.rowid DESC LIMIT ?",
        (expression, below, *query.plugins, limit),
    )
    found: list[Row] = cursor.fetchall()
    return found


_COLUMNS = "e.plugin, e.kind, e.uid, e.organ, e.title, e.summary, e.time"
_TITLE = 5


def _titles(query: Query) -> str:
    return " AND ".join(f"title : {_fts5(phrase)}" for phrase in query.phrases)


def _seen(query: Query) -> str:
    return f"scope : ({' OR '.join(query.may)})"


def _fts5(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.tokens)}"' + (" *" if phrase.open else "")
