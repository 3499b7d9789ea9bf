"""The register of the kernel's pages names views that are there.

A view is imported when its page is first opened; whatever is wrong with one is found here.
"""

from __future__ import annotations

import inspect

from starlette.routing import PARAM_REGEX

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
