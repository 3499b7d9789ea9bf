"""Themes: a folder with ``theme.toml``, ``tokens.css``, ``static/`` and ``templates/``.

A theme changes tokens first. It may override templates, never bring scripts or Python. Its chain
is the theme, then what it extends, up to ``default``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

from kernel.errors import Invalid
from kernel.portal.page import Brand
from kernel.settings import read_toml

_NAME = re.compile(r"[a-z][a-z0-9-]{0,30}")


@dataclass(frozen=True)
class Theme:
    """One look of the portal."""

    id: str
    folder: Path
    name: str = ""
    extends: str = ""
    version: str = "1"
    product: str = "综合办公系统"
    """The product's name in the top bar."""
    unit: str = ""
    """A fixed unit name; the organ's own where empty."""
    short: str = ""
    mark: str = ""
    """Up to four characters for the square mark; from the organ's short name where empty."""
    support: str = ""

    def brand(self, organ: str, organ_short: str = "") -> Brand:
        """The names in the top bar for that organ."""
        return Brand(
            product=self.product,
            unit=self.unit or organ,
            short=self.short or organ_short or organ,
            mark=self.mark,
            support=self.support,
        )


def load_themes(folders: list[Path]) -> dict[str, Theme]:
    """All themes in these folders, by id; a later folder wins.

    :raises Invalid: ``themes.invalid``: no TOML, a bad id, an unknown key or an unknown parent.
    """
    themes = {}
    for folder in folders:
        for file in sorted(folder.glob("*/theme.toml")):
            themes[file.parent.name] = _read(file)
    for theme in themes.values():
        chain(themes, theme.id)
    return themes


def chain(themes: dict[str, Theme], theme: str) -> list[Theme]:
    """The theme and what it extends, nearest first; ``default`` stands in for an unknown one."""
    found: list[Theme] = []
    at = theme if theme in themes else "default"
    while at:
        if at not in themes or any(t.id == at for t in found):
            raise _invalid(theme, f"extends = {at!r}")
        found.append(themes[at])
        at = themes[at].extends
    return found


def _read(file: Path) -> Theme:
    known = {f.name for f in fields(Theme)} - {"id", "folder"}
    identity = file.parent.name
    try:
        values = read_toml(file)
    except ValueError as error:
        raise _invalid(identity, str(error)) from error
    if not _NAME.fullmatch(identity):
        raise _invalid(identity, "id")
    for key, value in values.items():
        if key not in known or not isinstance(value, str):
            raise _invalid(identity, key)
    return Theme(id=identity, folder=file.parent, **values)


def _invalid(theme: str, what: str) -> Invalid:
    return Invalid(
        "themes.invalid",
        f"主题“{theme}”的 theme.toml 有误：{what}。请改正后重新启动。",
        f"The theme.toml of the theme {theme!r} is wrong: {what}. Correct it and start again.",
    )
