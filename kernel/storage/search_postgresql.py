"""The search index on PostgreSQL: one GIN index over sets of tokens, without any extension.

The set of an entry holds its tokens as :mod:`kernel.storage.words` cuts them, each character alone
and the beginnings of words, so that these are found as by FTS5's prefixes; the same again with
``^`` before for the title; and with ``@`` before the marks of who may see it. One look into the
index answers terms and audience together. What a set cannot say, that tokens stand beside each
other, is then checked in the rows found.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from kernel.storage.database import db, execute_many
from kernel.storage.words import GAP, Phrase, Query, is_han, marks

Row = tuple[Any, ...]

BEGINNING = 8
"""Beginnings of words are indexed up to this length; longer ones are found by it, and checked."""


def put_many(entries: list[tuple[int, str, str, str, list[str]]]) -> None:
    """Index the tokens of entries."""
    execute_many(
        "INSERT INTO search_text (id, title, body, terms) VALUES (?, ?, ?, ?)",
        [
            (number, f" {title} ", f" {body} ", _terms(title, body, [plugin, *may]))
            for number, title, body, plugin, may in entries
        ],
    )


def _terms(title: str, body: str, scope: list[str]) -> list[str]:
    titled = set(_entries(title.split()))
    found = titled.union(_entries(body.split()))
    return [*found, *(f"^{one}" for one in titled), *(f"@{one}" for one in scope)]


def drop(number: int) -> None:
    """Forget an entry."""
    db.execute_sql("DELETE FROM search_text WHERE id = %s", (number,))


def tidy(first: bool) -> bool:
    """Nothing is to be done: the server's autovacuum does it."""
    del first
    return False


def in_use(may: list[str]) -> tuple[list[str], list[str]]:
    """All of them: a set of tokens is asked for in one look."""
    return may, []


def in_titles(query: Query, below: int, limit: int) -> list[Row]:
    """Newest first."""
    where, values = _in_title(query.phrases)
    return _rows(query, where, values, below, limit)


def elsewhere(
    query: Query, below: int, limit: int, titled: frozenset[int] | None = None
) -> list[Row]:
    """Newest first; which ones have them in the title is seen in the rows."""
    del titled
    title, anywhere = _in_title(query.phrases), _anywhere(query.phrases)
    where, values = f"{anywhere[0]} AND NOT ({title[0]})", [*anywhere[1], *title[1]]
    return _rows(query, where, values, below, limit)


def _rows(query: Query, where: str, values: list[object], below: int, limit: int) -> list[Row]:
    scope = [[f"@{one}" for one in query.may], [f"@{one}" for one in marks("on", query.plugins)]]
    cursor = db.execute_sql(
        "WITH found AS MATERIALIZED ("  # noqa: S608  # our own text
        f"SELECT id FROM search_text WHERE {where} AND terms && %s AND terms && %s "
        "AND id < %s ORDER BY id DESC LIMIT %s) "
        "SELECT e.id, e.plugin, e.kind, e.uid, e.organ, e.title, e.summary, e.time "
        "FROM found JOIN search_entry AS e ON e.id = found.id ORDER BY e.id DESC",
        (*values, *scope, below, limit),
    )
    found: list[Row] = cursor.fetchall()
    return found


def _entries(tokens: Iterable[str]) -> Iterator[str]:
    """What stands in the set for some tokens."""
    for token in tokens:
        if is_han(token):
            yield from (token, *token)
        elif token != GAP:
            yield from (token[:length] for length in range(1, min(len(token), BEGINNING) + 1))


def _key(phrase: Phrase) -> list[str]:
    """What must stand in the set for a phrase."""
    return [
        token if is_han(token) else token[:BEGINNING] for token in phrase.tokens if token != GAP
    ]


def _text(phrase: Phrase) -> list[str]:
    """What must stand in the row besides; nothing where the set has said it all."""
    if len(phrase.tokens) == 1 and (is_han(phrase.tokens[0]) or len(phrase.tokens[0]) <= BEGINNING):
        return []
    return [f" {' '.join(phrase.tokens)}" + ("" if phrase.open else " ")]


def _in_title(phrases: list[Phrase]) -> tuple[str, list[object]]:
    texts = [text for phrase in phrases for text in _text(phrase)]
    where = " AND ".join(["terms @> %s", *["strpos(title, %s) > 0" for _ in texts]])
    return where, [[f"^{one}" for phrase in phrases for one in _key(phrase)], *texts]


def _anywhere(phrases: list[Phrase]) -> tuple[str, list[object]]:
    texts = [text for phrase in phrases for text in _text(phrase)]
    either = "(strpos(title, %s) > 0 OR strpos(body, %s) > 0)"
    where = " AND ".join(["terms @> %s", *[either for _ in texts]])
    twice = [text for text in texts for _ in range(2)]
    return where, [[one for phrase in phrases for one in _key(phrase)], *twice]
