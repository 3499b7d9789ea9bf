"""What stands before the pages: headers, the host, the same-origin rule, plugin gates.

Pure ASGI; nothing here touches the database on the event loop.
"""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers as RequestHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel.errors import NotFound, Refused
from kernel.plugins.switches import switchboard
from kernel.portal import origin
from kernel.portal.admission import admitted
from kernel.portal.ctx import open_ctx
from kernel.portal.refusals import defect, refusal
from kernel.storage.database import connection
from kernel.work import logs

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
PERMISSIONS = ", ".join(
    [
        *(f"{one}=()" for one in ("camera", "geolocation", "microphone", "payment", "usb")),
        # "create" is for our own pages only by default; Chromium 109 complains of the name.
        "publickey-credentials-get=(self)",
    ]
)
FIXED = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": PERMISSIONS,
    "cache-control": "no-store",
}
HSTS = "max-age=31536000"
_FIXED = tuple((name.encode(), value.encode()) for name, value in FIXED.items())
_HSTS = (b"strict-transport-security", HSTS.encode())
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_ANY_HOST = ("/health", "/static/")
"""What is the same for everybody: a load balancer asks by address."""


class Logged:
    """Writes one line for each request: route, answer, time, who; no address and no content."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith(_ANY_HOST):
            await self.app(scope, receive, send)
            return
        state, status, begun = scope.setdefault("state", {}), [500], monotonic()

        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                status[0] = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, sending)
        finally:
            said = _said(state) | {"method": scope["method"], "status": status[0]}
            logs.event("request", **said, ms=round((monotonic() - begun) * 1000))


def _said(state: Mapping[str, Any]) -> dict[str, Any]:
    said: dict[str, Any] = {
        name: state[name] for name in ("route", "code", "incident") if name in state
    }
    desk = state["ctx"].desk_or_none if "ctx" in state else None
    if desk is not None:
        said |= {"person": desk.person.uid, "organ": desk.organ_code}
    return said


class Headers:
    """Adds the security headers to every answer; pages are never cached."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = list(message.get("headers", ()))
                there = {name.lower() for name, _value in headers}
                ours = (*_FIXED, _HSTS) if origin.secure() else _FIXED
                headers += [pair for pair in ours if pair[0] not in there]
                message["headers"] = headers
            await send(message)

        await self.app(scope, receive, sending)


class Caught:
    """Answers a defect with its calm page, here and not outside, so that it has the headers, too.

    The error goes on to the server, which closes the connection, and to whoever tests.
    """

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = False

        async def sending(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, sending)
        except ClientDisconnect:
            return  # nobody is there any more to be answered
        except Exception as error:
            if not started:
                response = await run_in_threadpool(defect, Request(scope), error)
                await response(scope, receive, send)
            raise


class OwnHost:
    """Answers to the names of this portal only, in a few plain words that cost nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        host = RequestHeaders(scope=scope).get("host", "")
        if origin.host_allowed(host) or scope["path"].startswith(_ANY_HOST):
            await self.app(scope, receive, send)
            return
        words = (
            f"本平台的地址是 {origin.settings().public_origin}，请用该地址访问。"
            "如要增加其他域名，请在 settings.toml 的 hosts 中填写。\n"
            f"The portal is at {origin.settings().public_origin}. More names of it go into hosts "
            "in settings.toml.\n"
        )
        await PlainTextResponse(words, 421)(scope, receive, send)


class SameOrigin:
    """Refuses unsafe methods from other sites."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] in _SAFE
            or origin.same_origin(RequestHeaders(scope=scope))
        ):
            await self.app(scope, receive, send)
            return
        error = Refused(
            "portal.cross_site",
            "这个请求来自其他网站，已拒绝。请在本平台页面内操作。",
            "It came from another site and was refused. Please work in the portal itself.",
        )
        response = await run_in_threadpool(refusal, Request(scope), error)
        await response(scope, receive, send)


class PluginGate:
    """Closes all pages of a plugin for organs that have it off: 404, with the reason."""

    def __init__(self, app: ASGIApp, plugin: str) -> None:
        self.app = app
        self.plugin = plugin

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        closed = await admitted(self._closed, Request(scope))
        if closed is None:
            await self.app(scope, receive, send)
            return
        response = await run_in_threadpool(refusal, Request(scope), closed)
        await response(scope, receive, send)

    def _closed(self, request: Request) -> NotFound | None:
        with connection():
            desk = open_ctx(request).desk_or_none
            if desk is None or switchboard().works(self.plugin, desk.organ_code):
                return None
            return NotFound(*switchboard().closed(self.plugin, desk.organ_code))
