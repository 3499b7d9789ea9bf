"""An office in which the notice was sent once, and every test begins with a copy of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from kernel.crypto import ids
from kernel.node import open_node
from kernel.settings import Settings
from kernel.testing_office import Offices, shared_folder
from plugins.documents.line import issue
from tests.exchange.notice import NOTICE


@pytest.fixture(scope="session")
def _offices(_offices: Offices, tmp_path_factory: pytest.TempPathFactory) -> Offices:
    """The small office of ``kernel.testing`` after it has issued the notice."""
    return Offices(shared_folder(tmp_path_factory, "issued"), _offices, then=_issue)


def _issue(settings: Settings) -> None:
    with open_node(settings):
        issue(NOTICE)


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    """``later(DAY)``: the clock goes on by that much."""

    def put(span: timedelta) -> None:
        ids.set_clock(lambda: ids._system_clock() + span)

    yield put
    ids.set_clock(None)
