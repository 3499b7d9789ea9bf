"""The gallery served, and a real browser to look at it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from kernel import testing_parts
from tests.portal.node import ARGS
from tests.portal_face.serve import serving


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serving() as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        chromium = play.chromium.launch(executable_path=testing_parts.find("chromium"), args=ARGS)
        yield chromium
        chromium.close()
