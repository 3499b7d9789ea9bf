"""Group commit: what waits is written in one transaction, so that it waits for the disk once.

A commit waits for the disk longer than its work takes, and on SQLite every other writer waits with
it. So a loop hands in all that it has (:func:`together`), and threads that want to write while
another one does are written together by the next of them (:func:`in_turn`). Each piece has a
savepoint of its own: one that fails leaves the others alone, and whatever it raised, an exit of the
process among it, is raised to who handed it in and to nobody else. Nobody hears of any of them
before the commit; when the process or the power dies before that, none of them was done.

Nothing is delayed for it: a group is what came while the one before was written.

On PostgreSQL threads do not wait for each other's commits, and the server takes the commits of
several connections to the disk at once by itself; so :func:`in_turn` is a plain transaction there.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextvars import Context, copy_context
from typing import Generic, TypeVar

from msgspec import Struct, field

from kernel.storage.database import in_transaction, on_postgresql, savepoint, transaction
from kernel.storage.faults import busy, database_errors
from kernel.storage.instance import crash_point

T = TypeVar("T")
MOST = 256
"""So many in one transaction at most, because others wait for it."""


class Piece(Struct, Generic[T]):
    """Something to be written, and how that ended.

    :ivar error: what it raised, or why the whole group was not written; None where it is done.
    :ivar context: the context variables of who handed it in.
    """

    call: Callable[[], T]
    context: Context = field(default_factory=copy_context)
    value: T | None = None
    error: BaseException | None = None
    over: bool = False

    def result(self) -> T:
        """What it returned; raises what it raised."""
        if self.error is not None:
            raise self.error
        return self.value  # type: ignore[return-value]  # it is over, and not by an error

    def write_alone(self) -> None:
        """Do it in a transaction of its own; an error is kept."""
        try:
            with transaction():
                self.value = self.context.run(self.call)
        except BaseException as error:
            if _stops_this_thread(error):
                raise
            self.error = error

    def write(self) -> None:
        """Do it, in a savepoint; an error is kept, and only this piece is undone.

        :raises Exception: where the database could not undo it alone: all of the group is lost.
        """
        part = None
        try:
            with database_errors(), savepoint() as part:
                self.value = self.context.run(self.call)
        except BaseException as error:
            if part is None or not part.undone or _stops_this_thread(error):
                raise
            self.error = error


def _stops_this_thread(error: BaseException) -> bool:
    """Whether it is Ctrl-C, which comes to the main thread whosever piece is in hand there."""
    here = threading.current_thread() is threading.main_thread()
    return here and isinstance(error, KeyboardInterrupt)


def together(calls: Sequence[Callable[[], T]]) -> list[Piece[T]]:
    """Write all of these in one transaction, and tell how each one ended.

    :raises OfficeError: nothing was written of several (``storage.busy``, ``storage.full``, …).
    """
    pieces = [Piece(call) for call in calls]
    for first in range(0, len(pieces), MOST):
        _write(pieces[first : first + MOST])
    return pieces


def _write(pieces: Sequence[Piece[T]]) -> None:
    if len(pieces) == 1:
        pieces[0].write_alone()
        return
    with transaction():
        for piece in pieces:
            piece.write()
        crash_point("storage.group")


_coming = threading.Lock()
_writing = threading.Lock()
_waiting: list[Piece[object]] = []


def in_turn(call: Callable[[], T]) -> T:
    """Do this in a transaction that other threads of this process may share; gives its result.

    It may run in the thread of one of the others: with the context variables of this one, and on
    another connection.
    """
    if on_postgresql() or in_transaction():
        with transaction():
            return call()
    piece = Piece(call)
    with _coming:
        _waiting.append(piece)  # type: ignore[arg-type]  # each is given its own back
    with _writing:
        while not piece.over:
            with _coming:
                group = _waiting[:MOST]
                del _waiting[:MOST]
            _lead(group)
    return piece.result()


def _lead(group: Sequence[Piece[object]]) -> None:
    try:
        _write(group)
    except BaseException as error:
        # What stopped this thread alone (Ctrl-C) is for the others a writer that went away.
        lost = error if isinstance(error, Exception) else busy()
        for piece in group:
            piece.error = lost
        if not isinstance(error, Exception):
            raise
    finally:
        for piece in group:
            piece.over = True
