"""Compiled templates outlive the process, and are never used for another text or another recipe."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from jinja2 import DictLoader, Environment

from kernel.portal import compiled
from kernel.portal.compiled import Compiled, recipe


def drawn(cache: Compiled, text: str) -> str:
    env = Environment(loader=DictLoader({"a": text}), bytecode_cache=cache, autoescape=True)
    return env.get_template("a").render(x="<b>")


@pytest.fixture
def compilations(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of what is compiled meanwhile."""
    made: list[str] = []
    compiling = Environment.compile

    def noting(self: Environment, source: str, name: str, *more: object, **given: object) -> object:
        made.append(name)
        return compiling(self, source, name, *more, **given)

    monkeypatch.setattr(Environment, "compile", noting)
    return made


def kept(folder: Path) -> Compiled:
    cache = Compiled()
    cache.keep_in(folder)
    return cache


def test_the_next_process_compiles_nothing(tmp_path: Path, compilations: list[str]):
    assert drawn(kept(tmp_path), "{{ x }}") == "&lt;b&gt;"
    assert drawn(kept(tmp_path), "{{ x }}") == "&lt;b&gt;"
    assert compilations == ["a"]
    (folder,) = tmp_path.iterdir()
    (file,) = folder.iterdir()
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_another_text_is_compiled_anew(tmp_path: Path, compilations: list[str]):
    drawn(kept(tmp_path), "{{ x }}")
    assert drawn(kept(tmp_path), "new {{ x }}") == "new &lt;b&gt;"
    assert len(compilations) == 2


def test_what_another_version_has_compiled_is_not_used(
    tmp_path: Path, compilations: list[str], monkeypatch: pytest.MonkeyPatch
):
    drawn(kept(tmp_path), "{{ x }}")
    before = recipe()
    changed = tmp_path / "form_tokens.py"
    changed.write_text("# the extension does something else now")
    monkeypatch.setattr(compiled, "DECIDING", (*compiled.DECIDING[:1], changed))
    recipe.cache_clear()
    try:
        assert recipe() != before
        drawn(kept(tmp_path), "{{ x }}")
    finally:
        recipe.cache_clear()
    assert len(compilations) == 2


@pytest.mark.parametrize("rubbish", [b"", b"rubbish", b"j2\x00\x00"])
def test_rubbish_is_compiled_anew(tmp_path: Path, compilations: list[str], rubbish: bytes):
    drawn(kept(tmp_path), "{{ x }}")
    (file,) = (tmp_path / recipe()).iterdir()
    file.write_bytes(rubbish or file.read_bytes()[:-40])
    assert drawn(kept(tmp_path), "{{ x }}") == "&lt;b&gt;"
    assert len(compilations) == 2


def test_a_place_that_cannot_be_written_hurts_nobody(tmp_path: Path):
    (tmp_path / "blocked").write_text("no folder")
    assert drawn(kept(tmp_path / "blocked"), "{{ x }}") == "&lt;b&gt;"
