"""A server as the store: what is refused before it is used, and what becomes of its errors."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from kernel.errors import OfficeError
from kernel.settings import Settings
from kernel.storage.database import close_database, connection, db, open_database, transaction
from kernel.storage.models import SearchEntry
from kernel.storage.postgresql import database_name, masked
from kernel.testing_databases import Databases, name_in

pytestmark = pytest.mark.database("postgresql")


def url_of() -> str:
    return str(db.obj.database)


def refused(folder: Path, url: str) -> OfficeError:
    with pytest.raises(OfficeError) as refusal:
        open_database(Settings(folder, url))
    return refusal.value


def test_passwords_are_not_shown(tmp_path: Path) -> None:
    assert masked("postgresql://u:secret@h1:1,h2:2/d?password=x") == "postgresql://u@h1:1,h2:2/d"
    assert database_name("postgresql:///juyan?host=/tmp") == "juyan"
    assert "secret" not in repr(Settings(tmp_path, "postgresql://u:secret@h/d"))


def test_what_cannot_be_reached_is_said_with_the_way_out(store: Path, tmp_path: Path) -> None:
    url = url_of()
    away = refused(tmp_path, "postgresql://u:secret@127.0.0.1:1/juyan")
    assert away.code == "storage.unreachable" and "secret" not in away.zh + away.en
    gone = refused(tmp_path, url.replace(name_in(url), "nowhere"))
    assert gone.code == "storage.no_database" and "createdb" in gone.en
    assert refused(tmp_path, url.replace("juyan@", "nobody@")).code == "storage.unreachable"
    assert refused(tmp_path, "postgresql:///x?nonsense=1").code == "storage.unreachable"


def test_an_encoding_without_chinese_is_refused(databases: Databases, tmp_path: Path) -> None:
    url = databases.create()
    with psycopg.connect(url, autocommit=True) as base:
        name = f"{name_in(url)}_latin"
        base.execute(
            f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'LATIN1' LOCALE 'C'".encode()
        )
    error = refused(tmp_path, url.replace(name_in(url), name))
    assert error.code == "storage.server" and "createdb -E UTF8" in error.zh
    close_database()


def test_two_nodes_cannot_share_a_database(store: Path, tmp_path: Path) -> None:
    url, mine = url_of(), db.obj
    db.initialize(None)
    error = refused(tmp_path / "other", url)
    assert error.code == "node.other_node" and "instance" in error.en  # the other's folder
    open_database(Settings(store, url))  # a second process of the same node
    with mine.connection_context():
        pass
    mine.close_all()
    close_database()
    open_database(Settings(tmp_path / "other", url))  # once the first one has gone


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ("53100", "storage.full"),
        ("40001", "storage.busy"),
        ("40P01", "storage.busy"),
        ("55P03", "storage.busy"),
        ("57P01", "storage.failed"),
        ("58030", "storage.failed"),
        ("XX001", "storage.failed"),
    ],
)
def test_errors_of_the_server_are_sentences(store: Path, state: str, code: str) -> None:
    with pytest.raises(OfficeError) as refusal, transaction():
        db.execute_sql(f"DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = '{state}'; END $$")
    assert refusal.value.code == code
    with transaction():  # and the connection serves the next one
        SearchEntry.delete().execute()


def test_a_lock_held_too_long_is_busy(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(url_of()) as other:
        other.execute("LOCK TABLE search_entry")
        with pytest.raises(OfficeError) as refusal, transaction():
            db.execute_sql("SET LOCAL lock_timeout = '100ms'")
            SearchEntry.delete().execute()
    assert refusal.value.code == "storage.busy"


def test_a_connection_that_dies_is_thrown_away(store: Path) -> None:
    with pytest.raises(OfficeError) as refusal, transaction():
        own = db.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
        with psycopg.connect(url_of(), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s)", (own,))
        db.execute_sql("SELECT pg_sleep(1)")
    assert refusal.value.code == "storage.failed"
    assert "不能确定" in refusal.value.zh  # the commit may have got through
    with connection():
        assert db.execute_sql("SELECT 1").fetchone() == (1,)


def test_one_that_died_while_it_rested_is_not_noticed(store: Path) -> None:
    with connection():
        own = db.execute_sql("SELECT pg_backend_pid()").fetchone()[0]
    with psycopg.connect(url_of(), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s)", (own,))
    with connection():
        assert db.execute_sql("SELECT 1").fetchone() == (1,)


def test_a_control_character_is_refused_with_a_sentence(store: Path) -> None:
    with pytest.raises(OfficeError) as refusal, connection():
        db.execute_sql("SELECT %s::text", ("a\0b",))
    assert refusal.value.code == "storage.text"


def test_texts_have_no_length_and_are_compared_by_code_points(store: Path) -> None:
    with connection():
        found = db.execute_sql(
            "SELECT DISTINCT data_type, collation_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND collation_name IS NOT NULL"
        ).fetchall()
    assert sorted(found) == [("ARRAY", "C"), ("text", "C")]


def test_commits_are_on_the_disk_whatever_the_server_is_set_to(store: Path) -> None:
    with connection():
        assert db.execute_sql("SHOW synchronous_commit").fetchone() == ("on",)
