"""The search index on SQLite: FTS5 over our own tokens, without the texts."""

from __future__ import annotations

from collections.abc import Callable
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


def tidy(first: bool) -> bool:
    """Bring the parts of the index a little closer to one, within the caller's transaction.

    Each transaction adds a part of its own, and every word of a query is looked up in every part.

    :param first: whether this begins anew; the steps after it go on. :returns: whether more is to
        be done.
    """
    if first:
        (parts,) = db.execute_sql("SELECT COUNT(DISTINCT segid) FROM search_text_idx").fetchone()
        if parts <= FEW_PARTS:
            return False
    before = _changes()
    db.execute_sql(
        "INSERT INTO search_text (search_text, rank) VALUES ('merge', ?)",
        (-STEP if first else STEP,),
    )
    return _changes() - before > 1  # as FTS5's manual says


def _changes() -> int:
    return int(db.execute_sql("SELECT total_changes()").fetchone()[0])


FEW_PARTS = 4
"""So many parts are left alone: bringing them together means writing all of them anew."""
STEP = 500
"""Pages of a step: some fifty milliseconds in which nobody else can write."""


def in_titles(query: Query, below: int, limit: int) -> list[Row]:
    """Newest first. Ranking by bm25 instead would sort all hits of a common word."""
    return _wanted(query, f"({_titles(query)}) AND {_seen(query)}", below, limit, limit, None)


def elsewhere(query: Query, below: int, limit: int, titled: int | None = None) -> list[Row]:
    """Newest first.

    FTS5's own NOT runs through all hits in titles, however many: the few rows that are shown are
    looked at here instead. Where it is known how many of them there are, one look is enough.
    """
    anywhere = " AND ".join(f"{{title body}} : {_fts5(phrase)}" for phrase in query.phrases)

    def untitled(row: Row) -> bool:
        return not holds(row[_TITLE], query.phrases)

    size = 2 * limit if titled is None else limit + titled
    return _wanted(query, f"({anywhere}) AND {_seen(query)}", below, limit, size, untitled)


def _wanted(
    query: Query,
    expression: str,
    below: int,
    limit: int,
    size: int,
    wanted: Callable[[Row], bool] | None,
) -> list[Row]:
    """The plugins are compared in the rows: in the index each has as many entries as it has
    objects, and all these would be run through.

    :param size: how many rows are looked at first.
    """
    plugins = frozenset(query.plugins)
    found: list[Row] = []
    while len(found) < limit:
        rows = _rows(expression, below, size)
        seen = [row for row in rows if row[_PLUGIN] in plugins]
        found += seen if wanted is None else [row for row in seen if wanted(row)]
        if len(rows) < size:
            break
        below, size = rows[-1][0], 2 * size
    return found[:limit]


def _rows(expression: str, below: int, limit: int) -> list[Row]:
    cursor = db.execute_sql(
        f"SELECT e.id, {_COLUMNS} FROM search_entry AS e WHERE e.id IN "  # noqa: S608  # our own text
        "(SELECT rowid FROM search_text WHERE search_text MATCH ? AND rowid < ? "
        "ORDER BY rowid DESC LIMIT ?) ORDER BY e.id DESC",
        (expression, below, limit),
    )
    found: list[Row] = cursor.fetchall()
    return found


_COLUMNS = "e.plugin, e.kind, e.uid, e.organ, e.title, e.summary, e.time"
_PLUGIN, _TITLE = 1, 5


def _titles(query: Query) -> str:
    return " AND ".join(f"title : {_fts5(phrase)}" for phrase in query.phrases)


def _seen(query: Query) -> str:
    return f"scope : ({' OR '.join(query.may)})"


def _fts5(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.tokens)}"' + (" *" if phrase.open else "")
