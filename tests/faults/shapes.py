"""What a fault has left, in a few milliseconds: so that like states are looked through once.

Hundreds of writes make one transaction, and a process that dies at any of them leaves the same
behind. Of each kind of state the first few are opened, worked off and looked through whole; of all
of them the database is whole, every act that was promised is there, and the numbers have no gap.
"""

from __future__ import annotations

import hashlib
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import psycopg

from kernel.storage.faults import sqlite3
from tests.faults.bench import Bench

WHOLE = 2
"""So many of each kind of state are looked through whole."""
TELLING = ("state", "claim", "next", "attempts", "parked", "outcome", "mark", "ended", "kind")
"""Columns whose every value counts; of the others only that there is a row."""
Query = Callable[[str], list[tuple[Any, ...]]]


class Seen:
    """The kinds of state that one fault has come to. :ivar looked: how many were looked through."""

    def __init__(self, whole: int = WHOLE) -> None:
        self.looked = 0
        self._whole = whole
        self._times: Counter[str] = Counter()

    def enough(self, state: str) -> bool:
        """Whether it was looked through often enough; otherwise it will be now."""
        self._times[state] += 1
        if self._times[state] > self._whole:
            return True
        self.looked += 1
        return False


def shape(bench: Bench, place: Path, said: list[dict[str, Any]]) -> tuple[str, list[str]]:
    """The kind of state of a node that was killed, and what is wrong at first sight."""
    with _queries(bench, place) as query:
        tables = _tables(query, bench.kind)
        facts = [_rows(query, table, columns) for table, columns in sorted(tables.items())]
        found = [*_whole(query, bench.kind), *_kept(query, said), *_gapless(query)]
    told = [next(iter(one.items()))[1] for one in said if "ack" in one]
    return _digest([facts, told, _files(place)]), found


def exact(place: Path, told: int) -> tuple[str, list[str]]:
    """The very state of a node after a power cut: its database once recovered, all other files."""
    with _recovered(place) as file:
        try:
            with closing(sqlite3.connect(file)) as base:
                found = [*_whole(lambda sql: base.execute(sql).fetchall(), "sqlite")]
                base.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        except sqlite3.DatabaseError as error:
            found = [f"D {error}"]
        facts = [file.read_bytes()]
    for path in sorted(place.rglob("*")):
        if path.is_file() and not path.name.startswith("juyan.db"):
            facts += [str(path.relative_to(place)), path.read_bytes()]
    return _digest([told, facts]), found


def _digest(facts: object) -> str:
    return hashlib.sha256(repr(facts).encode()).hexdigest()


@contextmanager
def _queries(bench: Bench, place: Path) -> Iterator[Query]:
    if bench.kind == "postgresql":
        with psycopg.connect(bench.settings(place).database, autocommit=True) as server:
            yield lambda sql: server.execute(sql.encode()).fetchall()
        return
    with _recovered(place) as file, closing(sqlite3.connect(file)) as base:
        yield lambda sql: base.execute(sql).fetchall()


@contextmanager
def _recovered(place: Path) -> Iterator[Path]:
    """A copy of the database: the node itself shall be the first to open what was left."""
    beside = place.with_name(place.name + "-shape")
    beside.mkdir()
    try:
        for ending in ("", "-wal"):
            file = place / f"juyan.db{ending}"
            if file.exists():
                shutil.copyfile(file, beside / file.name)
        yield beside / "juyan.db"
    finally:
        shutil.rmtree(beside)


def _tables(query: Query, kind: str) -> dict[str, list[str]]:
    sql = (
        "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
        "WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%'"
        if kind == "sqlite"
        else "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = 'public'"
    )
    found: dict[str, list[str]] = {}
    for table, column in query(sql):
        found.setdefault(str(table), []).extend([str(column)] if column in TELLING else [])
    return found


def _rows(query: Query, table: str, columns: list[str]) -> object:
    names = ", ".join(f'"{column}"' for column in sorted(columns))
    if not names:
        return table, query(f'SELECT count(*) FROM "{table}"')  # noqa: S608  # names of our tables
    counted = f'SELECT {names}, count(*) FROM "{table}" GROUP BY {names}'  # noqa: S608  # as above
    grouped = query(counted)
    # A claim names its act or its holder, which is another one in each round.
    return table, sorted(repr([_short(value) for value in row]) for row in grouped)


def _short(value: object) -> object:
    return len(value) if isinstance(value, str) and len(value) > 30 else value


def _whole(query: Query, kind: str) -> Iterator[str]:
    if kind == "sqlite":
        for (line,) in query("PRAGMA integrity_check"):
            if line != "ok":
                yield f"D {line}"


def _kept(query: Query, said: list[dict[str, Any]]) -> Iterator[str]:
    acts = {one["uid"] for one in said if one.get("ack") == "act"}
    for lost in acts - {uid for (uid,) in query("SELECT uid FROM acts_act")}:
        yield f"I1 promised, but not there: act {lost}"


def _gapless(query: Query) -> Iterator[str]:
    sql = (
        "SELECT s.name, s.next, count(*), min(n.value), max(n.value) FROM acts_series s "
        "JOIN acts_number n ON n.series_id = s.id GROUP BY s.id, s.name, s.next"
    )
    for name, following, count, first, last in query(sql):
        if count != last - first + 1 or following != last + 1:
            yield f"N {name}: {count} numbers from {first} to {last}, next {following}"


def _files(place: Path) -> list[str]:
    """How many files there are in each folder, and how long those are that are not finished."""
    found: Counter[str] = Counter()
    for path in place.rglob("*"):
        inside = path.relative_to(place)
        if path.is_dir() or inside.parts[0] in ("run", "logs") or path.name.startswith("juyan.db"):
            continue
        unfinished = path.name.startswith(".") or "incoming" in inside.parts
        found[f"{inside.parts[0]} {path.stat().st_size if unfinished else ''}"] += 1
    return sorted(f"{name} {count}" for name, count in found.items())
