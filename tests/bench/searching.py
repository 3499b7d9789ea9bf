"""Two characters, looked for in all documents: our search against the bare FTS5 statements.

The raw way asks a plain index of the same documents for the same words, newest first, titles
before texts, and reads the rows that are shown, in two statements that are written by hand. It does
not ask who may see what, and so it gives other documents. Beside it, without a goal, stand the same
statements with that question in them, asked of our own index (``cpu_ratio_asked``): what FTS5
itself needs for our answer. A query's time is the median of a few; what is compared is the slowest
but one in twenty.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from kernel.storage import search
from kernel.storage.database import connection, db, on_postgresql
from kernel.storage.models import SearchEntry
from kernel.storage.words import marks, normal, tokens
from kernel.testing_office import Office
from tests.bench.measure import Result

BIG, SMALL = "620700-CPCO", "620700-GFIN"
"""The office with most documents, and one with few."""
QUERIES, TIMES, SCANNED = 60, 5, 12
GOAL = 3.0
LIMIT = 20
RAW = (
    "SELECT e.id, e.plugin, e.kind, e.uid, e.organ, e.title, e.summary, e.time FROM {0} "
    "CROSS JOIN search_entry AS e ON e.id = {0}.rowid WHERE {0} MATCH ? "
    "ORDER BY {0}.rowid DESC LIMIT 21"
)
PLAIN, OURS = RAW.format("search_plain"), RAW.format("search_text")


def queries(count: int) -> list[str]:
    """Pairs of characters as they stand in titles, frequent ones more often, and in texts."""
    chance = random.Random(4)
    with connection():
        titles = [title for (title,) in SearchEntry.select(SearchEntry.title).limit(2000).tuples()]
    found: dict[str, None] = {}
    while len(found) < count:
        runs = re.findall("[\u4e00-\u9fff]{2,}", chance.choice(titles).partition("关于")[2])
        if runs:
            run = chance.choice(runs)
            start = chance.randrange(len(run) - 1)
            found[run[start : start + 2]] = None
    return list(found)


class Searching:
    """One desk's searches, beside the bare ones."""

    def __init__(self, organ: str, asked: list[str], plugins: frozenset[str]) -> None:
        self.organ, self.asked, self.plugins = organ, asked, plugins
        self.who = frozenset({f"organ:{organ}", f"unit:{organ}", "post:x", "person:y"})

    def ours(self, query: str) -> int:
        return len(search.find(query, self.who, self.plugins, LIMIT).hits)

    @staticmethod
    def raw(query: str) -> int:
        return _by_hand(PLAIN, f'"{query}"')

    def asked_for(self, query: str) -> int:
        seen = (f'"{mark}{query}"' for mark in marks("may", self.who))
        return _by_hand(OURS, f"({' OR '.join(seen)})")

    def times(self, rounds: int) -> list[list[_Time]]:
        """The times of all queries: ours, raw, and raw with the question; taken in turns."""
        ways = self.ours, self.raw, self.asked_for
        found: list[list[_Time]] = [[], [], []]
        with connection():
            for query in self.asked:
                each: list[list[_Time]] = [[], [], []]
                for _ in range(max(TIMES, rounds)):
                    for at, way in enumerate(ways):
                        each[at].append(_timed(way, query))
                for at, times in enumerate(each):
                    found[at].append(_median(times))
        return found

    def wrong(self, count: int) -> list[str]:
        """The queries that give other objects, or another order, than reading every document."""
        documents = [
            (uid, normal(title), normal(text)) for _, uid, title, text in _documents(self.organ)
        ]
        step = max(1, len(self.asked) // count)
        return [
            query for query in self.asked[::step] if self.every(query) != scanned(documents, query)
        ]

    def every(self, query: str) -> list[str]:
        """All pages of the answer."""
        found: list[str] = []
        page = search.Page([])
        while True:
            page = search.find(query, self.who, {"documents"}, 500, page.next)
            found += [hit.uid for hit in page.hits]
            if page.next is None:
                return found


def _by_hand(statement: str, words: str) -> int:
    cursor = db.obj.cursor()
    found = cursor.execute(statement, (f"title : {words}",)).fetchall()
    if len(found) <= LIMIT:
        found += cursor.execute(statement, (f"{{title body}} : {words}",)).fetchall()
    return len(found)


class _Time(NamedTuple):
    """Milliseconds of a query by the clock, and of the processor."""

    wall: float
    cpu: float


def _timed(call: Callable[[str], int], query: str) -> _Time:
    used, start = time.thread_time(), time.perf_counter()
    call(query)
    wall = time.perf_counter() - start
    return _Time(wall * 1000, (time.thread_time() - used) * 1000)


def _median(times: list[_Time]) -> _Time:
    return _Time(*map(statistics.median, zip(*times, strict=True)))


def _documents(organ: str = "") -> Iterator[tuple[int, str, str, str]]:
    """Number, uid, title and text of documents, of one organ or of all, the newest first."""
    with connection():
        rows: Any = db.obj.cursor().execute(
            "SELECT e.id, d.uid, d.title, d.number, d.body FROM documents_document AS d "
            "JOIN search_entry AS e ON e.uid = d.uid AND e.kind = 'documents.document' "
            "WHERE ? IN ('', d.organ) ORDER BY e.id DESC",
            (organ,),
        )
        for entry, uid, title, number, body in rows:
            yield entry, uid, title, "\n".join([number, *json.loads(body)])


@contextmanager
def plain_index() -> Iterator[None]:
    """An index as anybody would make it, of the same tokens, for as long as the bench lasts."""
    with connection():
        cursor = db.obj.cursor()
        cursor.execute(
            "CREATE VIRTUAL TABLE temp.search_plain USING fts5(title, body, content='', "
            "tokenize=\"unicode61 remove_diacritics 0 tokenchars '_'\")"
        )
        rows = ((entry, tokens(title), tokens(text)) for entry, _, title, text in _documents())
        statement = "INSERT INTO search_plain (rowid, title, body) VALUES (?, ?, ?)"
        cursor.executemany(statement, rows)
        cursor.execute("INSERT INTO search_plain (search_plain) VALUES ('optimize')")
        yield
        cursor.execute("DROP TABLE search_plain")


def scanned(documents: list[tuple[str, str, str]], query: str) -> list[str]:
    """What somebody finds who reads everything: hits in titles, then the others."""
    titled = [uid for uid, title, _ in documents if query in title]
    return titled + [uid for uid, title, text in documents if query in text and query not in title]


def _high(times: list[float]) -> float:
    return statistics.quantiles(times, n=20, method="inclusive")[-1]


def searching(office: Office, rounds: int, size: float = 1) -> list[Result]:
    """A line for an office with many documents, and for one with few; exactness in each."""
    assert not on_postgresql()
    asked = queries(max(5, int(QUERIES * size)))
    plugins = frozenset(office.node.routes) | {"documents", "exchange", "acts", "house"}
    offices = (("an office with many", BIG), ("an office with few", SMALL))
    with plain_index():
        return [_line(name, Searching(organ, asked, plugins), rounds) for name, organ in offices]


def _line(name: str, bench: Searching, rounds: int) -> Result:
    total = SearchEntry.select().count()
    ours, raw, asked_for = bench.times(rounds)
    value, baseline = (_high([one.wall for one in side]) for side in (ours, raw))
    cpu, cpu_raw = (_high([one.cpu for one in side]) for side in (ours, raw))
    cpu_asked = _high([one.cpu for one in asked_for])
    ratio, wrong = value / baseline, bench.wrong(SCANNED)
    middle, middle_raw = _median(ours), _median(raw)
    count = len(bench.asked)
    more = {
        "cpu_ms": cpu, "cpu_baseline_ms": cpu_raw, "cpu_ratio": cpu / cpu_raw,
        "cpu_asked_ms": cpu_asked, "cpu_ratio_asked": cpu / cpu_asked,
        "median_cpu_ms": middle.cpu, "median_cpu_raw_ms": middle_raw.cpu,
        "queries": count, "scanned": min(SCANNED, count), "wrong": len(wrong),
    }  # fmt: skip
    return Result(
        f"search, 2 characters, {total} documents, {name}: p95", value, "ms", baseline,
        ratio, f"<= {GOAL} x raw FTS5, exact", ratio <= GOAL and not wrong, more,
    )  # fmt: skip
