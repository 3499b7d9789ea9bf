"""The snapshot of a PostgreSQL database: the rows of each table, as COPY writes them.

One transaction reads all tables as they were at one moment (REPEATABLE READ) and holds nobody up.
COPY instead of pg_dump: it speaks through the driver that is there anyway, whatever version of the
tools the machine has, and the tables themselves are made by our own migrations.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from peewee import psycopg  # type: ignore[attr-defined]  # peewee's stubs leave it out

from kernel.errors import Unavailable
from kernel.storage.database import connection, db
from kernel.storage.faults import database_errors, disk_errors

LIST = "tables.json"
"""Tables in the order in which they can be filled, their columns, and the migrations that ran."""
_STEP = 1024 * 1024
_TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() ORDER BY tablename"
_COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = current_schema() AND table_name = %s AND is_generated = 'NEVER'
    ORDER BY ordinal_position
"""
_NEEDS = """
    SELECT c.relname, p.relname FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_class p ON p.oid = k.confrelid
    WHERE k.contype = 'f' AND k.connamespace = current_schema()::regnamespace
"""
_SEQUENCES = """
    SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)
    FROM information_schema.columns
    WHERE table_schema = current_schema()
    AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL
"""


def estimate() -> int:
    """About how many bytes the rows are."""
    with connection():
        row = db.execute_sql("SELECT pg_database_size(current_database())").fetchone()
    return int(row[0])


def take(folder: Path) -> list[Path]:
    """Write the rows of all tables, as they are at one moment, into files of an empty folder."""
    with _beside("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as made:
        listed = _listed(made)
        (folder / LIST).write_text(json.dumps(listed), "utf-8")
        files = [folder / LIST]
        for name, columns in listed["tables"]:
            files.append(folder / f"{name}.copy")
            statement = f"COPY {_quoted(name)} ({_names(columns)}) TO STDOUT"
            with files[-1].open("wb") as file, made.cursor().copy(statement) as rows:
                for data in rows:
                    file.write(data)
    return files


def put_back(folder: Path) -> None:
    """Fill the tables of the open database, which are as our migrations made them.

    :raises Unavailable: ``restore.version`` when other migrations ran there than here.
    """
    listed = json.loads((folder / LIST).read_text("utf-8"))
    with _beside("BEGIN") as made:
        if _migrations(made) != listed["migrations"]:
            raise Unavailable(
                "restore.version",
                "备份由另一版本的程序写入，数据表不同。请先用备份时的版本恢复，再升级。",
                "Another version of the program wrote this backup, with other tables. Restore it "
                "with that version first, then upgrade.",
            )
        for name, columns in listed["tables"]:
            statement = f"COPY {_quoted(name)} ({_names(columns)}) FROM STDIN"
            with (folder / f"{name}.copy").open("rb") as file, made.cursor().copy(statement) as to:
                while data := file.read(_STEP):
                    to.write(data)
        for table, column, sequence in made.execute(_SEQUENCES).fetchall():
            highest = f"SELECT MAX({_quoted(column)}) FROM {_quoted(table)}"  # noqa: S608  # own names
            made.execute(f"SELECT setval(%s, ({highest}))", (sequence,))


@contextmanager
def _beside(begin: str) -> Iterator[Any]:
    """A connection of its own, in a transaction: the pool's are for short work."""
    with (
        database_errors(),
        disk_errors(),
        psycopg.connect(db.obj.database, autocommit=True) as made,
    ):
        made.execute("SET client_encoding TO 'UTF8'")
        made.execute(begin)
        yield made
        made.execute("COMMIT")


def _connected() -> Any:
    return psycopg.connect(db.obj.database, autocommit=True)


def _listed(made: Any) -> dict[str, Any]:
    tables = {name for (name,) in made.execute(_TABLES).fetchall()}
    needs: dict[str, set[str]] = {name: set() for name in sorted(tables)}
    for table, parent in made.execute(_NEEDS).fetchall():
        needs[table] |= {parent} - {table}
    order = [name for name in TopologicalSorter(needs).static_order() if not _is_history(name)]
    columns = {name: [one for (one,) in made.execute(_COLUMNS, (name,))] for name in order}
    return {"tables": [[name, columns[name]] for name in order], "migrations": _migrations(made)}


def _migrations(made: Any) -> dict[str, list[str]]:
    """The scripts that ran, by the table of their history."""
    tables = [name for (name,) in made.execute(_TABLES).fetchall() if _is_history(name)]
    found = {}
    for name in tables:
        ran = made.execute(f"SELECT name FROM {_quoted(name)}").fetchall()  # noqa: S608  # own names
        found[name] = sorted(str(one) for (one,) in ran)
    return {name: ran for name, ran in found.items() if ran}


def _is_history(table: str) -> bool:
    return table.startswith("migration_")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _names(columns: list[str]) -> str:
    return ", ".join(_quoted(one) for one in columns)
