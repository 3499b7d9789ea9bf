"""PLUGINS.md is held against the code: hooks, manifest, the public door, and the tutorial.

With ``JUYAN_WRITE_DOCS=1`` the generated parts are written anew instead of compared.
"""

import inspect
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

import kernel.api
from kernel import hooks
from kernel.plugins import manifest
from kernel.portal.i18n import extract_messages, read_catalogue
from kernel.settings import ROOT

PAGE = ROOT / "PLUGINS.md"
EXAMPLES = ROOT / "tests" / "examples"
FILE_BLOCK = re.compile(r"^```(\w+) file=(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HOOKS_BLOCK = re.compile(r"(?<=<!-- hooks -->\n).*?(?=<!-- /hooks -->)", re.DOTALL)


def text() -> str:
    return PAGE.read_text("utf-8")


def section(title: str) -> str:
    """The text below a heading of the second level, to the next one."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text(), re.M | re.S)
    assert found, f"PLUGINS.md has no section {title!r}"
    return found[1]


def signature(function: Callable[..., object]) -> str:
    """As it is written in the source: annotations without quotes."""
    return f"{function.__name__}{inspect.signature(function)}".replace("'", "")


def reference(facts: hooks.HookFacts) -> str:
    """The entry of one hook, made from its declaration."""
    doc = inspect.cleandoc(facts.doc).replace("``", "`")
    head = f"### `{signature(getattr(hooks, facts.name))}`"
    return f"{head}\n\n*{facts.policy} · {facts.audience}*\n\n{doc}\n"


def hooks_part() -> str:
    """What stands between the markers of the hook reference."""
    return "\n" + "\n".join(map(reference, hooks.FACTS.values())) + "\n"


def with_files(page: str) -> str:
    """The page with every named block as its file is now."""

    def block(found: re.Match[str]) -> str:
        content = (EXAMPLES / found[2]).read_text("utf-8")
        return f"```{found[1]} file={found[2]}\n{content}```"

    return FILE_BLOCK.sub(block, page)


@pytest.fixture(scope="module", autouse=True)
def write() -> None:
    """Bring the generated parts up to date, where that was asked for."""
    if os.environ.get("JUYAN_WRITE_DOCS") == "1":
        PAGE.write_text(HOOKS_BLOCK.sub(lambda _: hooks_part(), with_files(text())), "utf-8")


def test_every_hook_stands_there_with_signature_policy_audience_and_docstring():
    shown = HOOKS_BLOCK.search(text())
    assert shown is not None
    assert shown[0] == hooks_part(), "write it anew with JUYAN_WRITE_DOCS=1"


def test_every_hook_has_a_docstring_and_a_known_policy():
    assert hooks.FACTS
    for facts in hooks.FACTS.values():
        assert facts.doc.strip(), facts.name
        assert f"| {facts.policy} |" in section("Hooks")


def test_every_hook_is_declared_with_its_facts():
    """A hookspec without policy and audience would be asked by nobody."""
    declared = {name for name, one in vars(hooks).items() if hasattr(one, f"{hooks.PROJECT}_spec")}
    assert declared == set(hooks.FACTS)


def manifest_rows() -> dict[tuple[str, str], str]:
    """(section, key) → default, as the table has it."""
    rows, current = {}, ""
    table = re.search(r"<!-- manifest -->\n(.*?)<!-- /manifest -->", text(), re.S)
    assert table is not None
    for line in table[1].splitlines()[2:]:
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        current = cells[0].strip("`[]") or current
        rows[current, cells[1].strip("`")] = cells[2].strip("`")
    return rows


def test_every_key_of_the_manifest_stands_there():
    known = {(part, key) for part, keys in manifest._KEYS.items() for key in keys}
    assert set(manifest_rows()) == known


def test_the_defaults_of_the_manifest_are_the_real_ones(tmp_path: Path):
    folder = tmp_path / "sample"
    folder.mkdir()
    must = {("plugin", "name"): '"sample"', ("plugin", "title"): '"样例"'}

    def read(values: dict[tuple[str, str], str]) -> manifest.Manifest:
        parts: dict[str, list[str]] = {}
        for (part, key), value in values.items():
            parts.setdefault(part, [f"[{part}]"]).append(f"{key} = {value}")
        content = "\n".join(line for lines in parts.values() for line in lines)
        (folder / "plugin.toml").write_text(content, "utf-8")
        return manifest.read(folder)

    assert {key for key, default in manifest_rows().items() if default == "–"} == set(must)
    assert read(must) == read({**manifest_rows(), **must})
    assert read(must).problems == ()


def test_every_public_name_is_mentioned():
    door = section("What the kernel hands you")
    mentioned = {name for code in re.findall(r"`([^`]+)`", door) for name in [code.split(".")[0]]}
    assert [name for name in kernel.api.__all__ if name not in mentioned] == []


def test_no_name_is_promised_that_is_not_there():
    door = section("What the kernel hands you").split("Not there yet")[0]
    bullets = re.findall(r"^- (.*?)(?::|$)", door, re.M)
    promised = {name for line in bullets for name in re.findall(r"`(\w+)`", line)}
    assert promised - set(kernel.api.__all__) == set()


def test_the_files_of_the_tutorial_are_the_ones_that_the_tests_run():
    assert with_files(text()) == text(), "write them anew with JUYAN_WRITE_DOCS=1"
    shown = {name for _, name, _ in FILE_BLOCK.findall(text())}
    python = {
        str(file.relative_to(EXAMPLES))
        for file in [EXAMPLES / "test_notes.py", *(EXAMPLES / "notes").glob("*.py")]
    }
    templates = {str(f.relative_to(EXAMPLES)) for f in (EXAMPLES / "notes").rglob("*.html")}
    assert shown == python | templates | {"notes/plugin.toml"}


def test_the_tutorial_stays_short():
    lines = [
        line
        for file in (EXAMPLES / "notes").glob("*.py")
        for line in file.read_text("utf-8").splitlines()
        if line.strip()
    ]
    assert len(lines) <= 160


def test_the_example_is_translated_to_the_end():
    notes = EXAMPLES / "notes"
    english = read_catalogue(notes / "locale" / "en" / "LC_MESSAGES" / "messages.po")
    missing = {one for one in extract_messages([notes]) if english.gettext(one) == one}
    assert missing == set()


def test_the_layouts_and_macros_that_are_named_are_there():
    templates = ROOT / "kernel" / "portal" / "templates"
    known = {file.name for file in (templates / "layout").glob("*.html")}
    known |= set(re.findall(r"\{% macro (\w+)\(", (templates / "ui.html").read_text("utf-8")))
    told = section("Pages").split("Layouts:")[1].split("Own style sheets")[0]
    named = {name.removeprefix("layout/") for name in re.findall(r"`([\w/.]+)`", told)} - {"ui"}
    assert named - known == set()


def test_the_contents_lead_to_sections():
    links = re.findall(r"^\d+\. \[([^\]]+)\]\(#([^)]+)\)$", text(), re.M)
    headings = re.findall(r"^## (.+)$", text(), re.M)
    assert [title for title, _ in links] == headings
    for title, anchor in links:
        assert anchor == re.sub(r"[^\w -]", "", title).lower().replace(" ", "-")


def test_every_hook_has_a_test_of_its_own():
    tests = "\n".join(file.read_text("utf-8") for file in (ROOT / "tests").rglob("test_*.py"))
    missing = [name for name in hooks.FACTS if f"def test_hook_{name}(" not in tests]
    assert missing == []
