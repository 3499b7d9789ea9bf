"""The register of the kernel's pages names views that are there.

A view is imported when its page is first opened; whatever is wrong with one is found here.
"""

from __future__ import annotations

import inspect
import re

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import PARAM_REGEX, Match, Route

from kernel.portal.house_pages import ROUTES
from kernel.portal.routing import PageRoute, ViewIn


def view_of(route: PageRoute) -> ViewIn:
    assert isinstance(route.view, ViewIn)
    return route.view


def test_every_page_has_its_view_and_the_view_takes_what_the_address_says():
    for route in ROUTES:
        taken = inspect.signature(view_of(route).function).parameters
        wanted = {name for name, _ in PARAM_REGEX.findall(route.path)}
        given = {name for name, one in taken.items() if one.default is one.empty}
        assert given == {"ctx", *wanted}, route.path


async def nothing(request: Request) -> Response:
    return Response()


def plain(route: PageRoute) -> Route:
    """The same page as Starlette's own route."""
    return Route(route.path, nothing, name=route.name, methods=sorted(route.methods))


def test_a_page_is_all_that_a_route_is():
    """PageRoute sets by itself what Route sets: with another Starlette that may be more."""
    for route in ROUTES:
        other = plain(route)
        for name in vars(other):
            here, there = getattr(route, name), getattr(other, name)
            assert here == there or name in ("app", "endpoint"), (route.path, name)


def test_a_page_is_found_where_a_route_would_be():
    asked = {re.sub(r"{[^}]*}", filled, route.path) for route in ROUTES for filled in FILLED}
    asked |= {path + more for path in asked for more in ("/", "/x", "x", "?")} | {"", "//"}
    for route in ROUTES:
        other, found = plain(route), 0
        for path in sorted(asked):
            for root, method in (("", "GET"), ("/documents", "POST")):
                scope = {"type": "http", "path": root + path, "root_path": root, "method": method}
                here, there = route.matches(dict(scope)), other.matches(dict(scope))
                assert here[0] == there[0], (route.path, path)
                assert here[1].get("path_params") == there[1].get("path_params")
                found += here[0] is not Match.NONE
        assert found


FILLED = ("7", "01a2-b3", "a b", "", "令")
