"""The fixtures of the plugins' tests."""

from __future__ import annotations

import pytest

from kernel.testing_office import Office
from tests.plugins.people import Flow


@pytest.fixture
def flow(office: Office) -> Flow:
    """``flow.to("sign")``: a document at that step."""
    return Flow(office)
