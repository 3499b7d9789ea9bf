"""Migrations: one folder and one history a room or plugin, all under one lock.

**Writing one.** After adding or changing models, in the repository root::

    from kernel.storage.schema import generate
    generate("identity", [Unit, Person, Post], "kernel/identity/migrations")

writes ``0001_initial.py``, or the next number with what changed since. See
:mod:`kernel.storage.schema` for what it can and what must be written by hand.

A script that may take long says how far it has come, to a third argument if it is given one::

    def up(migrator, db, told=lambda share: None):
        for number, row in enumerate(rows):
            ...
            told(number / len(rows))

**Applying.** ``migrate(sets)`` when a node is opened; never at import.

**Checking.** A test of each room asserts ``schema_differences(MODELS) == []`` after ``migrate``.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Set
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import peewee
from msgspec import Struct

from kernel.deferred import pattern
from kernel.errors import Unavailable
from kernel.storage import instance
from kernel.storage.database import connection, db, on_postgresql
from kernel.storage.faults import busy
from kernel.storage.postgresql import number_of

__all__ = [
    "Applied",
    "MigrationSet",
    "migrate",
    "pending",
    "room_set",
]

LOCK_SECONDS = 120.0
_NAME = pattern(r"[a-z][a-z0-9_]*")
_NUMBER = pattern(r"^\d+")


class MigrationSet(Struct, frozen=True):
    """The scripts of one room or plugin; their history is in the table ``migration_<name>``."""

    name: str
    directory: Path

    def __post_init__(self) -> None:
        """Keep names to what is safe in a table name."""
        if not _NAME.fullmatch(self.name):
            raise ValueError(f"not a name for a migration set: {self.name!r}")


class Applied(Struct, frozen=True):
    """One script that was run: the set's name and the script's (``0001_initial``)."""

    set: str
    name: str


def room_set(room: str) -> MigrationSet:
    """The set of a room of the kernel: ``kernel/<room>/migrations``.

    The storage room keeps its own scripts in ``tables``, because this module has the other name.
    """
    kernel = Path(__file__).parent.parent
    return MigrationSet(room, kernel / room / ("tables" if room == "storage" else "migrations"))


Far = Callable[[Applied, float], object]
"""Is told of a script that is running, and how much of it is done, from 0 to 1."""


def migrate(
    sets: Iterable[MigrationSet],
    progress: Callable[[Applied], object] | None = None,
    far: Far = lambda *_: None,
) -> list[Applied]:
    """Run all scripts that are not in their history yet, set after set, each in a transaction.

    Processes that start together wait for each other. A script that fails leaves its own changes
    undone; what ran before it stays.

    :param progress: called after each script. :param far: called now and then while a script runs
        that says how far it has come.
    :raises Unavailable: ``storage.migration`` (a script failed), ``storage.newer`` (the data was
        written by a newer version), ``storage.busy`` (another process migrates for too long).
    """
    applied: list[Applied] = []
    with _lock(), connection():
        tables = set(db.get_tables())
        for part in sets:
            for name in _pending(part, tables):
                one = Applied(part.name, name)
                _run(part, name, partial(far, one))
                applied.append(one)
                if progress:
                    progress(one)
    return applied


def pending(sets: Iterable[MigrationSet]) -> dict[str, list[str]]:
    """The scripts that :func:`migrate` would run, by set; sets with none are left out."""
    with connection():
        tables = set(db.get_tables())
        found = {part.name: _pending(part, tables) for part in sets}
    return {name: scripts for name, scripts in found.items() if scripts}


@contextmanager
def _lock() -> Iterator[None]:
    """One process migrates at a time; a process that dies lets go of it."""
    if not on_postgresql():
        with instance.file_lock(Path(db.obj.database).parent / "migrate.lock", LOCK_SECONDS):
            yield
        return
    number, end = (number_of("migrate"),), time.monotonic() + LOCK_SECONDS
    with connection():
        while not db.execute_sql("SELECT pg_try_advisory_lock(%s)", number).fetchone()[0]:
            if time.monotonic() > end:
                raise busy()
            time.sleep(0.1)
        try:
            yield
        finally:
            db.execute_sql("SELECT pg_advisory_unlock(%s)", number)


def _pending(part: MigrationSet, tables: Set[str]) -> list[str]:
    """What the runner's status says, with one query a set: every start of a process asks.

    :param tables: that there were before the first set.
    """
    files = part.directory.glob("[0-9]*.py")
    scripts = sorted((int(_NUMBER.findall(one.stem)[0]), one.stem) for one in files)
    history = f"migration_{part.name}"
    rows = db.execute_sql(f'SELECT name FROM "{history}"') if history in tables else ()  # noqa: S608  # see MigrationSet
    applied = {str(name) for (name,) in rows}
    if gone := sorted(applied - {name for _, name in scripts}):
        raise Unavailable(
            "storage.newer",
            f"数据由更新的版本写入（{part.name}：{gone[-1]}），请改用新版本程序，不要用旧版本打开。",
            f"The data was written by a newer version ({part.name}: {gone[-1]}); use that "
            "version, do not open it with this older one.",
        )
    return [name for _, name in scripts if name not in applied]


def _run(part: MigrationSet, name: str, told: Callable[[float], object]) -> None:
    from kernel.storage.migration_runner import MigrationError, run  # a start runs none

    try:
        run(part.directory, f"migration_{part.name}", name, told)
    except (peewee.PeeweeException, MigrationError, ValueError) as error:
        raise Unavailable(
            "storage.migration",
            f"数据库升级步骤 {part.name}/{name} 没有成功（{error}），已撤销该步骤。"
            "请保留现场并联系维护人员。",
            f"The migration {part.name}/{name} did not succeed ({error}) and was undone. Leave "
            "everything as it is and call for support.",
        ) from error
