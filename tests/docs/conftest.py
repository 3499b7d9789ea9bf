"""A package and its root certificate, as they are handed to somebody outside."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.exchange.models import Package
from kernel.storage.blobs import blobs
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents.line import issue

NOTICE = {
    "issuer": "中共张掖市委办公室",
    "type": "通知",
    "title": "中共张掖市委办公室关于做好值班工作的通知",
    "main": ["市财政局", "市教育局"],
    "body": ["请各单位做好值班工作。"],
}


@pytest.fixture
def kept(office: Office, tmp_path: Path) -> Iterator[Path]:
    """A folder as ``rehearse --keep`` leaves it."""
    issued = issue(NOTICE)
    with connection():
        package = Package.get(Package.uid == issued.package)
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "package.asice").write_bytes(blobs().get(package.blob))
    shutil.copy(office.settings.instance / "keys" / "root.pem", folder)
    yield folder
