"""storage: in the index of SQLite each word carries the mark of who may see it."""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Callable, Iterable, Iterator

from peewee import Database, PostgresqlDatabase
from playhouse.migrate import SchemaMigrator

Words = list[list[str]]
"""The tokens of an entry in their order: of title, body and scope."""
Told = Callable[[float], object]
"""Is told how far it has come, from 0 to 1."""
MARK = 33
"""The length of a mark."""
MOST, SHARED = 8, "y"
"""What more may see has its words once, with this before them, and the marks beside them."""
COLUMNS = ("title", "body", "scope")
AT_ONCE = 24_000_000
"""So many words are held in memory, eight bytes each; for each as many the index is read anew."""
ROWS = 1_000
HASH, USUAL_HASH = 64 * 1024 * 1024, 1024 * 1024
"""Bytes of new words that FTS5 gathers before it writes them: many, so that it merges seldom."""
READING, WRITING = 0.5, 0.45
"""The parts of the time that reading and writing take; the rest is for the last merge."""


def up(migrator: SchemaMigrator, db: Database, told: Told = lambda _: None) -> None:
    """The texts are not kept: the words are taken over from the old index."""
    if isinstance(db, PostgresqlDatabase):
        return
    on = {_mark("on", name) for (name,) in db.execute_sql("SELECT plugin FROM search_entry")}

    def marked(_: int, words: Words) -> list[str]:
        may = [mark for mark in words[2] if mark not in on]
        own = may if len(may) <= MOST else [SHARED]
        both = (
            " ".join(mark + f" {mark}".join(some) for mark in own) if some else ""
            for some in words[:2]
        )
        return [*both, "" if own is may else " ".join(may)]

    _replace(db, marked, told)


def down(migrator: SchemaMigrator, db: Database, told: Told = lambda _: None) -> None:
    """Words and marks stand apart again."""
    if isinstance(db, PostgresqlDatabase):
        return
    on = {
        number: _mark("on", name)
        for number, name in db.execute_sql("SELECT id, plugin FROM search_entry")
    }

    def parted(number: int, words: Words) -> list[str]:
        titled, told, may = words
        own = list(dict.fromkeys(word[:MARK] for word in titled + told)) if not may else [SHARED]
        once = (
            [word[len(own[0]) :] for word in some if word.startswith(own[0])]
            for some in (titled, told)
        )
        return [*map(" ".join, once), " ".join([on[number], *(may or own)])]

    _replace(db, parted, told)


def _mark(sort: str, name: str) -> str:
    return "x" + hashlib.sha256(f"{sort} {name}".encode()).hexdigest()[:32]


def _replace(db: Database, changed: Callable[[int, Words], list[str]], told: Told) -> None:
    """Write a new index of what becomes of the words of each entry."""
    db.execute_sql(
        f"CREATE VIRTUAL TABLE search_new USING fts5({', '.join(COLUMNS)}, content='', "
        "contentless_delete=1, tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")"
    )
    _set(db, "hashsize", HASH)
    for number, words in _entries(db, told):
        db.execute_sql(
            "INSERT INTO search_new (rowid, title, body, scope) VALUES (?, ?, ?, ?)",
            (number, *changed(number, words)),
        )
    _set(db, "hashsize", USUAL_HASH)
    db.execute_sql("INSERT INTO search_new (search_new) VALUES ('optimize')")
    db.execute_sql("DROP TABLE search_text")
    db.execute_sql("ALTER TABLE search_new RENAME TO search_text")
    told(1)


def _set(db: Database, name: str, value: int) -> None:
    db.execute_sql("INSERT INTO search_new (search_new, rank) VALUES (?, ?)", (name, value))


def _entries(db: Database, told: Told) -> Iterator[tuple[int, Words]]:
    """The tokens of each entry, read out of the index, which is sorted by tokens."""
    db.execute_sql("CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search_text, instance)")
    sizes = [
        (number, _words(size))
        for number, size in db.execute_sql("SELECT id, sz FROM search_text_docsize ORDER BY id")
    ]
    total, done = sum(size for _, size in sizes) or 1, 0
    for numbers, size in _portions(sizes):
        here, before = size / total, done / total
        done += size

        def share(part: float, here: float = here, before: float = before) -> None:
            told((READING + WRITING) * (before + here * part))

        yield from _portion(db, numbers, size, share)
    db.execute_sql("DROP TABLE temp.words")


def _portions(sizes: Iterable[tuple[int, int]]) -> Iterator[tuple[list[int], int]]:
    """Entries that are held in memory together, and how many words they have."""
    numbers: list[int] = []
    count = 0
    for number, size in sizes:
        if numbers and count + size > AT_ONCE:
            yield numbers, count
            numbers, count = [], 0
        numbers.append(number)
        count += size
    if numbers:
        yield numbers, count


def _portion(
    db: Database, numbers: list[int], size: int, share: Told
) -> Iterator[tuple[int, Words]]:
    """A word is a number of column, place and term: sorted, they stand as in the text."""
    places = {number: array("Q") for number in numbers}
    terms: list[str] = [""]
    rows = db.execute_sql(
        "SELECT term, doc, ((col = 'body') + 2 * (col = 'scope') << 60) | (\"offset\" << 30) "
        "FROM words WHERE doc BETWEEN ? AND ?",
        (numbers[0], numbers[-1]),
    )
    read, part = 0, READING / (READING + WRITING)
    while some := rows.fetchmany(ROWS):
        for term, number, place in some:
            if term != terms[-1]:
                terms.append(term)
            places[number].append(place | len(terms) - 1)
        read += len(some)
        share(part * read / size)
    for done, number in enumerate(numbers):
        words: Words = [[] for _ in COLUMNS]
        for place in sorted(places.pop(number)):
            words[place >> 60].append(terms[place & 2**30 - 1])
        yield number, words
        share(part + (1 - part) * done / len(numbers))


def _words(size: bytes) -> int:
    """How many words an entry has: FTS5 keeps one varint for each column."""
    total = value = 0
    for byte in size:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            total, value = total + value, 0
    return total
