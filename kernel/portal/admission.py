"""Bounded admission: so many pages are worked on, so many wait a moment, the others come again.

Without it everybody waits for everybody when there is too much; with it most are served as always
and the rest are told at once. A form is read to its end before it asks to be let in, so that slow
senders wait in their own time. Nothing here touches the database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from weakref import WeakKeyDictionary

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from kernel.errors import OfficeError, Unavailable

BUSY = "portal.busy"
RETRY = 2
"""Seconds after which it is worth trying again."""
_ZH = "现在办理的人较多，请稍等几秒后重试。您填写的内容仍在上一页。"
_EN = (
    "Many people are working at this moment; please try again in a few seconds. "
    "What you entered is still on the previous page."
)


class Admission:
    """The door to the worker threads.

    :param running: pages worked on at a time; below the 40 threads of the server, so that style
        sheets and refusals always find one.
    :param waiting: how many may wait.
    :param patience: seconds that they wait at most.
    """

    def __init__(self, running: int = 24, waiting: int = 96, patience: float = 2.0) -> None:
        self.running, self.waiting, self.patience = running, waiting, patience
        self._doors: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore]
        self._doors = WeakKeyDictionary()
        self._queue = 0

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """A place among the running; ``portal.busy`` where none becomes free in time."""
        door = self._doors.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self.running))
        await self._enter(door)
        try:
            yield
        finally:
            door.release()

    async def _enter(self, door: asyncio.Semaphore) -> None:
        if not door.locked():
            await door.acquire()
            return
        if self._queue >= self.waiting:
            raise busy()
        self._queue += 1
        try:
            async with asyncio.timeout(self.patience):
                await door.acquire()
        except TimeoutError:
            raise busy() from None
        finally:
            self._queue -= 1


admission = Admission()


async def admitted(work: Callable[..., Any], *args: Any) -> Any:
    """Run a function in a worker thread once there is a place for it."""
    async with admission.slot():
        return await run_in_threadpool(work, *args)


def busy() -> Unavailable:
    """The refusal of what came when there was too much."""
    return Unavailable(BUSY, _ZH, _EN)


def busy_answer(request: Request, error: OfficeError | None = None) -> Response:
    """The page that says so: a few fixed words, because there is no place for more.

    :param error: what is busy, where it is not the door.
    """
    said = error or busy()
    headers = {"retry-after": str(RETRY)}
    if "application/json" in request.headers.get("accept", ""):
        return JSONResponse({"code": said.code, "message": said.zh, "incident": ""}, 503, headers)
    html = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>请稍候 Please wait</title>'
        f'<h1>请稍候</h1><p>{said.zh}</p><p lang="en">{said.en}</p><p>503 · {said.code}</p>'
    )
    return HTMLResponse(html, 503, headers)
