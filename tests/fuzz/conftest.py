"""An office in which every kind of page has something to show, copied for each test."""

from __future__ import annotations

import pytest

from kernel.node import open_node
from kernel.settings import Settings
from kernel.testing_office import Offices
from tests.web.canaries import fill


@pytest.fixture(scope="session")
def _offices(_offices: Offices, tmp_path_factory: pytest.TempPathFactory) -> Offices:
    """The small office of ``kernel.testing`` after two organs worked in it."""
    return Offices(tmp_path_factory.mktemp("fuzz"), _offices, _fill)


def _fill(settings: Settings) -> None:
    with open_node(settings):
        fill()
