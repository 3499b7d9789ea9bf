"""The office in which the notice was sent once, as for the exchange; and that of the fault runs."""

from collections.abc import Iterator

import pytest

from tests.exchange.conftest import _offices
from tests.faults.bench import Bench, bench

__all__ = ["_offices"]


@pytest.fixture(scope="session")
def place() -> Iterator[Bench]:
    """An office that is copied for each round."""
    with bench() as made:
        yield made
