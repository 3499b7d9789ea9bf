"""One demo node and one browser for the tests of this folder."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from kernel.testing_databases import Databases
from tests.portal.driver import Driver
from tests.portal.node import Place, chromium, office, pictures_folder


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Draw traces in Python's own manner, because pytest breaks on those of playwright here."""
    options: Any = item.config.option
    before, options.tbstyle = options.tbstyle, "native"
    try:
        return (yield)
    finally:
        options.tbstyle = before


@pytest.fixture(scope="session")
def place(
    lasting_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Place]:
    """The node."""
    folder = tmp_path_factory.mktemp("portal") / "node"
    with office(folder, lasting_databases.create()) as running:
        yield running


# For each module, because two of playwright's loops do not live in one thread.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser."""
    with chromium() as running:
        yield running


@pytest.fixture
def driver(place: Place, browser: Browser) -> Iterator[Driver]:
    """People at the node; at the end nothing may stand in any console."""
    people = Driver(place, browser, pictures_folder())
    yield people
    people.close()
    people.check()
