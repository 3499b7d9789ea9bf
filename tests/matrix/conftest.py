"""A node of the tests' own size with the scene of the matrix, and a browser."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pytest
from playwright.sync_api import Browser

from kernel.testing_databases import Databases
from kernel.testing_office import Offices
from tests.matrix.scene import opened
from tests.portal.conftest import pytest_runtest_makereport
from tests.portal.node import Place, chromium

__all__ = ["pytest_runtest_makereport"]


@dataclass(frozen=True)
class Scene:
    """A running office, and what the addresses of its screens need."""

    place: Place
    facts: Mapping[str, str]


@pytest.fixture(scope="module")
def scene(
    _offices: Offices, lasting_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Scene]:
    """The office, served."""
    folder = tmp_path_factory.mktemp("matrix") / "node"
    _offices.copy(lasting_databases, folder)
    with opened(folder) as (place, facts):
        yield Scene(place, facts)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The browser."""
    with chromium() as running:
        yield running
