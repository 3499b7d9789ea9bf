"""Answers that are worked out once: pure questions about things that cannot change.

A certificate is asked about with every package, and hashing its bytes to look the answer up costs
more than the answer. So certificates, lists and what is :func:`told_apart` are known by their
identity; the object is kept beside the answer, and its identity cannot pass to another one.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import cache, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

from kernel.crypto.deferred import x509

LONGEST, MOST = 1 << 13, 32
"""Longer bytes and longer tuples are not kept: it was somebody else who chose their size."""
_AS_OBJECTS: set[type] = set()
_SIZED = (bytes, str)
C = TypeVar("C", bound=type)
P = ParamSpec("P")
R = TypeVar("R")


@cache
def _certificates() -> tuple[type, type]:
    return x509.Certificate, x509.CertificateRevocationList


def told_apart(cls: C) -> C:
    """Decorate a class whose objects never change, so that something can be remembered of each."""
    _AS_OBJECTS.add(cls)
    return cls


class Remembered(Generic[P, R]):
    """A function that answers the same question once; the oldest answers are forgotten first.

    For certificates, CRLs, what is :func:`told_apart`, bytes, texts, tuples of them. A refusal is
    not remembered, nor what is asked about very much.
    """

    def __init__(self, function: Callable[P, R], size: int) -> None:
        self._function, self._size = function, size
        self._known: dict[tuple[Any, ...], tuple[R, Any]] = {}
        self._lock = threading.Lock()
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        if kwargs:
            raise TypeError("what is remembered is asked by position")
        key = _keys(args)
        if key is None:
            return self._function(*args, **kwargs)
        known = self._known.get(key)
        if known is None:
            known = self._function(*args, **kwargs), args
            with self._lock:
                while len(self._known) >= self._size:
                    del self._known[next(iter(self._known))]
                self._known[key] = known
        return known[0]


def remembered(size: int) -> Callable[[Callable[P, R]], Remembered[P, R]]:
    """Decorate a pure function of positional arguments; so many answers are kept."""
    return lambda function: Remembered(function, size)


def _keys(things: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What tells these from others; None where they are not to be kept."""
    found: list[Any] = []
    for one in things:
        kind = type(one)
        if kind in _AS_OBJECTS:
            found.append(id(one))
        elif kind is tuple:
            inner = _keys(one) if len(one) <= MOST else None
            if inner is None:
                return None
            found.append(inner)
        elif kind in _SIZED and len(one) > LONGEST:
            return None
        elif kind not in _SIZED and kind in _certificates():
            found.append(id(one))
        else:
            found.append(one)
    return tuple(found)
