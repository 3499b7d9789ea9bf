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
    rows: list[Row] = []
    used: set[tuple[str, bool]] = set()
    for number, title, body, _, may in entries:
        shared = len(may) > MOST
        own = [SHARED] if shared else may
        rows.append(
            (number, _marked(title, own), _marked(body, own), " ".join(may) if shared else "")
        )
        used.update((mark, shared) for mark in may)
    execute_many("INSERT OR IGNORE INTO search_who (mark, shared) VALUES (?, ?)", sorted(used))
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


def in_use(may: list[str]) -> tuple[list[str], list[str]]:
    """Those marks that have tokens of their own in the index, and those that share some.

    Each word of a query is looked up once for each mark, which costs more than to ask for all of
    them here: by most posts and people nothing is marked.
    """
    places = ", ".join("?" * len(may))
    asked = f"SELECT mark, shared FROM search_who WHERE mark IN ({places})"  # noqa: S608  # ours
    rows = db.execute_sql(asked, may).fetchall()
    return [mark for mark, shared in rows if not shared], [mark for mark, shared in rows if shared]


def in_titles(query: Query, below: int, limit: int) -> list[Row]:
    """Newest first. Ranking by bm25 instead would sort all hits of a common word."""
    return _wanted(query, _all_in("title", query), below, limit, None)


def elsewhere(
    query: Query, below: int, limit: int, titled: frozenset[int] | None = None
) -> list[Row]:
    """Newest first.

    FTS5's own NOT runs through all hits in titles, however many: the few rows that are shown are
    looked at here instead.
    """

    def untitled(row: Row) -> bool:
        return not (holds(row[_TITLE], query.phrases) if titled is None else row[0] in titled)

    return _wanted(query, _all_in("{title body}", query), below, limit, untitled)


def _wanted(
    query: Query, expression: str, below: int, limit: int, wanted: Callable[[Row], bool] | None
) -> list[Row]:
    """The plugins are compared in the rows: in the index each has as many entries as it has
    objects, and all these would be run through.

    No more rows are read than are needed. A LIMIT would not spare any, and SQLite plans a statement
    anew each time that its limit is a parameter, for a third of what the whole search takes.
    """
    plugins = frozenset(query.plugins)
    if below == NEWEST:  # the first page: FTS5 needs a tenth less without a bound
        cursor = db.execute_sql(_NEWEST, (expression,))
    else:
        cursor = db.execute_sql(_BELOW, (expression, below))
    found: list[Row] = []
    while len(found) < limit and (rows := cursor.fetchmany(limit - len(found))):
        seen = [row for row in rows if row[_PLUGIN] in plugins]
        found += seen if wanted is None else [row for row in seen if wanted(row)]
    cursor.close()
    return found


_HITS = (
    "SELECT e.id, e.plugin, e.kind, e.uid, e.organ, e.title, e.summary, e.time FROM search_text "
    "CROSS JOIN search_entry AS e ON e.id = search_text.rowid WHERE search_text MATCH ? {}"
    "ORDER BY search_text.rowid DESC"
)
_NEWEST, _BELOW = _HITS.format(""), _HITS.format("AND search_text.rowid < ? ")
_PLUGIN, _TITLE = 1, 5


def _all_in(columns: str, query: Query) -> str:
    """All phrases in these columns, as somebody may see them who asks."""
    found = []
    if query.may:
        own = (" OR ".join(_fts5(phrase, mark) for mark in query.may) for phrase in query.phrases)
        found.append(" AND ".join(f"{columns} : ({words})" for words in own))
    if query.shared:
        words = (f"{columns} : {_fts5(phrase, SHARED)}" for phrase in query.phrases)
        found.append(f"{' AND '.join(words)} AND scope : ({' OR '.join(query.shared)})")
    return f"({') OR ('.join(found)})"


def _fts5(phrase: Phrase, mark: str) -> str:
    return f'"{" ".join(mark + token for token in phrase.tokens)}"' + (" *" if phrase.open else "")
