"""The search index on SQLite: FTS5 over our own tokens, without the texts.

Each token carries the mark of who may see it, once for each of them: what others may see is not
even walked past, and a word of a small office is found as quickly as one that nobody else has. What
more than :data:`MOST` may see has its tokens once, and the marks beside them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.storage.database import db, execute_many
from kernel.storage.words import NEWEST, Phrase, Query, holds

Row = tuple[Any, ...]


MOST = 8
"""Of so many marks each has its own tokens; an announcement to all would fill the index."""
SHARED = "y"
"""In the place of the mark, before the tokens of what more may see. No mark begins with it."""


def put_many(entries: list[tuple[int, str, str, str, list[str]]]) -> None:
    """Index the tokens of entries. The plugin is that of the row: see :func:`_wanted`."""
    rows = []
    for number, title, body, _, may in entries:
        own = may if len(may) <= MOST else [SHARED]
        rows.append(
            (number, _marked(title, own), _marked(body, own), "" if own is may else " ".join(may))
        )
    execute_many("INSERT INTO search_text (rowid, title, body, scope) VALUES (?, ?, ?, ?)", rows)


def _marked(tokens: str, marks: list[str]) -> str:
    """All tokens with the first mark, then all with the next one: no phrase crosses over."""
    words = tokens.split()
    return " ".join(mark + word for mark in marks for word in words)


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
    return _wanted(query, _all_in("title", query), below, limit, limit, None)


def elsewhere(
    query: Query, below: int, limit: int, titled: frozenset[int] | None = None
) -> list[Row]:
    """Newest first.

    FTS5's own NOT runs through all hits in titles, however many: the few rows that are shown are
    looked at here instead. Where it is known which ones they are, one look is enough.
    """

    def untitled(row: Row) -> bool:
        return not (holds(row[_TITLE], query.phrases) if titled is None else row[0] in titled)

    size = 2 * limit if titled is None else limit + len(titled)
    return _wanted(query, _all_in("{title body}", query), below, limit, size, untitled)


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
    if below == NEWEST:  # the first page: FTS5 needs a tenth less without a bound
        cursor = db.execute_sql(_HITS.format(""), (expression, limit))
    else:
        bound = "AND search_text.rowid < ?"
        cursor = db.execute_sql(_HITS.format(bound), (expression, below, limit))
    found: list[Row] = cursor.fetchall()
    return found


_HITS = (
    "SELECT e.id, e.plugin, e.kind, e.uid, e.organ, e.title, e.summary, e.time FROM search_text "
    "CROSS JOIN search_entry AS e ON e.id = search_text.rowid WHERE search_text MATCH ? {} "
    "ORDER BY search_text.rowid DESC LIMIT ?"
)
_PLUGIN, _TITLE = 1, 5


def _all_in(columns: str, query: Query) -> str:
    """All phrases in these columns, as somebody may see them who asks."""
    own = (
        f"{columns} : ({' OR '.join(_fts5(phrase, mark) for mark in query.may)})"
        for phrase in query.phrases
    )
    shared = (f"{columns} : {_fts5(phrase, SHARED)}" for phrase in query.phrases)
    seen = f"scope : ({' OR '.join(query.may)})"
    return f"({' AND '.join(own)}) OR ({' AND '.join(shared)} AND {seen})"


def _fts5(phrase: Phrase, mark: str) -> str:
    return f'"{" ".join(mark + token for token in phrase.tokens)}"' + (" *" if phrase.open else "")
