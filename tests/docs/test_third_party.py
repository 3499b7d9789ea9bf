"""Everything that is not ours stands in a folder with its licence and its lock, and on the page."""

import json
import re
from base64 import b64encode
from hashlib import sha384
from pathlib import Path

import pytest

from kernel.settings import ROOT
from kernel.work.fonts import FANDOL, check_lock

PAGE = (ROOT / "THIRD_PARTY.md").read_text("utf-8")
VENDOR = ROOT / "themes" / "default" / "static" / "vendor"
OURS = ROOT / "tests" / "vendor"
"""What only the tests use."""
LOCKS = {
    folder: json.loads((folder / "vendor.lock.json").read_text("utf-8"))["packages"]
    for folder in (VENDOR, OURS)
}
FOREIGN = re.compile(r"\.(otf|ttf|ttc|woff2?|pfb|min\.js|min\.css|jar|so|wasm|whl)$")


def rows() -> dict[str, list[str]]:
    """The tables of the page: first cell → all cells of the row."""
    lines = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return {cells[0].strip(): [cell.strip() for cell in cells] for cells in lines}


def shipped() -> list[Path]:
    """Files of the product that look like somebody else's work."""
    return [
        file
        for top in ("kernel", "plugins", "themes", "data/reference", "tests")
        for file in (ROOT / top).rglob("*")
        if FOREIGN.search(file.name)
    ]


def test_foreign_files_lie_in_vendored_folders_only():
    assert shipped()
    homes = {FANDOL, VENDOR, OURS}
    strays = [f for f in shipped() if not homes & set(f.parents)]
    assert strays == []


@pytest.mark.parametrize("home", LOCKS, ids=lambda home: home.parent.name)
def test_each_vendored_package_has_its_licence_and_its_row(home: Path):
    for package in LOCKS[home]:
        name, version = package["name"], package["version"]
        folder = home / name / version
        assert (folder / "LICENSE").stat().st_size > 100
        row = rows()[name]
        assert row[1:3] == [version, package["licence"]]
        assert package["npm"] in row[3]
        assert (ROOT / row[4].strip("`")) == folder


def _sha384(file: Path) -> str:
    return "sha384-" + b64encode(sha384(file.read_bytes()).digest()).decode()


@pytest.mark.parametrize("home", LOCKS, ids=lambda home: home.parent.name)
def test_every_vendored_file_is_in_its_lock_and_unchanged(home: Path):
    locked = {
        f"{p['name']}/{p['version']}/{file}": digest
        for p in LOCKS[home]
        for file, digest in p["files"].items()
    }
    found = {
        str(file.relative_to(home)): _sha384(file)
        for file in home.rglob("*")
        if file.is_file() and file.name != "vendor.lock.json"
    }
    assert found == locked


def test_the_fonts_have_their_licence_their_lock_and_their_row():
    assert check_lock() == []
    assert "GPL font exception" in (FANDOL / "README").read_text("utf-8")
    assert "As a special exception" in (FANDOL / "COPYING").read_text("utf-8")
    fonts = {file.name for file in FANDOL.glob("*.otf")}
    lock = (FANDOL / "fonts.lock").read_text("utf-8")
    assert {name for name in fonts if name not in lock or name not in PAGE} == set()


def test_every_package_that_is_installed_is_named_with_its_licence():
    lines = (ROOT / "requirements.in").read_text("utf-8").splitlines()
    wanted = {re.split(r"[>=<\s]", line)[0] for line in lines if line and line[0] not in "#-"}
    table = PAGE.split("## Installed with it")[1].split("## Facts")[0]
    named = set(re.findall(r"^\| ([\w.-]+) \|", table, re.M)) - {"package"}
    assert named == wanted
    assert all(rows()[name][2] for name in named)
