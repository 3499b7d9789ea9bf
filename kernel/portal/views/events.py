"""The stream of events of a page: the bell, the receipts that it shows, the end of the session.

``GET /events?since=<event id>&desk=<mark>&package=<uid>`` answers a browser's ``EventSource`` with:

``bell``   how many are unread; how many are new and may come up on the screen, in words
``watch``  the receipts of the package have changed
``beat``   nothing, so that a page knows that its stream lives
``bye``    it is over, with why: ``session`` (sign in again), ``desk`` (the person went to another
           one, in another window), ``later`` (come again)

Whoever does not ask for a stream gets how things stand, once: the way of a page that was cut off.
Nothing in it names an object, a person or a unit.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from kernel.errors import Unavailable
from kernel.exchange.models import Package
from kernel.portal.admission import busy_answer
from kernel.portal.ctx import Ctx
from kernel.portal.form_tokens import mark_of
from kernel.portal.i18n import _, speaking
from kernel.portal.live import Look, Seat, State, Stream, hub, look, read_state


class EventStream(Response):
    """An answer that goes on; it has its place in the hub for as long as somebody reads it."""

    def __init__(self, seat: Seat, state: State | None, language: str) -> None:
        super().__init__()
        self._seat, self._state, self._language = seat, state, language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream until it is over, or refuse where there are too many."""
        try:
            async with hub.place(self._seat, self._state) as stream:
                answer = StreamingResponse(
                    self._events(stream),
                    media_type="text/event-stream",
                    # A proxy that collects answers would hold the stream back.
                    headers={"cache-control": "no-store, no-transform", "x-accel-buffering": "no"},
                )
                await answer(scope, receive, send)
        except Unavailable:
            await busy_answer(Request(scope))(scope, receive, send)

    async def _events(self, stream: Stream) -> AsyncIterator[str]:
        end = asyncio.get_running_loop().time() + hub.life
        watched = self._state.watched if self._state is not None else -1
        yield "retry: 3000\n\n"
        while hub.going() and asyncio.get_running_loop().time() < end:
            found = await stream.next(hub.beat)
            if found is None:
                yield _event("beat", {})
                continue
            if found.over:
                yield _event("bye", {"why": "desk" if found.moved else "session"})
                return
            if not hub.going():
                break
            with speaking(self._language):
                yield _event("bell", told(found), found.state.id)
            if self._seat.package and found.state.watched != watched:
                yield _event("watch", {})
            watched = found.state.watched
        yield _event("bye", {"why": "later"})


def _event(name: str, data: dict[str, Any], ident: str = "") -> str:
    text = json.dumps(data, ensure_ascii=False)
    return f"event: {name}\n{f'id: {ident}' + chr(10) if ident else ''}data: {text}\n\n"


def told(found: Look) -> dict[str, Any]:
    """What the bell shows and says; the words name nothing that somebody else should not read."""
    pop = ""
    if found.urgent:
        pop = _("您有特急事项，请尽快查看。")
    elif found.news:
        pop = _("您有 %(n)s 条新消息。", n=found.news)
    unread = found.state.unread
    return {
        "unread": unread,
        "label": _("消息，%(n)s 条未读", n=unread),
        "pop": pop,
        "sound": found.sound,
    }


def events(ctx: Ctx) -> Response:
    """What changes on an open page, as it comes; once where no stream is asked for."""
    desk, uid = ctx.desk, ctx.query.get("package", "")
    if uid:
        uid = str(ctx.get(Package, uid).uid)  # another organ's is not found
    seat = Seat(desk.session, desk.person.uid, desk.post.uid, desk.organ_code, uid)
    since = ctx.request.headers.get("last-event-id") or ctx.query.get("since", "")
    # Only a script that reads streams gets one: anybody else would wait for ever.
    streams = "text/event-stream" in ctx.request.headers.get("accept", "")
    if ctx.query.get("desk", "") not in ("", mark_of(desk)):
        bye = {"why": "desk"}
        if streams:
            return Response(_event("bye", bye), media_type="text/event-stream")
        return JSONResponse(bye, 409)
    if not streams:
        (found,) = look([(seat, read_state(since))])
        with speaking(ctx.language):
            return JSONResponse({**told(found), "id": found.state.id})
    return EventStream(seat, read_state(since), ctx.language)
