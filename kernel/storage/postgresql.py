"""PostgreSQL as the node's database: how it is opened, and what is refused before it is used.

**Isolation.** READ COMMITTED, PostgreSQL's own default, and three habits that make it enough:

* An act holds the row of its object from its first check to its commit
  (:func:`kernel.storage.database.lock_rows`), so that acts on one object follow each other as
  they do on SQLite, and every check sees what the one before has done.
* What is decided once is decided by the database: an UPDATE that names the state it expects and is
  counted, or a UNIQUE index. Both see the newest committed row, whatever was read before.
* What reads much and writes its sum (positions of the log, the first number of a series) is one
  at a time under a name (:func:`kernel.storage.database.exclusive`).

SERIALIZABLE would need none of these, but refuses transactions that have done nothing wrong: every
two acts read and write the same small tables (prepared acts, the log), and an act that was signed
within its two minutes may not fail for that.

**Commits** are on the disk before anybody hears of them: ``synchronous_commit`` is switched on
whatever the server's default is.

**Texts** are compared by code points (``COLLATE "C"``) and have no length, as on SQLite: the order
of a list and the length of a title must not depend on the machine's locale or on a column.
"""

from __future__ import annotations

import hashlib
import importlib.util
import logging
import os
import platform
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import peewee
from playhouse.pool import _PooledPostgresqlDatabase

from kernel.errors import Invalid, Unavailable
from kernel.storage.faults import sqlstate
from kernel.storage.writing import Context, Driven

SCHEMES = ("postgresql", "postgres")
OLDEST = 140000
"""PostgreSQL 14: the oldest version that its makers still mend."""
MAX_CONNECTIONS = 20
"""Of one process. A server takes 100 unless told otherwise, and several processes share it."""
LOCK_SECONDS = 5
IDLE_SECONDS = 60
"""A transaction that does nothing for so long has lost its process: others wait for its rows."""
_NODES = 0x6A79
"""The class of the advisory locks that say which node uses the database."""
log = logging.getLogger("juyan.storage")


class _Claimed(peewee.PostgresqlDatabase):
    """Connections that are marked with the node that they serve."""

    folder: Path

    def _connect(self) -> Any:
        made = super()._connect()  # type: ignore[misc]  # peewee's stubs leave it out
        try:
            self._claim(made)
        except BaseException:
            made.close()
            raise
        return made

    def _claim(self, made: Any) -> None:
        """Mark the database as this node's for as long as the connection lives.

        :raises Unavailable: ``node.other_node`` while another node uses the database.
        """
        mark = _mark(self.folder)
        cursor = made.cursor()
        cursor.execute("SELECT pg_advisory_lock_shared(%s::int4, %s::int4)", (_NODES, mark))
        cursor.execute(_OTHERS, (_NODES, mark & 0xFFFFFFFF))
        other = cursor.fetchone()
        if other is not None:
            raise _other_node(str(other[0]))


class _Text(str):
    """A column type that takes no length: peewee adds one only to a type that is true."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False


_TEXT = _Text('TEXT COLLATE "C"')


class Postgres(Driven, _PooledPostgresqlDatabase, _Claimed):  # type: ignore[misc]  # it has no stubs
    """The pool of connections of one process."""

    context_class = Context
    field_types = {**peewee.PostgresqlDatabase.field_types, "TEXT": _TEXT, "VARCHAR": _TEXT}

    def __init__(self, url: str, folder: Path) -> None:
        self.folder = folder
        super().__init__(
            url,
            prefer_psycopg3=True,
            autoconnect=False,
            max_connections=MAX_CONNECTIONS,
            timeout=LOCK_SECONDS,
            connect_timeout=LOCK_SECONDS,
            application_name=_caller(folder),
            options=_options(url),
        )


_OTHERS = """
    SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.objsubid = 2 AND l.granted
    AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND l.classid = %s::int8::oid AND l.objid <> %s::int8::oid LIMIT 1
"""


def open_postgresql(url: str, folder: Path) -> Postgres:
    """A pool for the database that a URL names.

    :param folder: the instance folder of the node.
    :raises Invalid: ``storage.url``.
    :raises Unavailable: ``storage.driver``. The server is not asked before the first connection.
    """
    scheme = url.partition(":")[0]
    try:
        urlsplit(url)
    except ValueError:  # brackets that are no address
        scheme = url
    if scheme not in SCHEMES:
        raise Invalid(
            "storage.url",
            f"不支持数据库地址“{scheme}:”，请写成 postgresql://用户@主机/数据库，或删除 database "
            "设置项以使用内置的 SQLite。",
            f"Databases of {scheme!r} are not served. Write postgresql://user@host/database, or "
            "remove the setting `database` for the built-in SQLite.",
        )
    if importlib.util.find_spec("psycopg") is None:
        raise Unavailable(
            "storage.driver",
            "没有安装 PostgreSQL 驱动，请运行：.venv/bin/pip install --require-hashes -r "
            "requirements-postgresql.lock",
            "The PostgreSQL driver is not installed; run: .venv/bin/pip install --require-hashes "
            "-r requirements-postgresql.lock",
        )
    return Postgres("postgresql:" + url.partition(":")[2], folder)


def check_server(database: Postgres) -> None:
    """Refuse a server or a database that cannot keep what it is given; within a connection.

    :raises Unavailable: ``storage.server``.
    """
    version = database.server_version
    asked = "SELECT current_setting('server_encoding'), current_setting('fsync')"
    encoding, fsync = execute(database, asked)[0]
    if version < OLDEST:
        raise _unfit(
            f"PostgreSQL 版本过旧（{version // 10000}），请升级到 14 或更新的版本。",
            f"PostgreSQL {version // 10000} is too old; version 14 or newer is needed.",
        )
    if encoding != "UTF8":
        name = database_name(database.database)
        raise _unfit(
            f"数据库编码是 {encoding}，不能保存中文。请新建：createdb -E UTF8 -T template0 {name}",
            f"The database is encoded in {encoding}, which cannot hold Chinese. Make a new one: "
            f"createdb -E UTF8 -T template0 {name}",
        )
    if fsync != "on":
        log.warning("fsync is off on this server: a power cut can take acknowledged acts with it")


def execute(database: Any, statement: str) -> list[Any]:
    """Run a statement; gives its rows."""
    cursor = database.execute_sql(statement)
    return list(cursor.fetchall())


def clear(database: peewee.Database) -> None:
    """Take away all tables of a database that was empty before; within a connection."""
    for table in database.get_tables():
        database.execute_sql(f'DROP TABLE "{table}" CASCADE')
    database.execute_sql("DROP FUNCTION IF EXISTS juyan_insert_only()")


def refuse_connection(url: str, error: BaseException) -> Unavailable:
    """What to do when a first connection cannot be made."""
    name = database_name(url)
    if sqlstate(error) == "3D000" or f'database "{name}" does not exist' in str(error):
        return Unavailable(
            "storage.no_database",
            f"数据库“{name}”不存在，请先建立：createdb -E UTF8 -T template0 {name}",
            f"There is no database {name!r}; make it first: createdb -E UTF8 -T template0 {name}",
        )
    why = str(error).strip().partition("\n")[0]
    return Unavailable(
        "storage.unreachable",
        f"连接不上数据库 {masked(url)}，请检查服务器是否运行、地址和账号是否正确（{why}）。",
        f"The database {masked(url)} cannot be reached; check that the server runs, its address "
        f"and the account ({why}).",
    )


def masked(url: str) -> str:
    """A database URL without its password and its options."""
    return re.sub(r"(//[^:/@]*):[^@]*@", r"\1@", url.partition("?")[0])


def database_name(url: str) -> str:
    """The name of the database in a URL; without one it is that of the user."""
    parts = urlsplit(url)
    return parts.path.strip("/") or parts.netloc.partition(":")[0].partition("@")[0]


def number_of(name: str) -> int:
    """The number of an advisory lock, from its name."""
    return int.from_bytes(hashlib.sha256(f"juyan {name}".encode()).digest()[:8], signed=True)


def _mark(folder: Path) -> int:
    """A number for one instance folder on one machine: a copy of the folder is another node."""
    place = folder.resolve()
    name = f"{platform.node()} {place} {place.stat().st_ino if place.exists() else 0}"
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], signed=True)


def _caller(folder: Path) -> str:
    # Names are cut at 63 bytes by the server, so the end of the path, which differs, stands first.
    return f"juyan {folder.resolve().name} {platform.node()} {os.getpid()}".encode()[:63].decode(
        errors="ignore"
    )


def _options(url: str) -> str:
    ours = (
        f"-c synchronous_commit=on -c lock_timeout={LOCK_SECONDS}s -c client_encoding=UTF8"
        f" -c idle_in_transaction_session_timeout={IDLE_SECONDS}s -c client_min_messages=warning"
        " -c default_transaction_isolation=read\\ committed -c TimeZone=UTC"
    )
    theirs = dict(parse_qsl(urlsplit(url).query)).get("options", "")
    return f"{theirs} {ours}".strip()


def _unfit(zh: str, en: str) -> Unavailable:
    return Unavailable("storage.server", zh, en)


def _other_node(name: str) -> Unavailable:
    return Unavailable(
        "node.other_node",
        f"另一个节点（{name}）正在使用这个数据库。两个节点不能共用一个数据库，请为本节点另建一个。",
        f"Another node ({name}) is using this database. Two nodes cannot share one; make another "
        "database for this node.",
    )
