"""A database that cannot be read any more, by a bad disk or a hex editor: said at every door.

Whoever opens a node, the command line, the server, a worker, goes through here, so that nobody
meets the words of a driver: what is to be done is a restore, not a second try.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import peewee

from kernel.errors import OfficeError, Unavailable
from kernel.settings import Settings
from kernel.storage.database import connection, db, on_postgresql
from kernel.storage.faults import DATABASE_ERRORS
from kernel.storage.postgresql import masked
from kernel.work import incidents

CODE = "storage.damaged"
_OF_DATABASE: tuple[type[Exception], ...] = (*DATABASE_ERRORS, peewee.DoesNotExist)
_BY_CONTENT: tuple[type[Exception], ...] = (ValueError, TypeError, LookupError, AttributeError)
"""What the reading of a changed value runs into, or of the driver's words, which quote the damaged
schema; a defect of ours may raise the same."""
_WHILE_ASKING: tuple[type[Exception], ...] = (OfficeError, *DATABASE_ERRORS, *_BY_CONTENT)


@contextmanager
def refused_if_damaged(settings: Settings) -> Iterator[None]:
    """Turn what a damaged database does to whoever opens it into a sentence with the way out.

    :raises Unavailable: ``storage.damaged``, with the number of the incident.
    """
    try:
        yield
    except OfficeError as error:
        if error.code != CODE:
            raise
        raise _damaged(settings, error.__cause__ or error) from error
    except _OF_DATABASE as error:
        raise _damaged(settings, error) from error
    except _BY_CONTENT as error:
        if not _says_so_itself():
            raise
        raise _damaged(settings, error) from error


def _damaged(settings: Settings, error: BaseException) -> Unavailable:
    where = masked(settings.database) or str(settings.database_path)
    number = incidents.keep(error, "opening the node", settings.instance)
    return Unavailable(
        CODE,
        f"数据库 {where} 已损坏，节点没有打开，也没有改动任何内容（故障编号 {number}）。"
        "请保留损坏的文件不动，把最近的备份恢复到一个新目录，再从那里启动："
        "python3 manage.py restore 备份文件 --instance 新目录。没有备份时，请把编号告诉技术人员。",
        f"The database {where} is damaged; the node was not opened and nothing was changed "
        f"(incident {number}). Leave the damaged file as it is, restore the newest backup into "
        "a new folder and start from there: python3 manage.py restore BACKUP --instance NEWFOLDER. "
        "Without a backup, tell the technicians the number.",
    )


def _says_so_itself() -> bool:
    """Whether the database finds its own damage; SQLite sees only what spoils its structure."""
    if on_postgresql() or db.obj is None:
        return False
    try:
        with connection():
            return bool(db.execute_sql("PRAGMA quick_check(1)").fetchone()[0] != "ok")
    except _WHILE_ASKING:
        return True
