"""The manifest ``plugin.toml``: what a plugin says about itself, readable without running it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

API = 1
"""The generation of hooks that this kernel offers."""

_KEYS: dict[str, set[str]] = {
    "plugin": {
        *("name", "title", "title_en", "version", "api"),
        *("summary", "summary_en", "owner", "category"),
    },
    "rollout": {"phase", "default", "required", "demo_only"},
    "needs": {"plugins", "after"},
    "guards": {"verbs"},
    "ui": {"menu_order"},
}


@dataclass(frozen=True)
class Manifest:
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
    return any(
        verb == one or (one.endswith(".*") and verb.startswith(one[:-1])) for one in patterns
    )


def _unknown(data: dict[str, Any]) -> list[str]:
    wrong = [f"unknown section [{name}]" for name in data if name not in _KEYS]
    for name, keys in _KEYS.items():
        wrong += [
            f"unknown key {key!r} in [{name}]" for key in data.get(name, {}) if key not in keys
        ]
    return wrong


def _check(folder: Path, data: dict[str, Any]) -> list[str]:
    plugin = data.get("plugin", {})
    wrong = _unknown(data)
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
        data = tomllib.loads((folder / "plugin.toml").read_text("utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        return Manifest(folder.name, folder.name, folder, problems=(f"plugin.toml: {error}",))
    plugin, rollout = data.get("plugin", {}), data.get("rollout", {})
    needs = data.get("needs", {})
    return Manifest(
        name=folder.name,
        title=str(plugin.get("title", folder.name)),
        folder=folder,
        title_en=str(plugin.get("title_en", "")),
        version=str(plugin.get("version", "0")),
        api=int(plugin.get("api", API)),
        summary=str(plugin.get("summary", "")),
        summary_en=str(plugin.get("summary_en", "")),
        owner=str(plugin.get("owner", "")),
        category=str(plugin.get("category", "")),
        phase=int(rollout.get("phase", 1)),
        default=rollout.get("default", "off") == "on",
        required=bool(rollout.get("required", False)),
        demo_only=bool(rollout.get("demo_only", False)),
        needs=tuple(needs.get("plugins", ())),
        after=tuple(needs.get("after", ())),
        guards=tuple(data.get("guards", {}).get("verbs", ())),
        menu_order=int(data.get("ui", {}).get("menu_order", 500)),
        problems=tuple(_check(folder, data)),
    )
