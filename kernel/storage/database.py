"""The database of the open node: connections, transactions, and what becomes of its errors.

``with connection():`` for reading, ``with transaction():`` for everything that belongs together.
Views and jobs are plain functions: one worker thread, one pooled connection. peewee keeps its
state per thread, therefore never inside ``async def``.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self, cast

import peewee
from msgspec import Struct
from peewee import __exception_wrapper__ as _peewee_errors  # type: ignore[attr-defined]  # no stub

from kernel.settings import Settings
from kernel.storage import instance, postgresql, sqlite
from kernel.storage.faults import database_errors
from kernel.storage.fields import JSONField, UTCField
from kernel.storage.writing import change, insert, made, one

__all__ = [
    "JSONField",
    "Model",
    "UTCField",
    "after_commit",
    "asked_before_writing",
    "close_database",
    "connection",
    "db",
    "exclusive",
    "execute_many",
    "in_transaction",
    "lock_rows",
    "on_postgresql",
    "open_database",
    "require_transaction",
    "savepoint",
    "snapshot",
    "transaction",
    "will_follow",
]

log = logging.getLogger("juyan.storage")


db = peewee.DatabaseProxy()
"""Stands for the open node's database; filled by :func:`open_database`."""


class Model(peewee.Model):
    """The base of every table. Name the table ``<room or plugin>_<things>`` in ``Meta``."""

    if TYPE_CHECKING:
        id = peewee.AutoField()  # peewee gives one to each table that names no key

    class Meta:
        """Bound to the open node."""

        database = db
        legacy_table_names = False

    @classmethod
    def create(cls, **values: Any) -> Self:
        """Insert a row; gives it with its id."""
        row = made(cls, values)
        if not insert(row):
            row.save(force_insert=True)
        return cast("Self", row)

    def change(self, **values: Any) -> None:
        """Write these columns of this row and nothing else of it, in the store and here.

        The quick way for one row; the statement is prepared once.

        :raises KeyError: for what is no column. :raises TypeError: for an expression.
        """
        change(self, values)

    @classmethod
    def get_or_none(cls, *where: Any, **equal: Any) -> Self | None:
        """The first row that fits, or None."""
        if equal or len(where) != 1:
            found: Self | None = super().get_or_none(*where, **equal)
            return found
        return cast("Self | None", one(cls, where[0]))


def open_database(settings: Settings) -> peewee.Database:
    """Open the node's database and let :data:`db` stand for it; what was open is closed.

    :raises Invalid: ``storage.url`` for a database that is not served.
    :raises Unavailable: ``storage.folder``, ``storage.busy``, ``storage.failed``; of a server also
        ``storage.driver``, ``storage.unreachable``, ``storage.no_database``, ``storage.server``,
        ``node.other_node``.
    """
    close_database()
    instance.prepare(settings.instance)
    if settings.database:
        return _open_server(settings)
    with instance.file_lock(settings.instance / "open.lock"):
        instance.private_file(settings.database_path)
        database = sqlite.at(settings.database_path)
        db.initialize(database)
        # The first switch to WAL does not wait for other writers, because SQLite
        # does not call its busy handler there: hence the lock around it.
        with connection():
            db.execute_sql("SELECT 1 FROM sqlite_master LIMIT 1")
    return database


def close_database() -> None:
    """Close all connections of this process. Harmless when nothing is open."""
    if db.obj is not None:
        db.close_all()


def on_postgresql() -> bool:
    """Whether the open database is PostgreSQL; SQLite otherwise."""
    return isinstance(db.obj, postgresql.Postgres)


def _open_server(settings: Settings) -> peewee.Database:
    database = postgresql.open_postgresql(settings.database, settings.instance)
    db.initialize(database)
    try:
        with database.connection_context():
            postgresql.check_server(database)
    except (peewee.DatabaseError, peewee.InterfaceError) as error:
        raise postgresql.refuse_connection(settings.database, error) from error
    return database


class _Waiting(threading.local):
    """What this thread has to do after its commit; None outside :func:`transaction`."""

    calls: list[Callable[[], object]] | None = None


_waiting = _Waiting()


_TOLD = database_errors()


class _Connection:
    """What peewee's ConnectionContext does, in fewer calls: most of what is asked takes less time
    than these."""

    __slots__ = ("_database",)

    def __enter__(self) -> None:
        self._database: Any = db.obj or db
        state = self._database._state
        if state.closed:
            with _TOLD:
                self._database.connect()
        state.ctx.append(self)

    def __exit__(self, *raised: Any) -> None:
        within = self._database._state.ctx
        within.pop()
        if not within:
            with _TOLD:
                self._database.close()
        _TOLD.__exit__(*raised)


class _Atomic:
    """What peewee's transaction does, in fewer calls; peewee knows of it."""

    __slots__ = ("_database",)

    def __enter__(self) -> None:
        self._database: Any = db.obj
        if self._database._state.transactions:
            raise RuntimeError(
                "peewee has begun a transaction here: it would be committed with ours"
            )
        self._database.begin()
        self._database._state.transactions.append(self)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        database = self._database
        database._state.transactions.pop()
        if kind is not None:
            database.rollback()
            return
        try:
            database.commit()
        except Exception:
            database.rollback()
            raise


def connection() -> AbstractContextManager[None]:
    """Use one pooled connection in this thread; may be nested.

    :raises Unavailable: ``storage.busy``, ``storage.full``, ``storage.failed``.
    """
    return _Connection()


@contextmanager
def transaction() -> Iterator[None]:
    """All or nothing: commits at the end, rolls back on any error.

    On SQLite it takes the write lock at once. On PostgreSQL several run at the same time, and what
    has to be alone says so: :func:`lock_rows`, :func:`exclusive`, or an UPDATE that names what it
    expects.

    Must be the outermost one: code that may run inside somebody else's transaction says
    :func:`require_transaction` instead, and what may fail alone uses :func:`savepoint`.

    :raises Unavailable: ``storage.busy`` (another process writes), ``storage.full``,
        ``storage.failed``; nothing was written then.
    """
    if in_transaction():
        raise RuntimeError("a transaction is already open here: use savepoint(), or just write")
    with connection():
        calls: list[Callable[[], object]] = []
        _waiting.calls = calls
        try:
            with _Atomic():
                if (ask := _before_writing.get()) is not None:
                    ask()
                yield
        finally:
            _waiting.calls = None
        for call in calls:
            _run(call)


_before_writing: ContextVar[Callable[[], None] | None] = ContextVar("before", default=None)


@contextmanager
def asked_before_writing(ask: Callable[[], None]) -> Iterator[None]:
    """Let each :func:`transaction` of this thread ask first; it writes nothing if that raises."""
    before = _before_writing.set(ask)
    try:
        yield
    finally:
        _before_writing.reset(before)


@contextmanager
def snapshot() -> Iterator[None]:
    """Read several times from one state of the database, while others go on writing.

    Keep it short: what is deleted meanwhile cannot be cleared away. Within a transaction it is
    that transaction's state.
    """
    with connection():
        if in_transaction():
            yield
            return
        there = on_postgresql()
        db.execute_sql("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY" if there else "BEGIN")
        try:
            yield
        finally:
            db.execute_sql("ROLLBACK")


class Part(Struct):
    """A part of a transaction. :ivar undone: whether it failed and left nothing behind."""

    undone: bool = False


@contextmanager
def savepoint() -> Iterator[Part]:
    """A part of the open transaction that may fail alone; its ``after_commit`` goes with it."""
    calls = _waiting.calls
    if calls is None:
        raise RuntimeError("savepoint() is for use inside transaction()")
    before = len(calls)
    # Not peewee's own, which makes up a new name, and so two new statements, each time. With one
    # name for all, the innermost is meant; therefore it is released after a rollback, too.
    part = Part()
    db.execute_sql("SAVEPOINT part")
    try:
        yield part
        db.execute_sql("RELEASE SAVEPOINT part")
    except BaseException:
        del calls[before:]
        db.execute_sql("ROLLBACK TO SAVEPOINT part")
        db.execute_sql("RELEASE SAVEPOINT part")
        part.undone = True
        raise


def in_transaction() -> bool:
    """Whether this thread is inside :func:`transaction`."""
    return _waiting.calls is not None


def require_transaction(what: str) -> None:
    """Refuse (RuntimeError, a defect) to do ``what`` outside a transaction."""
    if not in_transaction():
        raise RuntimeError(f"{what} belongs into the caller's transaction()")


def exclusive(name: str) -> None:
    """Let nobody else do what has this name, in any process, until the transaction ends.

    For what reads and then writes what it read about, where no one row can be held: the first
    number of a series, the next position of the log. On SQLite the transaction itself does it.

    :raises Unavailable: ``storage.busy`` when another one takes too long.
    """
    require_transaction("exclusive")
    if on_postgresql():
        db.execute_sql("SELECT pg_advisory_xact_lock(%s)", (postgresql.number_of(name),))


def lock_rows(model: type[peewee.Model], where: peewee.Expression, *, shared: bool = False) -> None:
    """Hold rows until the transaction ends: others who want to hold or change them wait.

    What is read of them afterwards is what the one before has left. On SQLite the transaction
    itself does it.

    :param shared: several may hold them at the same time, so that nobody changes them meanwhile.

    :raises Unavailable: ``storage.busy`` when another one takes too long.
    """
    require_transaction("lock_rows")
    if on_postgresql():
        # Not FOR UPDATE, which would also stop rows that only refer to these.
        strength = "FOR SHARE" if shared else "FOR NO KEY UPDATE"
        one: Any = model.select(peewee.SQL("1")).where(where)
        list(one.for_update(strength).tuples())


def after_commit(call: Callable[[], object]) -> None:
    """Do something once the outermost transaction is committed; never if it is rolled back.

    For waking and notifying, not for anything that must happen: the process may die in between.
    An error in it, SystemExit among them, is logged and hurts nobody: the commit is done, and who
    shares it is somebody else. Outside a transaction it runs at once.
    """
    if _waiting.calls is None:
        _run(call)
    else:
        _waiting.calls.append(call)


def will_follow(call: Callable[[], object]) -> bool:
    """Whether this is to be done after the commit of the running transaction, as things stand:
    what was asked for in a savepoint that failed is not."""
    return _waiting.calls is not None and call in _waiting.calls


def execute_many(statement: str, rows: Iterable[Sequence[object]]) -> None:
    """Run one SQL statement for many rows, with the errors that peewee gives.

    :param statement: with ``?`` for each value.
    """
    with _peewee_errors:
        db.cursor().executemany(statement.replace("?", db.param), rows)


def _run(call: Callable[[], object]) -> None:
    try:
        call()
    except KeyboardInterrupt:
        raise  # the person at the terminal, not the call
    except BaseException:
        log.exception("what was to follow a commit failed: %r", call)
