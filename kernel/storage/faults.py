"""What disks and databases can do to us, as sentences that a person can act on."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import peewee
from peewee import sqlite3  # type: ignore[attr-defined]  # pysqlite3; peewee's stubs leave it out
from playhouse.pool import MaxConnectionsExceeded

from kernel.errors import Invalid, OfficeError, Unavailable

__all__ = [
    "DATABASE_ERRORS",
    "busy",
    "damaged",
    "database_errors",
    "disk_errors",
    "failed",
    "full",
    "sqlite3",
    "sqlstate",
]

_psycopg: Any = getattr(peewee, "psycopg", None)
"""PostgreSQL's driver, where it is installed."""
_OF_DRIVERS: tuple[type[Exception], ...] = (
    (sqlite3.DatabaseError, _psycopg.Error) if _psycopg else (sqlite3.DatabaseError,)
)
"""peewee wraps what execute() raises, but not what fetching rows raises."""
DATABASE_ERRORS: tuple[type[Exception], ...] = (
    peewee.DatabaseError,
    peewee.InterfaceError,
    *_OF_DRIVERS,
)
"""Whatever a database can raise, wrapped or not."""


class database_errors:
    """Turn what a database can do to us (locked, full, damaged) into ``Unavailable``."""

    __slots__ = ()

    def __enter__(self) -> None:
        """Nothing to do."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: object
    ) -> None:
        """Raise the refusal instead."""
        if isinstance(error, MaxConnectionsExceeded):
            raise busy() from error
        if isinstance(error, DATABASE_ERRORS):
            refusal = _refusal(error)
            if refusal is not None:
                raise refusal from error


def sqlstate(error: BaseException) -> str | None:
    """PostgreSQL's code of an error; empty where the server could not say one, None elsewhere."""
    driven = getattr(error, "orig", error)
    if _psycopg is None or not isinstance(driven, _psycopg.Error):
        return None
    return driven.sqlstate or ""


def _refusal(error: BaseException) -> OfficeError | None:
    """What the user is told; None for a defect."""
    state = sqlstate(error)
    return _of_sqlite(error) if state is None else _of_postgresql(state, error)


def _of_postgresql(state: str, error: BaseException) -> OfficeError | None:
    """By SQLSTATE (PostgreSQL's manual, appendix A)."""
    text = str(error).strip().partition("\n")[0]
    if state in ("40001", "40P01", "53300", "55P03", "57014"):
        return busy()
    if state == "53100":
        return full()
    if state == "22021" or (not state and "(0x00)" in text):
        return _no_text()
    if state.startswith(("08", "57P")) or (not state and _broken(error)):
        return lost()
    if state.startswith(("25006", "42501", "53", "58", "XX")):
        return failed(text)
    return None


def _broken(error: BaseException) -> bool:
    """Whether the connection itself is what failed: that has no code, but a class of its own."""
    driven = getattr(error, "orig", error)
    return isinstance(driven, _psycopg.OperationalError | _psycopg.InterfaceError)


def _of_sqlite(error: BaseException | None) -> Unavailable | None:
    """By SQLite's words.

    When SQLite has rolled back by itself (disk full), the ROLLBACK that follows fails and would
    hide the reason, which is then in the context.
    """
    while error is not None:
        text = str(error)
        if "is locked" in text or "is busy" in text:
            return busy()
        if "disk is full" in text:
            return full()
        if any(sign in text for sign in _DAMAGES):
            return damaged(text)
        if any(sign in text for sign in _FAILURES):
            return failed(text)
        error = error.__context__ if "no transaction is active" in text else None
    return None


_FAILURES = ("disk I/O error", "unable to open database", "readonly database")
_DAMAGES = ("malformed", "not a database", "Could not decode to UTF-8", "unsupported file format")


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


def damaged(text: str) -> Unavailable:
    """The refusal for a database file that is not what was written into it."""
    return Unavailable(
        "storage.damaged",
        f"数据库文件已损坏（{text}），本次没有保存任何内容。请通知系统管理员停止节点，"
        "从最近的备份恢复：python3 manage.py restore 备份文件 --instance 新目录。",
        f"The database file is damaged ({text}); nothing was saved. Ask the system administrator "
        "to stop the node and to restore the newest backup: python3 manage.py restore BACKUP "
        "--instance NEWFOLDER.",
    )


def lost() -> Unavailable:
    """The refusal when the connection broke off: the commit may have got through before."""
    return Unavailable(
        "storage.failed",
        "与数据库的连接中断，这一步是否已经保存还不能确定。请稍后刷新页面，看过结果再决定是否重办。",
        "The connection to the database broke off; whether this was saved is not known. Reload the "
        "page in a moment and look before you do it again.",
    )


def _no_text() -> Invalid:
    return Invalid(
        "storage.text",
        "内容里有不能保存的控制字符，请删去后重新提交（常见于从其他软件粘贴的文字）。",
        "The text holds a control character that cannot be stored, as pasted text sometimes does. "
        "Remove it and try again.",
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
