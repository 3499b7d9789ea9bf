"""Calls that may hang: made in a thread beside, so that who asks goes on in time whatever they do.

A thread that has answered waits for the next call, because to start one costs more than most
answers do, and on a busy machine much more. One that hangs is left behind and never asked again.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

IDLE = 2.0
"""Seconds without a call after which a thread ends."""


def within(seconds: float, call: Callable[[], Any]) -> Any:
    """The answer of a call, or what it raises; it sees the context variables of who asks.

    :raises TimeoutError: there was none in time. The call may go on, and nobody hears of it.
    """
    with _lock:
        thread = _idle.pop() if _idle else None
    return (thread or _Thread()).answer(seconds, call)


class _Thread:
    """A thread that makes one call after the other."""

    def __init__(self) -> None:
        self._calls: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._answers: SimpleQueue[tuple[Any, BaseException | None]] = SimpleQueue()
        threading.Thread(target=self._work, name="juyan-aside", daemon=True).start()

    def answer(self, seconds: float, call: Callable[[], Any]) -> Any:
        self._calls.put(partial(copy_context().run, call))
        try:
            value, error = self._answers.get(timeout=seconds)
        except Empty:
            self._calls.put(None)  # should it ever come to an end
            raise TimeoutError(f"no answer within {seconds:g} s") from None
        with _lock:
            _idle.append(self)
        if error is not None:
            raise error
        return value

    def _work(self) -> None:
        while (call := self._next()) is not None:
            try:
                self._answers.put((call(), None))
            except BaseException as error:
                self._answers.put((None, error))

    def _next(self) -> Callable[[], Any] | None:
        try:
            return self._calls.get(timeout=IDLE)
        except Empty:
            with _lock:
                if self in _idle:
                    _idle.remove(self)
                    return None
        return self._calls.get()  # somebody took it at this very moment


_lock = threading.Lock()
_idle: list[_Thread] = []


def _forget() -> None:
    """In a forked process, which has none of the threads."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()


os.register_at_fork(after_in_child=_forget)
