"""The search index on SQLite: FTS5 over our own tokens, without the texts."""

from __future__ import annotations

from kernel.storage.database import db, execute_many
from kernel.storage.words import Phrase, Query


def put_many(entries: list[tuple[int, str, str, list[str]]]) -> None:
    """Index the tokens of entries."""
    execute_many(
        "INSERT INTO search_text (rowid, title, body, scope) VALUES (?, ?, ?, ?)",
        [(number, title, body, " ".join(scope)) for number, title, body, scope in entries],
    )


def drop(number: int) -> None:
    """Forget an entry."""
    db.execute_sql("DELETE FROM search_text WHERE rowid = ?", (number,))


def match(query: Query, below: int, limit: int) -> list[int]:
    """Entries newest first. Ranking by bm25 instead would sort all hits of a common word."""
    cursor = db.execute_sql(
        "SELECT rowid FROM search_text WHERE search_text MATCH ? AND rowid < ? "
        "ORDER BY rowid DESC LIMIT ?",
        (_expression(query), below, limit),
    )
    return [number for (number,) in cursor.fetchall()]


def _expression(query: Query) -> str:
    terms = [_fts5(phrase) for phrase in query.phrases]
    titles = " AND ".join(f"title : {term}" for term in terms)
    anywhere = " AND ".join(f"{{title body}} : {term}" for term in terms)
    seen = f"scope : ({' OR '.join(query.may)}) AND scope : ({' OR '.join(query.on)})"
    if query.in_titles:
        return f"({titles}) AND {seen}"
    return f"(({anywhere}) AND {seen}) NOT ({titles})"


def _fts5(phrase: Phrase) -> str:
    return f'"{" ".join(phrase.tokens)}"' + (" *" if phrase.open else "")
