"""The manifest ``plugin.toml``: what a plugin says about itself, readable without running it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import Struct, field

from kernel.settings import read_toml

API = 1
"""The generation of hooks that this kernel offers."""

_TEXTS = ("name", "title", "title_en", "version", "summary", "summary_en", "owner", "category")
_KEYS: dict[str, dict[str, type]] = {
    "plugin": {**dict.fromkeys(_TEXTS, str), "api": int},
    "rollout": {"phase": int, "default": str, "required": bool, "demo_only": bool},
    "needs": {"plugins": list, "after": list},
    "guards": {"verbs": list},
    "ui": {"menu_order": int},
}
"""Section → key → its kind; a list is one of texts."""


class Manifest(Struct, frozen=True):
    """One plugin's manifest.

    :ivar phase: the first phase (1 trial, 2 formal, 3 full) in which an organ may have it.
    :ivar default: whether it is on when an organ has not said otherwise.
    :ivar required: it cannot be switched off, and the node does not open without it.
    :ivar demo_only: it is installed on demo nodes only.
    :ivar guards: verbs that it may veto, ``documents.*`` or ``documents.dispatch``.
    """

    name: str
    title: str
    folder: Path
    title_en: str = ""
    version: str = "0"
    api: int = API
    summary: str = ""
    summary_en: str = ""
    owner: str = ""
    category: str = ""
    phase: int = 1
    default: bool = False
    required: bool = False
    demo_only: bool = False
    needs: tuple[str, ...] = ()
    after: tuple[str, ...] = ()
    guards: tuple[str, ...] = ()
    menu_order: int = 500
    problems: tuple[str, ...] = field(default=())

    def guards_verb(self, verb: str) -> bool:
        """Whether this plugin is asked before the verb."""
        return matches(self.guards, verb)


def matches(patterns: Iterable[str], verb: str) -> bool:
    """Whether a verb is one of these: ``documents.seal``, or any of ``documents.*``."""
    for one in patterns:
        if verb == one or (one.endswith(".*") and verb.startswith(one[:-1])):
            return True
    return False


def _unknown(data: dict[str, Any]) -> list[str]:
    wrong = [f"unknown section [{name}]" for name in data if name not in _KEYS]
    for name, keys in _KEYS.items():
        section = data.get(name, {})
        if not isinstance(section, dict):
            wrong.append(f"[{name}] is no section")
            continue
        wrong += [f"unknown key {key!r} in [{name}]" for key in section if key not in keys]
        # A guard whose verbs are one text and no list would guard nothing.
        wrong += [
            f"{key!r} in [{name}] is not of the kind {keys[key].__name__}"
            for key, value in section.items()
            if key in keys and not _is(keys[key], value)
        ]
    return wrong


def _is(kind: type, value: object) -> bool:
    return type(value) is kind and (
        not isinstance(value, list) or all(isinstance(one, str) for one in value)
    )


def _check(folder: Path, data: dict[str, Any]) -> list[str]:
    plugin, wrong = data.get("plugin", {}), list[str]()
    name = plugin.get("name", "")
    if not re.fullmatch(r"[a-z][a-z_]*", str(name)):
        wrong.append(f"the name {name!r} is not lower-case letters and underscores")
    elif name != folder.name:
        wrong.append(f"the name {name!r} is not the name of its folder {folder.name!r}")
    if not plugin.get("title"):
        wrong.append("the title is missing")
    if plugin.get("api", API) != API:
        wrong.append(f"made for hooks of generation {plugin.get('api')}; this kernel offers {API}")
    if data.get("rollout", {}).get("phase", 1) not in (1, 2, 3):
        wrong.append("the phase is not 1, 2 or 3")
    return wrong


def read(folder: Path) -> Manifest:
    """Read and check one manifest; what is wrong with it stands in ``problems``."""
    try:
        data = read_toml(folder / "plugin.toml")
    except (OSError, ValueError) as error:
        return Manifest(folder.name, folder.name, folder, problems=(f"plugin.toml: {error}",))
    if wrong := _unknown(data):
        return Manifest(folder.name, folder.name, folder, problems=tuple(wrong))
    plugin, rollout = data.get("plugin", {}), data.get("rollout", {})
    needs = data.get("needs", {})
    return Manifest(
        name=folder.name,
        title=plugin.get("title", folder.name),
        folder=folder,
        title_en=plugin.get("title_en", ""),
        version=plugin.get("version", "0"),
        api=plugin.get("api", API),
        summary=plugin.get("summary", ""),
        summary_en=plugin.get("summary_en", ""),
        owner=plugin.get("owner", ""),
        category=plugin.get("category", ""),
        phase=rollout.get("phase", 1),
        default=rollout.get("default", "off") == "on",
        required=rollout.get("required", False),
        demo_only=rollout.get("demo_only", False),
        needs=tuple(needs.get("plugins", ())),
        after=tuple(needs.get("after", ())),
        guards=tuple(data.get("guards", {}).get("verbs", ())),
        menu_order=data.get("ui", {}).get("menu_order", 500),
        problems=tuple(_check(folder, data)),
    )
