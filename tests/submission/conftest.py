"""A node that has not seen anything yet, and a package that its twin has sent."""

from pathlib import Path

import pytest

from kernel.exchange.models import Package
from kernel.node import open_node
from kernel.seals.signer_client import Signer
from kernel.storage.blobs import blobs
from kernel.storage.database import connection
from kernel.testing_databases import Databases
from kernel.testing_office import Offices
from plugins.documents.line import issue
from tests.exchange.notice import NOTICE


@pytest.fixture(scope="session")
def _sent() -> dict[str, bytes]:
    """The packages that twins have sent, by the kind of their database."""
    return {}


@pytest.fixture
def data(
    databases: Databases,
    _offices: Offices,
    _sent: dict[str, bytes],
    tmp_path_factory: pytest.TempPathFactory,
) -> bytes:
    """The package of the notice, sent by a node that was founded alike."""
    if databases.kind not in _sent:
        folder = tmp_path_factory.mktemp("twin") / "office"
        with open_node(_offices.copy(databases, folder)):
            issue(NOTICE)
            with connection():
                _sent[databases.kind] = blobs().get(Package.get().blob)
        Signer(folder).shutdown()
    return _sent[databases.kind]


@pytest.fixture
def office_folder(data: bytes, office_folder: Path) -> Path:
    """The folder of the other node; after the twin, because one process opens one node."""
    return office_folder
