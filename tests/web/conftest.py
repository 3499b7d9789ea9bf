"""An office with two organs full of canary words, copied for each test of this folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from kernel.node import open_node
from kernel.seals.signer_client import Signer
from kernel.settings import Settings
from kernel.testing_office import ORIGIN
from tests.web.canaries import fill


@pytest.fixture(scope="session")
def _office_template(_office_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small office of ``kernel.testing`` after two organs worked in it."""
    folder = tmp_path_factory.mktemp("canaries") / "office"
    shutil.copytree(_office_template, folder)
    with open_node(Settings(instance=folder, demo=True, origin=ORIGIN)):
        fill()
        Signer(folder).shutdown()
    shutil.rmtree(folder / "run", ignore_errors=True)
    return folder
