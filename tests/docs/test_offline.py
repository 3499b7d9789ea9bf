"""The three commands of the README, run as they stand there, on a real package."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.exchange.models import Package
from kernel.settings import ROOT
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
# Where unzip is not installed, Python's takes its place; the arguments are those of the README.
UNZIP = 'command -v unzip >/dev/null || unzip() { python3 -m zipfile -e "$2" "$4"; }\n'


def commands() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"<!-- three commands -->\n```\n(.*?)```", text, re.S)
    assert found is not None
    return found[1]


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


def run(folder: Path, *lines: str) -> int:
    """Run line after line, as a person does; the exit code of the first that fails."""
    script = UNZIP + " && ".join(f"{{ {line}; }}" for line in lines)
    return subprocess.run(["bash", "-c", script], cwd=folder, check=False).returncode


def test_there_are_three_commands():
    assert len(commands().splitlines()) == 3


@pytest.mark.needs("openssl")
def test_the_three_commands_hold_and_a_changed_file_does_not(
    kept: Path, capfd: pytest.CaptureFixture[str]
):
    opened, second, third = commands().splitlines()
    assert run(kept, opened, second, third, "openssl x509 -in ../signer.pem -noout -subject") == 0
    assert "620700-CPCO" in capfd.readouterr().out

    package = kept / "package"
    body, listing = package / "content" / "body.pdf", package / "META-INF" / "digests-sha256.txt"
    genuine, listed = body.read_bytes(), listing.read_bytes()
    body.write_bytes(genuine[:1000] + b"x" + genuine[1001:])
    assert run(package, second) != 0

    # Whoever changes the list as well has a list that nobody signed.
    kept_lines = [line for line in listed.decode().splitlines() if "body.pdf" not in line]
    forged = hashlib.sha256(body.read_bytes()).hexdigest()
    listing.write_text("\n".join([*kept_lines, f"{forged}  content/body.pdf"]) + "\n")
    assert run(package, "sha256sum --quiet -c META-INF/digests-sha256.txt") == 0
    assert run(package, second) != 0

    body.write_bytes(genuine)
    listing.write_bytes(listed)
    assert run(package, second, third) == 0
    manifest = package / "META-INF" / "ASiCManifest.xml"
    manifest.write_bytes(manifest.read_bytes() + b"\n")
    assert run(package, third) != 0
