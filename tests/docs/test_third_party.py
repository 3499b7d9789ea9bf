"""Everything that is not ours stands in a folder with its licence and its lock, and on the page."""

import json
import re
from pathlib import Path

from kernel.settings import ROOT
from kernel.work.fonts import FANDOL, check_lock

PAGE = (ROOT / "THIRD_PARTY.md").read_text("utf-8")
VENDOR = ROOT / "themes" / "default" / "static" / "vendor"
LOCK = json.loads((VENDOR / "vendor.lock.json").read_text("utf-8"))["packages"]
FOREIGN = re.compile(r"\.(otf|ttf|ttc|woff2?|pfb|min\.js|min\.css|jar|so|wasm|whl)$")


def rows() -> dict[str, list[str]]:
    """The tables of the page: first cell → all cells of the row."""
    lines = [line.strip("|").split("|") for line in PAGE.splitlines() if line.startswith("| ")]
    return {cells[0].strip(): [cell.strip() for cell in cells] for cells in lines}


def shipped() -> list[Path]:
    """Files of the product that look like somebody else's work."""
    return [
        file
        for top in ("kernel", "plugins", "themes", "data/reference")
        for file in (ROOT / top).rglob("*")
        if FOREIGN.search(file.name)
    ]


def test_foreign_files_lie_in_vendored_folders_only():
    assert shipped()
    strays = [f for f in shipped() if FANDOL not in f.parents and VENDOR not in f.parents]
    assert strays == []


def test_each_vendored_package_has_its_licence_and_its_row():
    for package in LOCK:
        name, version = package["name"], package["version"]
        folder = VENDOR / name / version
        assert (folder / "LICENSE").stat().st_size > 100
        row = rows()[name]
        assert row[1:3] == [version, package["licence"]]
        assert package["npm"] in row[3]
        assert (ROOT / row[4].strip("`")) == folder


def test_no_vendored_folder_is_without_lock():
    locked = {f"{p['name']}/{p['version']}/{file}" for p in LOCK for file in p["files"]}
    found = {str(f.relative_to(VENDOR)) for f in VENDOR.rglob("*") if f.is_file()}
    assert found - {"vendor.lock.json"} == locked


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
