"""Themes: what they may set, that words can be read on them, and what becomes of a faulty one."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.errors import Invalid
from kernel.portal import contrast
from kernel.portal.render import Renderer
from kernel.portal.theme import BUILT_IN, load_themes, overridden, tokens

VALUES = "@layer theme { :root { --brand-800: #0a3d2e; } }"


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def refused(folder: Path) -> str:
    with pytest.raises(Invalid) as caught:
        load_themes([BUILT_IN, folder])
    assert "docs/themes.md" in caught.value.zh or "theme.toml" in caught.value.zh
    return caught.value.en


@pytest.mark.parametrize("theme", ["default", "zhangye"])
def test_words_can_be_read(theme: str):
    assert contrast.hard_to_read(tokens(load_themes([BUILT_IN]), theme)) == []


@pytest.mark.parametrize(
    ("one", "two", "ratio"),
    [("#000", "#ffffff", 21.0), ("#fff", "#fff", 1.0), ("#777777", "#fff", 4.48)],
)
def test_the_contrast_is_that_of_wcag(one: str, two: str, ratio: float):
    assert contrast.ratio(one, two) == pytest.approx(ratio, abs=0.005)
    assert contrast.ratio(two, one) == contrast.ratio(one, two)


@pytest.mark.parametrize(
    "text", ['extends = "nowhere"', 'colour = "red"', "name = 3", 'extends = "bad"', "= ="]
)
def test_a_wrong_theme_is_refused_by_name(tmp_path: Path, text: str):
    write(tmp_path / "bad/theme.toml", text)
    assert "bad" in refused(tmp_path)


@pytest.mark.parametrize(
    ("css", "said"),
    [
        ("@layer theme { :root { --brand-800: #9db7d8; } }", "--on-brand / --brand-800"),
        ("@layer theme { :root { --badge-fg: #d92d20; } }", "--badge-fg / --badge-bg 1.00"),
        ("@layer theme { :root { --brand-800: navy; } }", "navy"),
        ("@layer theme { :root { --danger: #000; } }", "--danger"),
        ("@layer theme { :root { --focus: #000; } }", "--focus"),
        ("@layer theme { :root { --warn-bg: #fff; } }", "--warn-bg"),
        ("@layer theme { :root { --unknown: #000; } }", "--unknown"),
        ("@layer theme { :root { --seal: url(https://elsewhere); } }", "tokens.css"),
        ("@import 'https://elsewhere'; " + VALUES, "tokens.css"),
        (VALUES + " .topbar { display: none }", "tokens.css"),
        (":root { --brand-800: #000; }", "tokens.css"),
    ],
)
def test_a_theme_sets_values_on_which_words_can_be_read(tmp_path: Path, css: str, said: str):
    write(tmp_path / "county/theme.toml", 'name = "县"\nextends = "default"')
    write(tmp_path / "county/tokens.css", VALUES)
    assert load_themes([BUILT_IN, tmp_path])["county"].name == "县"
    write(tmp_path / "county/tokens.css", css)
    assert said in refused(tmp_path)


@pytest.mark.parametrize("file", ["app.js", "static/x.mjs", "hook.py", "templates/x.js"])
def test_a_theme_brings_no_program(tmp_path: Path, file: str):
    write(tmp_path / "county/theme.toml", 'name = "县"')
    write(tmp_path / "county" / file, "")
    assert Path(file).name in refused(tmp_path)


def test_a_faulty_theme_is_left_out_with_what_extends_it_and_the_rest_goes_on(tmp_path: Path):
    write(tmp_path / "a-town/theme.toml", 'extends = "county"')
    write(tmp_path / "county/theme.toml", 'extends = "default"')
    write(tmp_path / "county/tokens.css", "@layer theme { :root { --danger: #000; } }")
    write(tmp_path / "zhangye/theme.toml", 'colour = "red"')
    write(tmp_path / "village/theme.toml", 'name = "村"\nextends = "zhangye"')
    renderer = Renderer([tmp_path], {}, urls=lambda name: name)
    assert set(renderer.themes) == {"default", "zhangye", "village"}
    assert set(renderer.theme_faults) == {"a-town", "county", "zhangye"}
    assert renderer.themes["zhangye"].name == "党政红"


def test_a_child_may_stand_before_its_parent(tmp_path: Path):
    write(tmp_path / "a-town/theme.toml", 'extends = "county"')
    write(tmp_path / "county/theme.toml", 'extends = "zhangye"')
    write(tmp_path / "county/tokens.css", VALUES)
    write(tmp_path / "county/templates/home/home.html", "x")
    themes = load_themes([BUILT_IN, tmp_path])
    assert tokens(themes, "a-town")["brand-800"] == "#0a3d2e"
    assert overridden(themes["county"]) == ["home/home.html"]


@pytest.mark.parametrize("name", ["default", "zhangye", "county"])
def test_a_nodes_own_theme_brings_no_template_whatever_its_name(tmp_path: Path, name: str):
    write(tmp_path / name / "theme.toml", 'name = "x"')
    write(tmp_path / name / "templates/account/login.html", "{{ 7 * 191 }}")
    renderer = Renderer([], {}, urls=lambda name: name, own=tmp_path)
    assert set(renderer.themes) == {"default", "zhangye"}
    assert "login.html" in renderer.theme_faults[name].zh
    assert all(theme.folder.parent == BUILT_IN for theme in renderer.themes.values())
