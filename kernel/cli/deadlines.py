"""Connections with deadlines: nobody holds one open by sending slowly, or by not reading.

uvicorn waits for ever for a request's head, for its body and for a client that does not take the
answer (Kludex/uvicorn#157); this protocol is put in its place by :func:`kernel.cli.running.serve`.
"""

from __future__ import annotations

import asyncio
import resource
from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

RESERVE = 256
"""Descriptors that are not for connections: database, blobs, workshop, signer, log."""


class DeadlineProtocol(HttpToolsProtocol):
    """One connection. The figures are attributes, so that a test need not wait for minutes."""

    HEAD_SECONDS: ClassVar[float] = 10.0
    """From the connection, or the first byte of a request, to the end of its head."""
    HEAD_BYTES: ClassVar[int] = 64 * 1024
    BODY_SECONDS: ClassVar[float] = 5.0
    """How often a body is looked at; in each such time it has to bring ``BODY_BYTES``."""
    BODY_BYTES: ClassVar[int] = 2048
    TAKE_SECONDS: ClassVar[float] = 60.0
    """How long a client may leave its answer lying before it reads on."""
    PER_SOURCE: ClassVar[int] = 2000
    """Connections of one address: many, because a whole county may come through one."""
    ALL: ClassVar[int] = 8000
    open: ClassVar[Counter[str]] = Counter()

    def __init__(self, *args: Any, **kw: Any) -> None:
        super().__init__(*args, **kw)
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._in_head, self._head, self._body = True, 0, 0
        self._source = ""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn itself
        """Count it; drop it where there are too many."""
        super().connection_made(transport)
        self._source = self.client[0] if self.client else ""
        self.open[self._source] += 1
        self._arm("head", self.HEAD_SECONDS, self.transport.abort)
        if self.open[self._source] > self.PER_SOURCE or len(self.connections) > self.ALL:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        super().connection_lost(exc)
        self.open[self._source] -= 1
        if not self.open[self._source]:
            del self.open[self._source]
        for name in list(self._timers):
            self._disarm(name)

    def data_received(self, data: bytes) -> None:
        """Parse on; what is still head after it counts against the head's size."""
        self._head += len(data)
        self._body += len(data)
        super().data_received(data)
        if self.transport.is_closing():
            return
        if self._in_head and self._head > self.HEAD_BYTES:
            self.send_400_response("The head of the request is too large.")
        # Line breaks between two requests end uvicorn's own wait for the next one.
        idle = self.cycle is None or self.cycle.response_complete
        if idle and not self._timers and self.timeout_keep_alive_task is None:
            self._arm("head", self.HEAD_SECONDS, self.transport.abort)

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        self._in_head, self._head = True, 0
        if "head" not in self._timers:
            self._arm("head", self.HEAD_SECONDS, self.transport.abort)

    def on_headers_complete(self) -> None:
        """Its head is there; from now on its body has to come at some speed."""
        self._in_head = False
        self._disarm("head")
        super().on_headers_complete()
        self._body = self.BODY_BYTES
        self._look()

    def on_message_complete(self) -> None:
        """All of it is there."""
        self._disarm("body")
        super().on_message_complete()

    def _look(self) -> None:
        # While we ourselves are not reading, the client is not slow.
        if self._body < self.BODY_BYTES and not self.flow.read_paused:
            self.transport.abort()
            return
        self._body = 0
        self._arm("body", self.BODY_SECONDS, self._look)

    def pause_writing(self) -> None:
        """The client does not take its answer: for how long?"""
        super().pause_writing()
        self._arm("take", self.TAKE_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It does."""
        super().resume_writing()
        self._disarm("take")

    def _arm(self, name: str, seconds: float, then: Callable[[], object]) -> None:
        self._disarm(name)
        self._timers[name] = self.loop.call_later(seconds, self._ring, name, then)

    def _ring(self, name: str, then: Callable[[], object]) -> None:
        self._timers.pop(name, None)
        then()

    def _disarm(self, name: str) -> None:
        timer = self._timers.pop(name, None)
        if timer is not None:
            timer.cancel()


def enough_descriptors() -> int:
    """Raise the soft limit of open files as far as allowed, and say how many connections fit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DeadlineProtocol.ALL + RESERVE
    if soft < wanted:
        soft = wanted if hard == resource.RLIM_INFINITY else min(hard, wanted)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return min(DeadlineProtocol.ALL, soft - RESERVE)
