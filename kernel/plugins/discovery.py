"""Where plugins are found, in which order they stand, and how they are imported.

A plugin is a folder in ``plugins/``, a folder dropped into ``<instance>/plugins/``, or an installed
package with an entry point in the group ``juyan.plugins``. Wherever it was found, it is imported as
``plugins.<name>``.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from types import ModuleType

from msgspec.structs import replace

from kernel.plugins import manifest
from kernel.plugins.manifest import Manifest

GROUP = "juyan.plugins"


@cache  # a process asks for every node that it opens
def _installed() -> list[Path]:
    if not _named_somewhere():
        return []
    from importlib.metadata import entry_points

    folders = []
    for entry in entry_points(group=GROUP):
        found = importlib.util.find_spec(entry.value)
        if found is not None and found.origin is not None:
            folders.append(Path(found.origin).parent)
    return folders


def _named_somewhere() -> bool:
    """Whether any installed package names the group: mostly none does, and to ask
    importlib.metadata costs as much as three plugins. One in an archive is not looked into."""
    group = GROUP.encode()
    try:
        return any(group in _said(info) for place in sys.path for info in _infos(place or "."))
    except OSError:
        return True  # importlib.metadata knows what to make of it


def _infos(place: str) -> list[str]:
    """The ``*.dist-info`` and ``*.egg-info`` folders there."""
    try:
        return [f"{place}/{name}" for name in os.listdir(place) if name.endswith("-info")]
    except (FileNotFoundError, NotADirectoryError):
        return []


def _said(info: str) -> bytes:
    try:
        with open(f"{info}/entry_points.txt", "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return b""


def find(places: Iterable[Path]) -> list[Manifest]:
    """Read the manifests of all plugins in these folders and of the installed packages."""
    folders = [
        folder
        for place in places
        if place.is_dir()
        for folder in sorted(place.iterdir())
        if (folder / "plugin.toml").is_file()
    ]
    found: dict[str, Manifest] = {}
    for folder in [*folders, *_installed()]:
        one = manifest.read(folder)
        if one.name in found:
            # Nobody can say which one is meant; what it guards stays closed, what it is for too.
            first = found[one.name]
            one = replace(
                first, problems=(*first.problems, f"found in {first.folder} and {folder}")
            )
        found[one.name] = one
    return list(found.values())


def order(manifests: Sequence[Manifest]) -> tuple[list[Manifest], dict[str, str]]:
    """Sort plugins so that each follows what it needs; equals stand by menu order, then name.

    :returns: the order, and for each plugin that cannot stand in it the reason.
    """
    by_name = {one.name: one for one in manifests}
    faults = {one.name: "; ".join(one.problems) for one in manifests if one.problems}
    waiting = sorted(by_name.values(), key=lambda one: (one.menu_order, one.name))
    done: list[Manifest] = []
    names: set[str] = set()
    while waiting:
        ready = next((one for one in waiting if _ready(one, by_name, names)), None)
        if ready is None:
            cycle = ", ".join(one.name for one in waiting)
            faults.update({one.name: f"needs each other in a circle: {cycle}" for one in waiting})
            break
        waiting.remove(ready)
        names.add(ready.name)
        done.append(ready)
        missing = [need for need in ready.needs if need not in by_name or need in faults]
        if missing:
            faults.setdefault(
                ready.name, f"needs {', '.join(missing)}, which is not there or faulty"
            )
    return [one for one in done if one.name not in faults], faults


def _ready(one: Manifest, known: dict[str, Manifest], done: set[str]) -> bool:
    return all(name in done or name not in known for name in (*one.needs, *one.after))


def load(one: Manifest) -> ModuleType:
    """Import the plugin as ``plugins.<name>``."""
    name, start = f"plugins.{one.name}", one.folder / "__init__.py"
    package = importlib.import_module("plugins")
    known = sys.modules.get(name)
    if known is not None and Path(str(known.__file__)) == start:
        return known
    for old in [key for key in sys.modules if key == name or key.startswith(name + ".")]:
        del sys.modules[old]
    # By its file and not by a path of the namespace package, which Python computes anew at will.
    spec = importlib.util.spec_from_file_location(
        name, start, submodule_search_locations=[str(one.folder)]
    )
    if spec is None or spec.loader is None:
        raise ImportError(f"{start} is not a Python package")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    setattr(package, one.name, module)
    return module
