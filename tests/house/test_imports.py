"""Plugins stand on the kernel's public door; the kernel knows no plugin.

The floors inside the kernel are import-linter's contract in pyproject.toml. It cannot see plugins:
they are found at run time, under import names of their own.
"""

import ast
import tomllib
from importlib.util import resolve_name
from pathlib import Path

from kernel.settings import ROOT

PLUGINS = sorted(file.parent for file in (ROOT / "plugins").glob("*/plugin.toml"))


def outward(source: str, package: str = "") -> set[str]:
    """The modules of the house that a source imports (type-only and relative imports too)."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            dotted = "." * node.level + (node.module or "")
            name = resolve_name(dotted, package) if node.level else dotted
            bare = name == "kernel" or name.split(".")[0] == "plugins" and name.count(".") < 2
            found |= {f"{name}.{alias.name}" for alias in node.names} if bare else {name}
    return {name for name in found if name.split(".")[0] in ("kernel", "plugins")}


def imports(file: Path) -> set[str]:
    package = ".".join(file.relative_to(ROOT).parent.parts)
    return outward(file.read_text("utf-8"), package)


def needs(folder: Path) -> set[str]:
    manifest = tomllib.loads((folder / "plugin.toml").read_text("utf-8"))
    return set(manifest.get("needs", {}).get("plugins", []))


def forbidden(name: str, plugin: str, needed: set[str]) -> bool:
    if name == "kernel.api" or name == f"plugins.{plugin}":
        return False
    if name.startswith(f"plugins.{plugin}."):
        return False
    return name not in {f"plugins.{one}.face" for one in needed}


def test_plugins_import_only_the_api_and_the_faces_that_they_need():
    wrong = [
        f"{file.relative_to(ROOT)} imports {name}"
        for folder in PLUGINS
        for file in sorted(folder.rglob("*.py"))
        for name in sorted(imports(file))
        if forbidden(name, folder.name, needs(folder))
    ]
    assert wrong == []


def test_the_kernel_imports_no_plugin():
    files = sorted((ROOT / "kernel").rglob("*.py"))
    assert files
    wrong = [
        f"{file}: {name}" for file in files for name in imports(file) if name.startswith("plugins")
    ]
    assert wrong == []


def test_the_types_of_plugins_are_checked_as_soon_as_there_are_some():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    files = settings["tool"]["mypy"]["files"]
    assert ("plugins" in files) == bool(PLUGINS), 'add "plugins" to tool.mypy.files'


def test_what_counts_as_forbidden():
    source = "import kernel.api\nfrom kernel import acts\nfrom plugins.workflow.face import start\n"
    assert outward(source) == {"kernel.api", "kernel.acts", "plugins.workflow.face"}
    assert outward("from ..workflow import models", "plugins.documents") == {
        "plugins.workflow.models"
    }
    assert not forbidden("kernel.api", "documents", set())
    assert forbidden("kernel.acts", "documents", set())
    assert forbidden("plugins.workflow.face", "documents", set())
    assert not forbidden("plugins.workflow.face", "documents", {"workflow"})
    assert forbidden("plugins.workflow.models", "documents", {"workflow"})
