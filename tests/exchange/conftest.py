"""An office in which the notice was sent once, and every test begins with a copy of it."""

import shutil
from pathlib import Path

import pytest

from kernel.node import open_node
from kernel.seals.signer_client import Signer
from kernel.settings import Settings
from kernel.testing_office import ORIGIN
from plugins.documents.line import issue
from tests.exchange.notice import NOTICE


@pytest.fixture(scope="session")
def _office_template(_office_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The small office of ``kernel.testing`` after it has issued the notice."""
    folder = tmp_path_factory.mktemp("issued") / "office"
    shutil.copytree(_office_template, folder)
    settings = Settings(instance=folder, demo=True, origin=ORIGIN)
    with open_node(settings):
        issue(NOTICE)
        Signer(folder).shutdown()
    shutil.rmtree(folder / "run", ignore_errors=True)
    return folder
