"""An office in which every kind of page has something to show, copied for each test."""

from __future__ import annotations

import pytest

from kernel.testing_office import Offices, shared_folder
from tests.web.canaries import offices


@pytest.fixture(scope="session")
def _offices(tmp_path_factory: pytest.TempPathFactory) -> Offices:
    """Two organs worked in it."""
    return offices(shared_folder(tmp_path_factory, "canaries"))
