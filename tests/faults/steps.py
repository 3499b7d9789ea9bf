"""Where a program can be stopped: before and after every statement, and around every file step.

The hooks sit below peewee and above the driver, so that they see BEGIN, COMMIT and the bulk
inserts as well, on every database.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import peewee

from kernel.storage.database import db

Hook = Callable[[str, str], None]
"""Called with ``before`` or ``after`` and the statement or the file step (``fsync``)."""
FILE_STEPS = ("fsync", "replace", "rename", "unlink", "mkdir", "open")


class _Cursor:
    """A cursor of the driver that tells the hook what it is about to do."""

    def __init__(self, real: Any, hook: Hook) -> None:
        self._real = real
        self._hook = hook

    def execute(self, sql: str, *parameters: Any) -> _Cursor:
        self._hook("before", sql)
        self._real.execute(sql, *parameters)
        self._hook("after", sql)
        return self

    def executemany(self, sql: str, rows: Any) -> _Cursor:
        self._hook("before", sql)
        self._real.executemany(sql, rows)
        self._hook("after", sql)
        return self

    def __iter__(self) -> Iterator[Any]:
        return iter(self._real)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)


class Counter:
    """Counts the steps that leave something behind, and does something at one of them.

    :param point: which one, from 1 on; 0 for none.
    :param act: what is done there; without it the process dies.
    """

    def __init__(self, point: int, act: Callable[[], None] | None = None) -> None:
        self.count = 0
        self._point = point
        self._act = act or _die

    def __call__(self, when: str, what: str) -> None:
        """Called around each step."""
        word = what.lstrip().split(maxsplit=1)[0].upper()
        # What only reads leaves nothing; after a step nothing happens until the next one,
        # except that somebody is told.
        if word in ("SELECT", "PRAGMA", "OPEN") or (when == "after" and word != "COMMIT"):
            return
        self.count += 1
        if self.count == self._point:
            self._act()


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@contextmanager
def watched(hook: Hook) -> Iterator[None]:
    """Tell ``hook`` of every statement in this process, those of opening a node included."""
    base: Any = peewee.Database
    plain = base.cursor

    def cursor(*arguments: Any, **named: Any) -> Any:
        return _Cursor(plain(*arguments, **named), hook)

    base.cursor = cursor
    try:
        yield
    finally:
        base.cursor = plain


@contextmanager
def file_steps(hook: Hook) -> Iterator[None]:
    """Tell ``hook`` of every fsync, rename and removal that Python does in this process."""
    plain = {name: getattr(os, name) for name in FILE_STEPS}

    def told(name: str) -> Callable[..., Any]:
        def step(*arguments: Any, **named: Any) -> Any:
            hook("before", name)
            result = plain[name](*arguments, **named)
            hook("after", name)
            return result

        return step

    for name in FILE_STEPS:
        setattr(os, name, told(name))
    try:
        yield
    finally:
        for name, call in plain.items():
            setattr(os, name, call)


def is_sqlite() -> bool:
    """Whether the open node's database is SQLite, where one transaction excludes all others."""
    return isinstance(db.obj, peewee.SqliteDatabase)
