"""One warm workshop for all these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kernel.work.workshop import Workshop


@pytest.fixture(scope="session")
def workshop() -> Iterator[Workshop]:
    shop = Workshop()
    yield shop
    shop.close()
