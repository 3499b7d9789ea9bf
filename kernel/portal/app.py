"""The ASGI application: routes of the kernel and of the plugins, gates, headers and errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Mount, Route, compile_path

from kernel.errors import NotSignedIn, OfficeError
from kernel.portal.admission import BUSY, busy_answer
from kernel.portal.ctx import renderer
from kernel.portal.guarding import Caught, Headers, Logged, OwnHost, PluginGate, SameOrigin
from kernel.portal.house_pages import ROUTES
from kernel.portal.refusals import refusal, way_in
from kernel.portal.routing import PageRoute, too_large
from kernel.portal.urls import Urls, path_of
from kernel.work import workshop

HARD_LIMIT = 256 * 1024 * 1024
"""Bytes of one request that are read at all; forms may have far less (``routing``)."""


def names_of(plugin_routes: Mapping[str, Sequence[Route]]) -> Urls:
    """The table of named routes: ``home``, ``documents:out``."""
    own = [(route.name, route.path) for route in ROUTES]
    theirs = [
        (f"{name}:{route.name}", f"/{name}{route.path}")
        for name, routes in plugin_routes.items()
        for route in routes
    ]
    return Urls([*own, *theirs])


def register(plugin_routes: Mapping[str, Sequence[PageRoute]]) -> list[tuple[str, PageRoute]]:
    """Every page with its full path: the register that a test holds against what is expected."""
    own = [(route.path, route) for route in ROUTES]
    theirs = [
        (f"/{name}{route.path}", route)
        for name, routes in plugin_routes.items()
        for route in routes
    ]
    return [*own, *theirs]


def build_app(plugin_routes: Mapping[str, Sequence[PageRoute]]) -> Starlette:
    """The application for an open node. A plugin's pages stand behind its gate."""
    mounts = [
        Mount(
            f"/{name}",
            routes=list(routes),
            name=name,
            middleware=[Middleware(PluginGate, plugin=name)],
        )
        for name, routes in plugin_routes.items()
    ]
    # The name alone, as people type it; the mount itself begins with the slash after it.
    doors = [Route(f"/{name}", _door) for name in plugin_routes]
    fixed = [Route("/static/{path:path}", _static), Route("/health", _health)]
    app = Starlette(
        routes=[*fixed, *ROUTES, *doors, *mounts],
        middleware=[Middleware(one) for one in (Logged, Headers, Caught, OwnHost, SameOrigin)],
        exception_handlers={OfficeError: _refuse, HTTPException: _http},
        max_body_size=HARD_LIMIT,
    )
    app.router.redirect_slashes = False
    app.state.plugin_routes = plugin_routes
    return app


async def _static(request: Request) -> Response:
    return await run_in_threadpool(_asset, request)


def _asset(request: Request) -> Response:
    asset = renderer().assets.read(request.path_params["path"])
    if asset is None:
        return PlainTextResponse("not found", 404)
    data, headers = asset.sent(request.headers.get("accept-encoding", ""))
    return Response(data, media_type=asset.media_type, headers=headers)


async def _door(request: Request) -> Response:
    path, query = request.scope["path"], request.url.query
    return RedirectResponse(f"{path}/?{query}" if query else f"{path}/", status_code=307)


async def _health(request: Request) -> Response:
    return JSONResponse({"ok": True})


async def _refuse(request: Request, error: Exception) -> Response:
    assert isinstance(error, OfficeError)  # Starlette calls it for these only
    if error.code in (BUSY, workshop.BUSY):
        request.state.code = error.code
        return busy_answer(request, error)
    # A script that asks is told so in plain words; it could do nothing with the login page.
    asked = request.headers.get("accept", "")
    by_script = "text/event-stream" in asked or "application/json" in asked
    if isinstance(error, NotSignedIn) and request.method == "GET" and not by_script:
        return RedirectResponse(way_in(request), status_code=303)
    return await run_in_threadpool(refusal, request, error)


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # as above
    # A refused form stands at the address that it was sent to: who reloads that, or changes the
    # language there, gets the page above.
    if error.status_code == 405 and request.method == "GET" and (above := _page_above(request)):
        return RedirectResponse(above, status_code=303)
    return await run_in_threadpool(refusal, request, _as_office(error))


def _page_above(request: Request) -> str:
    """The nearest page of ours on the way up from an address that only takes forms."""
    shown = [
        compile_path(path)[0]
        for path, route in register(request.app.state.plugin_routes)
        if "GET" in (route.methods or ())
    ]
    parts = path_of(request.scope).split("/")
    above = ("/".join(parts[:end]) for end in range(len(parts) - 1, 1, -1))
    return next((path for path in above if any(one.match(path) for one in shown)), "")


def _as_office(error: HTTPException) -> OfficeError:
    if error.status_code == 413:
        return too_large()
    sentences: dict[int, tuple[str, str, str]] = {
        404: (
            "portal.not_found",
            "没有这个页面。请检查地址，或从工作台重新进入。",
            "There is no such page.",
        ),
        405: (
            "portal.method",
            "这个页面不能这样打开，请从列表重新进入。",
            "The page cannot be used that way.",
        ),
    }
    code, zh, en = sentences.get(
        error.status_code,
        ("portal.bad_request", "请求不完整，请返回上一页重试。", "The request was not complete."),
    )
    found = OfficeError(code, zh, en)
    found.status = error.status_code
    return found


def pages_of(answers: Mapping[str, Sequence[Any]]) -> dict[str, list[PageRoute]]:
    """Check what plugins registered as routes; a plain Route has no level and is refused."""
    checked: dict[str, list[PageRoute]] = {}
    for name, routes in answers.items():
        for route in routes:
            if not isinstance(route, PageRoute):
                raise ValueError(f"{name}: {route!r} is not made with page()")
        checked[name] = list(routes)
    return checked
