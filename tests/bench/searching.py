"""Two characters, looked for in all documents: our search against the bare FTS5 statements.

The raw way asks the same index for the same words, newest first, titles before texts, and reads
the rows that are shown, in two statements that are written by hand. It does not ask who may see
what, and so it gives other documents. Beside it, without a goal, stands the same by hand with that
question in it (``cpu_ratio_asked``): what FTS5 itself needs for our answer. A query's time is the
median of a few; what is compared is the slowest but one in twenty.
"""

from __future__ import annotations

import json
import random
import re
import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from kernel.storage import search
from kernel.storage.database import connection, db, on_postgresql
from kernel.storage.models import SearchEntry
from kernel.storage.words import marks, normal
from kernel.testing_office import Office
from tests.bench.measure import Result

BIG, SMALL = "620700-CPCO", "620700-GFIN"
"""The office with most documents, and one with few."""
QUERIES, TIMES, SCANNED = 60, 5, 12
GOAL = 3.0
LIMIT = 20
RAW = (
    "SELECT e.id, e.plugin, e.kind, e.uid, e.organ, e.title, e.summary, e.time FROM search_text "
    "CROSS JOIN search_entry AS e ON e.id = search_text.rowid WHERE search_text MATCH ? "
    "ORDER BY search_text.rowid DESC LIMIT 21"
)


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
    def raw(query: str, who: str = "") -> int:
        cursor = db.obj.cursor()
        found = cursor.execute(RAW, (f'title : "{query}"{who}',)).fetchall()
        if len(found) <= LIMIT:
            found += cursor.execute(RAW, (f'{{title body}} : "{query}"{who}',)).fetchall()
        return len(found)

    def asked_for(self, query: str) -> int:
        return self.raw(query, f" AND scope : ({' OR '.join(marks('may', self.who))})")

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
        documents = list(_documents(self.organ))
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


def _documents(organ: str) -> Iterator[tuple[str, str, str]]:
    """Uid, title and text of the organ's documents, the newest first."""
    with connection():
        rows: Any = db.execute_sql(
            "SELECT d.uid, d.title, d.number, d.body "  # noqa: S608  # our own text
            "FROM documents_document AS d "
            "JOIN search_entry AS e ON e.uid = d.uid AND e.kind = 'documents.document' "
            f"WHERE d.organ = {db.param} ORDER BY e.id DESC",
            (organ,),
        ).fetchall()
    for uid, title, number, body in rows:
        lines = json.loads(body) if isinstance(body, str) else body
        yield uid, normal(title), normal("\n".join([number, *lines]))


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
    with connection():
        total = SearchEntry.select().count()
    lines = []
    for name, organ in (("an office with many", BIG), ("an office with few", SMALL)):
        bench = Searching(organ, asked, plugins)
        ours, raw, asked_for = bench.times(rounds)
        value, baseline = (_high([one.wall for one in side]) for side in (ours, raw))
        cpu, cpu_raw = (_high([one.cpu for one in side]) for side in (ours, raw))
        cpu_asked = _high([one.cpu for one in asked_for])
        ratio, wrong = value / baseline, bench.wrong(SCANNED)
        middle, middle_raw = _median(ours), _median(raw)
        more = {
            "cpu_ms": cpu, "cpu_baseline_ms": cpu_raw, "cpu_ratio": cpu / cpu_raw,
            "cpu_asked_ms": cpu_asked, "cpu_ratio_asked": cpu / cpu_asked,
            "median_cpu_ms": middle.cpu, "median_cpu_raw_ms": middle_raw.cpu,
            "queries": len(asked), "scanned": min(SCANNED, len(asked)), "wrong": len(wrong),
        }  # fmt: skip
        lines.append(
            Result(
                f"search, 2 characters, {total} documents, {name}: p95", value, "ms", baseline,
                ratio, f"<= {GOAL} x raw FTS5, exact", ratio <= GOAL and not wrong, more,
            )
        )  # fmt: skip
    return lines
