"""Migrations: written from models, applied once, undone when they fail."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import peewee
import pytest
from playhouse.migrations import Runner

from kernel.errors import Unavailable
from kernel.storage import models
from kernel.storage.database import JSONField, Model, UTCField, connection, db
from kernel.storage.migrations import (
    Applied,
    MigrationSet,
    migrate,
    pending,
    room_set,
)
from kernel.storage.schema import generate, schema_differences
from kernel.testing_databases import Databases

pytestmark = pytest.mark.both


class Shelf(Model):
    uid = peewee.CharField(max_length=36, unique=True)
    made = UTCField()
    facts = JSONField(null=True, default=dict)

    class Meta:
        table_name = "test_shelf"


class Book(Model):
    shelf = peewee.ForeignKeyField(Shelf, backref="books", on_delete="CASCADE")
    number = peewee.IntegerField(default=lambda: 3)
    lent = UTCField(null=True)

    class Meta:
        table_name = "test_book"
        indexes = ((("shelf", "number"), True),)


Book.add_index(Book.number, unique=True, where=Book.lent.is_null(), name="test_book_here")

BOTH = [Shelf, Book]


def books(folder: Path) -> MigrationSet:
    return MigrationSet("books", folder / "migrations")


def test_tables_made_by_a_generated_script_agree_with_the_models(folder: Path) -> None:
    part = books(folder)
    script = generate("books", BOTH, part.directory)
    assert script is not None and script.name == "0001_initial.py"
    text = script.read_text("utf-8")
    assert "kernel" not in text  # a frozen copy: it never changes with our fields
    assert "WHERE" in text
    assert len(schema_differences(BOTH)) == 2
    assert pending([part]) == {"books": ["0001_initial"]}
    seen: list[Applied] = []
    assert migrate([part], seen.append) == [Applied("books", "0001_initial")] == seen
    assert schema_differences(BOTH) == []
    assert pending([part]) == {}
    assert migrate([part]) == []
    assert generate("books", BOTH, part.directory) is None


def test_a_change_becomes_the_next_script(folder: Path) -> None:
    class Later(Model):
        uid = peewee.CharField(max_length=36, unique=True)
        made = UTCField()
        facts = JSONField(null=True, default=dict)
        place = peewee.TextField(default="库房", index=True)

        class Meta:
            table_name = "test_shelf"

    part = books(folder)
    generate("books", BOTH, part.directory)
    migrate([part])
    with connection():
        Shelf.create(uid="1", made=datetime(2026, 11, 22, tzinfo=UTC))
    script = generate("books", [Later, Book], part.directory, "add the place")
    assert script is not None and script.name == "0002_add_the_place.py"
    assert schema_differences([Later]) != []
    migrate([part])
    assert schema_differences([Later]) == []
    with connection():
        assert Later.get().place == "库房"


def test_a_partial_index_alone_becomes_a_script(folder: Path) -> None:
    class Indexed(Model):
        made = UTCField()
        name = peewee.TextField()

        class Meta:
            table_name = "test_indexed"

    part = books(folder)
    generate("books", [Indexed], part.directory)
    Indexed.add_index(Indexed.made, where=Indexed.name == "归档 ' 。", name="test_indexed_kept")
    script = generate("books", [Indexed], part.directory, "index what is kept")
    assert script is not None
    migrate([part])
    assert schema_differences([Indexed]) == []
    with connection():
        found = {index.name: index.sql for index in db.get_indexes("test_indexed")}
    sql = found["test_indexed_kept"]
    assert sql is not None and "归档 '' 。" in sql


@pytest.mark.parametrize(
    ("column", "what"),
    [
        ("number INTEGER", "number INTEGER null"),
        ("number TEXT NOT NULL", "number TEXT"),
        ("count INTEGER NOT NULL", "add column"),
    ],
)
def test_what_models_and_tables_do_not_agree_on(folder: Path, column: str, what: str) -> None:
    class Counted(Model):
        number = peewee.IntegerField()

        class Meta:
            table_name = "test_counted"

    with connection():
        db.execute_sql(f"CREATE TABLE test_counted (id INTEGER NOT NULL PRIMARY KEY, {column})")
    assert any(what in line for line in schema_differences([Counted]))


def test_what_cannot_be_generated_is_named(tmp_path: Path) -> None:
    class Checked(Model):
        number = peewee.IntegerField(constraints=[peewee.Check("number > 0")])

        class Meta:
            table_name = "test_checked"

    with pytest.raises(ValueError, match="test_checked.*number"):
        generate("checked", [Checked], tmp_path)
    assert list(tmp_path.glob("*.py")) == []


def write(part: MigrationSet, name: str, body: str) -> None:
    part.directory.mkdir(exist_ok=True)
    (part.directory / f"{name}.py").write_text(f"def up(migrator, db):\n    {body}\n", "utf-8")


def test_a_script_that_fails_is_undone_and_named(folder: Path) -> None:
    part = books(folder)
    write(part, "0001_good", "db.execute_sql('CREATE TABLE one (id INTEGER)')")
    write(
        part,
        "0002_bad",
        "db.execute_sql('CREATE TABLE two (id INTEGER)'); db.execute_sql('nonsense')",
    )
    with pytest.raises(Unavailable) as refusal:
        migrate([part])
    assert refusal.value.code == "storage.migration"
    assert "books/0002_bad" in refusal.value.zh
    with connection():
        assert "one" in db.get_tables()
        assert "two" not in db.get_tables()
    assert pending([part]) == {"books": ["0002_bad"]}


def test_a_script_tells_how_far_it_has_come(folder: Path) -> None:
    part = books(folder)
    write(part, "0001_short", "pass")
    long = "def up(migrator, db, told=lambda share: None):\n    told(0.25)\n    told(1)\n"
    (part.directory / "0002_long.py").write_text(long, "utf-8")
    done: list[object] = []
    migrate([part], done.append, lambda one, share: done.append((one.name, share)))
    short, after = Applied("books", "0001_short"), Applied("books", "0002_long")
    assert done == [short, ("0002_long", 0.25), ("0002_long", 1), after]


def test_data_of_a_newer_version_is_left_alone(folder: Path) -> None:
    part = books(folder)
    write(part, "0001_good", "db.execute_sql('CREATE TABLE one (id INTEGER)')")
    write(part, "0002_newer", "pass")
    migrate([part])
    (part.directory / "0002_newer.py").unlink()
    with pytest.raises(Unavailable) as refusal:
        migrate([part])
    assert refusal.value.code == "storage.newer"


MIGRATE = """
import sys
from pathlib import Path
from kernel.settings import Settings
from kernel.storage.database import open_database
from kernel.storage.migrations import MigrationSet, migrate, room_set
folder = Path(sys.argv[1])
open_database(Settings(folder, sys.argv[2]))
print(len(migrate([room_set("storage"), MigrationSet("books", folder / "migrations")])))
"""


def test_processes_that_start_together_migrate_once(tmp_path: Path, databases: Databases) -> None:
    folder = tmp_path / "instance"
    folder.mkdir()
    slow = "import time; time.sleep(0.2); "
    for number in range(1, 6):
        body = f"{slow}db.execute_sql('CREATE TABLE t{number} (id INTEGER)')"
        write(books(folder), f"000{number}_x", body)
    command = [sys.executable, "-c", MIGRATE, str(folder), databases.create()]
    processes = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    results = [process.communicate(timeout=60) for process in processes]
    assert [error for _, error in results if "Traceback" in error] == []
    ours = len(list(room_set("storage").directory.glob("0*.py")))
    assert sorted(out.strip() for out, _ in results) == ["0", "0", str(ours + 5)]


def test_our_own_tables_agree_with_our_models(store: Path) -> None:
    assert schema_differences(models.MODELS) == []


def test_our_own_scripts_can_be_taken_back(store: Path) -> None:
    with connection():
        part = room_set("storage")
        Runner(db.obj, str(part.directory), table_name="migration_storage").down("0001_initial")
        left = set(db.get_tables()) - {"sqlite_sequence", "migration_storage"}
    assert left == set()


def test_names_that_could_not_be_tables_are_refused() -> None:
    with pytest.raises(ValueError, match="name"):
        MigrationSet("books; DROP TABLE", Path("."))
