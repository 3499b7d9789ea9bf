"""What stands before the pages: security headers, the same-origin rule, the gate of each plugin.

Pure ASGI; nothing here touches the database on the event loop.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers as RequestHeaders
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kernel.errors import NotFound, Refused
from kernel.plugins.switches import switchboard
from kernel.portal.ctx import open_ctx
from kernel.portal.refusals import refusal
from kernel.storage.database import connection

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    "frame-ancestors 'none'"
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Headers:
    """Adds the security headers to every answer; pages are never cached."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sending(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.setdefault("content-security-policy", CSP)
                headers.setdefault("x-content-type-options", "nosniff")
                headers.setdefault("referrer-policy", "same-origin")
                headers.setdefault("cross-origin-opener-policy", "same-origin")
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self.app(scope, receive, sending)


def same_origin(headers: RequestHeaders) -> bool:
    """Whether a request that changes something came from our own pages.

    Browsers say so in Sec-Fetch-Site; older ones send Origin; programs send neither and have no
    cookie of a browser either.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


class SameOrigin:
    """Refuses unsafe methods from other sites."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if (
            scope["type"] != "http"
            or scope["method"] in _SAFE
            or same_origin(RequestHeaders(scope=scope))
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
        closed = await run_in_threadpool(self._closed, Request(scope))
        if closed is None:
            await self.app(scope, receive, send)
            return
        response = await run_in_threadpool(refusal, Request(scope), closed)
        await response(scope, receive, send)

    def _closed(self, request: Request) -> NotFound | None:
        with connection():
            desk = open_ctx(request).desk_or_none
            if desk is None or self.plugin in switchboard().effective(desk.organ_code):
                return None
            why = switchboard().why(self.plugin, desk.organ_code)
            return NotFound(f"plugins.{why.code}", why.zh, why.en)
