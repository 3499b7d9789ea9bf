"""The three commands of the README, run as they stand there, on a real package."""

import hashlib
import re
import subprocess
from pathlib import Path

import pytest

from kernel.settings import ROOT

# Where unzip is not installed, Python's takes its place; the arguments are those of the README.
UNZIP = 'command -v unzip >/dev/null || unzip() { python3 -m zipfile -e "$2" "$4"; }\n'


def commands() -> str:
    text = (ROOT / "README.md").read_text("utf-8")
    found = re.search(r"<!-- three commands -->\n```\n(.*?)```", text, re.S)
    assert found is not None
    return found[1]


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
