"""What every source file of the house keeps to."""

import ast
import re
from pathlib import Path

import pytest

from kernel.settings import ROOT

PYTHON = sorted(
    file
    for folder in ("kernel", "plugins", "tests")
    for file in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in file.parts
)
PRODUCT = [file for file in PYTHON if file.relative_to(ROOT).parts[0] != "tests"]
KERNEL = [file for file in PRODUCT if file.relative_to(ROOT).parts[0] == "kernel"]
MIGRATIONS = [file for file in PRODUCT if re.match(r"\d{4}_", file.name)]
LONGEST = 400
# Copied alone to machines that have nothing of ours, so it may not be cut into rooms.
ONE_FILE = {"kernel/exchange/verify.py"}

# Put together here so that this file does not find itself.
UNFINISHED = re.compile("|".join(["TO" + "DO", "FIX" + "ME", "Not" + "ImplementedError"]))
SKIPPED = re.compile(r"pytest\.(mark\.)?(skip|x" + r"fail)|unittest\.skip")
SILENCED = re.compile(r"# (type: " + r"ignore|no" + r"qa)(?P<which>[\[:][^#]*)?(?P<reason>#.+)?")


def named(file: Path) -> str:
    return str(file.relative_to(ROOT))


def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text("utf-8"), str(file))


def imported(file: Path) -> set[str]:
    """The modules that a file imports, in full."""
    found: set[str] = set()
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module)
    return found


def lines_with(pattern: re.Pattern[str], files: list[Path]) -> list[str]:
    return [
        f"{named(file)}:{number}"
        for file in files
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1)
        if pattern.search(line)
    ]


def test_the_files_are_found():
    assert ROOT / "kernel" / "errors.py" in KERNEL


def test_no_file_is_longer_than_a_reader_can_hold():
    long = {named(file): len(file.read_text("utf-8").splitlines()) for file in PRODUCT}
    assert {
        name: size for name, size in long.items() if size > LONGEST and name not in ONE_FILE
    } == {}


def test_manage_stays_small():
    assert len((ROOT / "manage.py").read_text("utf-8").splitlines()) <= 200


def test_nobody_uses_the_sqlite_of_the_machine():
    assert [named(file) for file in PYTHON if "sqlite3" in imported(file)] == []


def test_nothing_is_left_unfinished():
    assert lines_with(UNFINISHED, PYTHON) == []


def test_no_test_is_skipped_in_silence():
    assert lines_with(SKIPPED, [file for file in PYTHON if file not in PRODUCT]) == []


def test_whatever_is_silenced_says_why():
    silent = []
    for file in PYTHON:
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            hit = SILENCED.search(line)
            if hit and not (hit["which"] and hit["reason"]):
                silent.append(f"{named(file)}:{number}")
    assert silent == []


@pytest.mark.parametrize(
    ("line", "fine"),
    [
        ("x = 1  # type: " + "ignore", False),
        ("x = 1  # type: " + "ignore[attr-defined]", False),
        ("x = 1  # type: " + "ignore[attr-defined]  # the stub lacks it", True),
        ("x = 1  # no" + "qa: S101", False),
        ("x = 1  # no" + "qa: S101  # a reason", True),
    ],
)
def test_a_silenced_line_needs_its_rule_and_a_reason(line: str, fine: bool):
    hit = SILENCED.search(line)
    assert hit is not None
    assert bool(hit["which"] and hit["reason"]) is fine


def nameless(body: list[ast.stmt], prefix: str) -> list[str]:
    """Public classes, functions and methods without a docstring."""
    found: list[str] = []
    for node in body:
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if (
            node.name.startswith("_")
            or node.name == "Meta"
            or any("overload" in ast.dump(d) for d in node.decorator_list)
        ):
            continue
        # A setter is documented by its property.
        setter = any(
            isinstance(d, ast.Attribute) and d.attr == "setter" for d in node.decorator_list
        )
        if not ast.get_docstring(node) and not setter:
            found.append(f"{prefix}{node.name}")
        if isinstance(node, ast.ClassDef):
            found += nameless(node.body, f"{prefix}{node.name}.")
    return found


def without_docstring(file: Path) -> list[str]:
    module = tree(file)
    text = file.read_text("utf-8").strip()
    found = [] if ast.get_docstring(module) or not text else [named(file)]
    return found + nameless(module.body, f"{named(file)}: ")


def test_every_public_name_of_the_kernel_has_a_docstring():
    files = [file for file in KERNEL if file not in MIGRATIONS]
    assert [name for file in files for name in without_docstring(file)] == []


def test_the_search_for_docstrings_finds_what_lacks_one():
    body = 'class A:\n    """A."""\n    def b(self): ...\n    def _c(self): ...\ndef d(): ...\n'
    assert nameless(ast.parse(body).body, "") == ["A.b", "d"]
