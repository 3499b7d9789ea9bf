"""An office with two organs full of canary words, copied for each test of this folder."""

from __future__ import annotations

import pytest

from kernel.testing_office import Offices, shared_folder
from tests.web.canaries import offices


@pytest.fixture(scope="session")
def _offices(tmp_path_factory: pytest.TempPathFactory) -> Offices:
    """Two organs worked in it."""
    return offices(shared_folder(tmp_path_factory, "canaries"))
