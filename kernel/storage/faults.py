"""What disks and databases can do to us, as sentences that a person can act on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import peewee
from peewee import sqlite3  # type: ignore[attr-defined]  # pysqlite3; peewee's stubs leave it out
from playhouse.pool import MaxConnectionsExceeded

from kernel.errors import Unavailable

__all__ = ["busy", "database_errors", "disk_errors", "failed", "full", "sqlite3"]


@contextmanager
def database_errors() -> Iterator[None]:
    """Turn what a database can do to us (locked, full, damaged) into ``Unavailable``."""
    try:
        yield
    except MaxConnectionsExceeded as error:
        raise busy() from error
    # peewee wraps what execute() raises, but not what fetching rows raises.
    except (peewee.DatabaseError, sqlite3.DatabaseError) as error:
        refusal = _refusal(error)
        if refusal is None:
            raise
        raise refusal from error


def _refusal(error: BaseException | None) -> Unavailable | None:
    """What the user is told; None for a defect.

    When SQLite has rolled back by itself (disk full), the ROLLBACK that follows fails and would
    hide the reason, which is then in the context.
    """
    while error is not None:
        text = str(error)
        if "is locked" in text or "is busy" in text:
            return busy()
        if "disk is full" in text:
            return full()
        if any(sign in text for sign in _FAILURES):
            return failed(text)
        error = error.__context__ if "no transaction is active" in text else None
    return None


_FAILURES = ("disk I/O error", "unable to open database", "readonly database", "malformed",
             "not a database")  # fmt: skip


def busy() -> Unavailable:
    """The refusal while another process writes, or no connection is free."""
    return Unavailable(
        "storage.busy",
        "数据库正忙（另一个程序正在写入），本次没有保存任何内容，请稍后再试。",
        "The database is busy (another program is writing); nothing was saved, "
        "please try again in a moment.",
    )


def full() -> Unavailable:
    """The refusal for a full disk, the same for database and blobs."""
    return Unavailable(
        "storage.full",
        "磁盘空间已满，本次没有保存任何内容。请通知系统管理员清理磁盘后再试。",
        "The disk is full; nothing was saved. Ask the system administrator to make room, "
        "then try again.",
    )


def failed(text: str) -> Unavailable:
    """The refusal for a disk or file that does not do what it should."""
    return Unavailable(
        "storage.failed",
        f"数据读写失败（{text}），本次没有保存任何内容。请通知系统管理员检查磁盘和数据目录。",
        f"The data could not be read or written ({text}); nothing was saved. Ask the system "
        "administrator to check the disk and the data folder.",
    )


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn errors of files into ``storage.full`` and ``storage.failed``; a missing file stays."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise full() from error
        raise failed(error.strerror or str(error)) from error
