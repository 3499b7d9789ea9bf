"""An open store in a temporary folder: database, log key and blobs, without the rooms above."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.settings import Settings
from kernel.storage import blobs, database, log, sqlite
from kernel.storage.migrations import migrate, room_set
from kernel.testing_databases import Databases


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, databases: Databases) -> Iterator[Path]:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 1)
    folder = tmp_path / "instance"
    database.open_database(Settings(folder, databases.create()))
    yield folder
    database.close_database()


@pytest.fixture
def store(folder: Path) -> Iterator[Path]:
    migrate([room_set("storage")])
    log.open_log_key(folder, "juyan/test/1")
    blobs.open_blobs(folder)
    yield folder
    log.log_key.clear()
    blobs.blobs.clear()
