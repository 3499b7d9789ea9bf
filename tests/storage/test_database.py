"""Connections and transactions: what they promise, and what becomes of errors."""

import logging
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from threading import Barrier, Event

import peewee
import pytest

from kernel.errors import Invalid, Unavailable
from kernel.settings import Settings
from kernel.storage.bulk import insert_rows
from kernel.storage.database import (
    JSONField,
    Model,
    UTCField,
    after_commit,
    connection,
    db,
    in_transaction,
    open_database,
    require_transaction,
    savepoint,
    transaction,
)
from kernel.storage.sqlite import journal_mode

pytestmark = pytest.mark.both


class Thing(Model):
    name = peewee.CharField(unique=True)
    at = UTCField(null=True)
    facts = JSONField(null=True)
    count = peewee.IntegerField(default=7)

    class Meta:
        table_name = "test_thing"


@pytest.fixture
def things(folder: Path) -> Path:
    with connection():
        db.create_tables([Thing])
    return folder


def names() -> list[str]:
    with connection():
        return [name for (name,) in Thing.select(Thing.name).order_by(Thing.id).tuples()]


@pytest.mark.database("sqlite")
def test_the_store_is_safe_by_its_settings(folder: Path) -> None:
    with connection():
        assert db.pragma("journal_mode") == "wal"
        assert db.pragma("synchronous") == 2  # FULL
        assert db.pragma("foreign_keys") == 1
        assert db.pragma("busy_timeout") == 1000  # the fixture's second
    assert folder.stat().st_mode & 0o777 == 0o700
    assert (folder / "juyan.db").stat().st_mode & 0o777 == 0o600
    assert (folder / "juyan.db-wal").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("version", "mode"),
    [((3, 40, 1), "delete"), ((3, 51, 2), "delete"), ((3, 51, 3), "wal"), ((3, 53, 4), "wal")],
)
def test_wal_only_with_a_safe_sqlite(version: tuple[int, ...], mode: str) -> None:
    assert journal_mode(version) == mode


def test_other_databases_are_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refusal:
        open_database(Settings(instance=tmp_path, database="mysql://here/juyan"))
    assert refusal.value.code == "storage.url"
    assert "postgresql" in refusal.value.en


def test_without_a_connection_nothing_is_read(things: Path) -> None:
    with pytest.raises(peewee.InterfaceError):
        Thing.select().count()


def test_connections_nest_and_go_back(things: Path) -> None:
    with connection():
        with connection():
            assert Thing.select().count() == 0
        assert Thing.select().count() == 0
    assert db.is_closed()


@pytest.mark.database("sqlite")
def test_a_connection_is_one_thread_s_at_a_time_and_none_is_lost(things: Path) -> None:
    held: set[int] = set()
    twice: list[int] = []

    def work() -> None:
        for _ in range(200):
            with connection():
                mine = id(db.connection())
                if mine in held:
                    twice.append(mine)
                held.add(mine)
                Thing.select().count()
                held.discard(mine)

    with ThreadPoolExecutor(8) as threads:
        for done in [threads.submit(work) for _ in range(8)]:
            done.result()
    assert twice == []
    assert len(db.obj._in_use) <= 9  # no more were opened than there were at a time


@pytest.mark.database("sqlite")
def test_who_comes_when_all_connections_are_taken_waits_for_the_next(things: Path) -> None:
    db.obj._max_connections, db.obj._wait_timeout = 2, 60
    taken, go = Barrier(3), Event()

    def hold() -> None:
        with connection():
            taken.wait()
            go.wait(60)

    with ThreadPoolExecutor(3) as threads:
        holders = [threads.submit(hold) for _ in range(2)]
        taken.wait()
        late = threads.submit(names)
        with pytest.raises(TimeoutError):
            late.result(0.1)
        go.set()
        assert late.result(60) == []
        assert [one.result() for one in holders] == [None, None]
    assert names() == []


@pytest.mark.database("sqlite")
def test_what_was_closed_meanwhile_is_not_used_again(things: Path) -> None:
    with connection():
        there, began = Event(), Event()

        def close() -> None:
            began.wait(60)
            db.close_all()
            there.set()

        with ThreadPoolExecutor(1) as threads:
            threads.submit(close)
            began.set()
            assert there.wait(60)
    assert names() == []


def test_all_or_nothing(things: Path) -> None:
    with pytest.raises(ZeroDivisionError), transaction():
        Thing.create(name="甲")
        _ = 1 / 0
    assert names() == []
    with transaction():
        Thing.create(name="乙")
    assert names() == ["乙"]


def test_a_transaction_is_the_outermost_one(things: Path) -> None:
    with pytest.raises(RuntimeError, match="already open"), transaction():
        Thing.create(name="甲")
        with transaction():
            Thing.create(name="乙")
    assert names() == []
    assert not in_transaction()


def test_a_transaction_of_peewee_s_own_is_not_committed_with_ours(things: Path) -> None:
    with pytest.raises(RuntimeError, match="committed with ours"), connection(), db.atomic():
        Thing.create(name="甲")
        with transaction():
            Thing.create(name="乙")
    assert names() == []


def test_code_for_inside_a_transaction_says_so(things: Path) -> None:
    with pytest.raises(RuntimeError, match=r"log\.append"):
        require_transaction("log.append")
    with pytest.raises(RuntimeError), connection():
        insert_rows(Thing, [{"name": "甲"}])
    with transaction():
        require_transaction("log.append")


def test_what_follows_a_commit(things: Path) -> None:
    done: list[str] = []
    with transaction():
        after_commit(lambda: done.append("first"))
        with pytest.raises(ZeroDivisionError), savepoint():
            Thing.create(name="甲")
            after_commit(lambda: done.append("never"))
            _ = 1 / 0
        with savepoint():
            Thing.create(name="乙")
            after_commit(lambda: done.append(f"second, in a transaction: {in_transaction()}"))
        assert done == []
    assert done == ["first", "second, in a transaction: False"]
    assert names() == ["乙"]


def test_nothing_follows_a_rollback(things: Path) -> None:
    done: list[str] = []
    with pytest.raises(ZeroDivisionError), transaction():
        after_commit(lambda: done.append("never"))
        _ = 1 / 0
    with transaction():
        Thing.create(name="甲")
    assert done == []


def test_an_error_after_the_commit_hurts_nobody(
    things: Path, caplog: pytest.LogCaptureFixture
) -> None:
    done: list[str] = []
    with caplog.at_level(logging.ERROR), transaction():
        Thing.create(name="甲")
        after_commit(lambda: 1 / 0)
        after_commit(lambda: done.append("still"))
    assert names() == ["甲"]
    assert done == ["still"]
    assert "ZeroDivisionError" in caplog.text


def test_moments_keep_their_instant(things: Path) -> None:
    shanghai = timezone(timedelta(hours=8))
    with transaction():
        Thing.create(name="甲", at=datetime(2026, 11, 22, 16, 0, 0, 123456, shanghai))
        Thing.create(name="乙", at=datetime(2026, 11, 22, 9, 0, tzinfo=UTC))
        Thing.create(name="丙")
    with connection():
        first, second, none = Thing.select().order_by(Thing.id)
        assert first.at == datetime(2026, 11, 22, 8, 0, 0, 123000, UTC)
        assert first.at.tzinfo is not None
        assert none.at is None
        later = Thing.select().where(Thing.at > datetime(2026, 11, 22, 8, 30, tzinfo=UTC))
        assert [thing.name for thing in later] == [second.name]
        text = db.execute_sql("SELECT at FROM test_thing WHERE id = 1").fetchone()[0]
    assert text == "2026-11-22T08:00:00.123Z"


def test_a_moment_without_a_zone_is_a_defect(things: Path) -> None:
    with pytest.raises(ValueError, match="zone"), transaction():
        Thing.create(name="甲", at=datetime(2026, 11, 22))


def test_json_keeps_chinese_readable_and_searchable(things: Path) -> None:
    with transaction():
        Thing.create(name="甲", facts={"名": "张掖", "数": [1, None, True]})
        insert_rows(Thing, [{"name": "乙", "facts": {"名": "甘州"}}])
    with connection():
        assert Thing.get(Thing.facts["名"] == "张掖").facts == {"名": "张掖", "数": [1, None, True]}
        assert Thing.get(Thing.facts["名"] == "甘州").name == "乙"
        text = "SELECT CAST(facts AS TEXT) FROM test_thing WHERE id = 1"
        stored = db.execute_sql(text).fetchone()[0]
    assert "张掖" in stored


def test_many_rows_get_their_defaults(things: Path) -> None:
    with transaction():
        rows = [{"name": str(n), "at": datetime(2026, 1, 1, tzinfo=UTC)} for n in range(500)]
        assert insert_rows(Thing, rows) == 500
        assert insert_rows(Thing, []) == 0
    with connection():
        assert Thing.select().where(Thing.count == 7).count() == 500
        assert Thing.get_by_id(500).at == datetime(2026, 1, 1, tzinfo=UTC)


def test_many_rows_fail_as_one(things: Path) -> None:
    with pytest.raises(peewee.IntegrityError), transaction():
        insert_rows(Thing, [{"name": "甲"}, {"name": "甲"}])
    assert names() == []


HOLD = """
import sys
from peewee import sqlite3
base = sqlite3.connect(sys.argv[1], isolation_level=None)
base.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
"""


@pytest.mark.database("sqlite")
def test_locked_by_another_process(things: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(things / "juyan.db")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        start = time.monotonic()
        with pytest.raises(Unavailable) as refusal, transaction():
            Thing.create(name="甲")
        waited = time.monotonic() - start
        assert names() == []  # reading goes on
        other.communicate("\n")
    assert refusal.value.code == "storage.busy"
    assert "没有保存" in refusal.value.zh
    assert 0.5 < waited < 4
    with transaction():
        Thing.create(name="乙")
    assert names() == ["乙"]


@pytest.mark.database("sqlite")
def test_a_full_disk_loses_nothing(things: Path) -> None:
    with transaction():
        Thing.create(name="甲")
    with connection():
        pages = db.pragma("page_count")
        db.execute_sql(f"PRAGMA max_page_count = {pages + 2}")
        with pytest.raises(Unavailable) as refusal, transaction():
            insert_rows(Thing, [{"name": "字" * 200 + str(n)} for n in range(200)])
        db.execute_sql("PRAGMA max_page_count = 1000000")
    assert refusal.value.code == "storage.full"
    assert names() == ["甲"]
    with transaction():
        Thing.create(name="乙")
    assert names() == ["甲", "乙"]


def test_a_damaged_file_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "juyan.db").write_bytes(b"not a database at all" * 500)
    with pytest.raises(Unavailable) as refusal:
        open_database(Settings(instance=tmp_path))
    assert refusal.value.code == "storage.damaged"
    assert "manage.py restore" in refusal.value.zh and "manage.py restore" in refusal.value.en


def test_a_defect_stays_a_defect(things: Path) -> None:
    with pytest.raises(peewee.DatabaseError, match="nowhere"), connection():
        db.execute_sql("SELECT * FROM nowhere")


@pytest.mark.database("sqlite")
def test_forty_threads_at_once(things: Path) -> None:
    gate = threading.Barrier(40)

    def work(number: int) -> int:
        with connection():
            gate.wait(10)
            return number + Thing.select().count()

    with ThreadPoolExecutor(40) as pool:
        assert sorted(pool.map(work, range(40))) == list(range(40))


@pytest.mark.database("sqlite")
def test_writers_in_threads_wait_for_each_other(things: Path) -> None:
    def work(number: int) -> None:
        with transaction():
            count = Thing.select().count()
            Thing.create(name=str(number), count=count)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(40)))
    with connection():
        counts = [count for (count,) in Thing.select(Thing.count).order_by(Thing.id).tuples()]
    assert counts == list(range(40))
