"""Which act is being performed, for what its body writes beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime

from kernel.crypto.ids import now

_current: ContextVar[tuple[str, datetime]] = ContextVar("act")
_cause: ContextVar[str] = ContextVar("cause", default="")


@contextmanager
def acting(uid: str, at: datetime | None = None) -> Iterator[None]:
    """Set by the gate around the body of an act. :param at: its time; now unless given."""
    token = _current.set((uid, at or now()))
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def following(uid: str) -> Iterator[None]:
    """Set by a handler that does what follows from an act, for those who are told of it."""
    token = _cause.set(uid)
    try:
        yield
    finally:
        _cause.reset(token)


def act_if_any() -> str:
    """The uid of the act whose body is running, or of the one that a handler follows; or empty."""
    running = _current.get(None)
    return _cause.get() if running is None else running[0]


def this_act() -> str:
    """The uid of the act whose body is running; LookupError outside one, which is a defect."""
    return _current.get()[0]


def this_moment() -> datetime:
    """The time of that act: what its body writes as the time of what it did; the log proves it."""
    return _current.get()[1]
