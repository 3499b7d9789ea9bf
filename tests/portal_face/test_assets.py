"""Static files: versions, bundles, the lock of what was vendored, and the contrast of themes."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from pathlib import Path

import pytest

from kernel.portal.assets import Assets
from kernel.portal.render import THEMES
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
    assert len(css) < 60_000


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


def tokens(theme: str) -> dict[str, str]:
    """The colours of a theme, on top of the default ones."""
    found: dict[str, str] = {}
    for name in ("default", theme):
        css = (THEMES / name / "tokens.css").read_text()
        short = {k: v for k, v in re.findall(r"--([a-z0-9-]+): (#[0-9a-f]{3,6});", css)}
        found |= {
            k: v if len(v) == 7 else "#" + "".join(2 * c for c in v[1:]) for k, v in short.items()
        }
    return found


def contrast(one: str, two: str) -> float:
    """WCAG 2.2: (lighter + 0.05) / (darker + 0.05) of the relative luminances."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * r + 0.7152 * g + 0.0722 * b

    dark, bright = sorted((light(one), light(two)))
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["default", "zhangye"])
@pytest.mark.parametrize(
    ("text", "ground"),
    [
        ("on-brand", "brand-800"),
        ("surface", "brand-600"),
        ("brand-600", "surface"),
        ("brand-700", "brand-50"),
        ("badge-fg", "badge-bg"),
        ("on-seal", "seal"),
        ("ink-3", "surface-2"),
        ("ink-3", "bg"),
        ("ink-3", "brand-50"),
        ("danger", "danger-bg"),
        ("warn", "warn-bg"),
        ("ok", "ok-bg"),
    ],
)
def test_words_can_be_read(theme: str, text: str, ground: str):
    colours = tokens(theme)
    assert contrast(colours[text], colours[ground]) >= 4.5


@pytest.mark.parametrize("theme", ["zhangye"])
def test_a_theme_leaves_the_states_and_the_focus_alone(theme: str):
    css = (THEMES / theme / "tokens.css").read_text()
    assert not re.search(r"--(danger|warn|ok|focus)", css)
