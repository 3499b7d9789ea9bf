"""Which act is being performed, for what its body writes beside it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_current: ContextVar[str] = ContextVar("act")


@contextmanager
def acting(uid: str) -> Iterator[None]:
    """Set by the gate around the body of an act."""
    token = _current.set(uid)
    try:
        yield
    finally:
        _current.reset(token)


def this_act() -> str:
    """The uid of the act whose body is running; LookupError outside one, which is a defect."""
    return _current.get()
