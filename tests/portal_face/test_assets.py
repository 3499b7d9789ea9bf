"""Static files: versions, bundles, the lock of what was vendored."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path

import pytest

from kernel.portal.assets import Assets
from kernel.portal.theme import BUILT_IN as THEMES
from kernel.portal.theme import load_themes

VENDOR = THEMES / "default/static/vendor"


@pytest.fixture
def assets(tmp_path: Path) -> Assets:
    (tmp_path / "meetings.js").write_text("export {}")
    return Assets(load_themes([THEMES]), {"meetings": tmp_path})


def test_one_sheet_for_the_frame_and_one_for_the_theme(assets: Assets):
    (bundle,) = assets.sheets("default")
    blue, red = assets.sheets("zhangye")
    assert blue == bundle and bundle.startswith("/static/default/app.css?v=")
    assert red.startswith("/static/zhangye/tokens.css?v=")
    sheet = assets.read("default/app.css")
    assert sheet is not None and sheet.media_type == "text/css"
    css = sheet.data.decode()
    assert css.index("@layer tokens, base") < css.index(".topbar {") < css.index("@media print")
    assert len(gzip.compress(sheet.data)) < 15_000  # what goes over the wire


def test_the_version_follows_the_content(assets: Assets):
    url = assets.url("zhangye", "app.js")
    path, version = url.removeprefix("/static/").split("?v=")
    asset = assets.read(path)
    assert asset is not None and asset.version == version
    assert "immutable" in asset.headers["Cache-Control"]
    assert hashlib.sha256(asset.data).hexdigest().startswith(version)


def test_a_plugin_serves_its_own_files(assets: Assets):
    assert assets.url("default", "meetings/meetings.js").startswith(
        "/static/plugins/meetings/meetings.js?v="
    )


@pytest.mark.parametrize(
    "path",
    [
        "default/../../../pyproject.toml",
        "default/theme.toml",
        "plugins/meetings/../x",
        "plugins/none/x.js",
        "nowhere/app.js",
        "default/",
        "",
    ],
)
def test_nothing_else_is_served(assets: Assets, path: str):
    assert assets.read(path) is None


def test_a_missing_file_is_a_defect_of_the_template(assets: Assets):
    with pytest.raises(KeyError, match="no.js"):
        assets.url("default", "no.js")


def test_every_vendored_file_is_in_the_lock_and_unchanged(assets: Assets):
    packages = json.loads((VENDOR / "vendor.lock.json").read_text())["packages"]
    locked = {
        f"{p['name']}/{p['version']}/{file}": digest
        for p in packages
        for file, digest in p["files"].items()
    }
    found = {
        str(file.relative_to(VENDOR)): _sha384(file)
        for file in VENDOR.rglob("*")
        if file.is_file() and file.name != "vendor.lock.json"
    }
    assert found == locked
    assert all(f"{p['name']}/{p['version']}/LICENSE" in found for p in packages)
    assert assets.integrity("vendor/htmx.org/4.0.1/htmx.min.js").startswith("sha384-")


def _sha384(file: Path) -> str:
    return "sha384-" + base64.b64encode(hashlib.sha384(file.read_bytes()).digest()).decode()


def test_no_sheet_or_script_reaches_outside(assets: Assets):
    for name in ("default/app.css", "zhangye/tokens.css", "default/app.js"):
        asset = assets.read(name)
        assert asset is not None
        assert not re.search(rb"https?://|@import|url\(", asset.data), name


def test_what_is_sent_is_packed_for_who_takes_it(assets: Assets):
    sheet = assets.read("default/app.css")
    assert sheet is not None
    data, headers = sheet.sent("gzip, deflate, br")
    assert headers["Content-Encoding"] == "gzip" and headers["Vary"] == "Accept-Encoding"
    assert gzip.decompress(data) == sheet.data and len(data) < 15 * 1024
    plain, headers = sheet.sent("")
    assert plain == sheet.data and "Content-Encoding" not in headers
