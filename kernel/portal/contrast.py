"""The values of a theme: what it may set, and whether words can still be read on its colours.

WCAG 2.2, success criterion 1.4.3: normal text has a contrast of at least 4.5 : 1 to its ground.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from kernel.deferred import pattern

LEAST = 4.5
READ_ON = (
    ("on-brand", "brand-800"),
    ("on-brand", "brand-900"),
    ("surface", "brand-600"),
    ("brand-600", "surface"),
    ("brand-700", "surface"),
    ("brand-700", "brand-50"),
    ("badge-fg", "badge-bg"),
    ("on-seal", "seal"),
    ("ink-1", "surface"),
    ("ink-2", "surface-2"),
    ("ink-3", "surface-2"),
    ("ink-3", "bg"),
    ("ink-3", "brand-50"),
    ("danger", "danger-bg"),
    ("warn", "warn-bg"),
    ("ok", "ok-bg"),
    ("info", "info-bg"),
)
"""Which colour is written on which: the names of tokens."""
FIXED = pattern(r"(danger|warn|ok|info|focus)(-|$)")
"""States and focus look the same everywhere: a clerk who changes his desk must know them again."""

_COMMENT = pattern(r"/\*.*?\*/", re.DOTALL)
_SHEET = pattern(r"\s*@layer theme\s*\{\s*:root\s*\{([^{}]*)\}\s*\}\s*")
_SETTING = pattern(r"--([a-z0-9-]+)\s*:\s*([^;:{}]+)")
_SHORT = pattern(r"#([0-9a-fA-F])([0-9a-fA-F])([0-9a-fA-F])")
_COLOUR = pattern(r"#[0-9a-fA-F]{6}")


def settings_of(css: str) -> dict[str, str]:
    """Token → value of a theme's ``tokens.css``.

    :raises ValueError: it holds anything but ``@layer theme { :root { --token: value; } }``.
    """
    bare = _COMMENT.sub("", css)
    if not bare.strip():
        return {}
    sheet = _SHEET.fullmatch(bare)
    if sheet is None:
        raise ValueError("tokens.css: @layer theme { :root { … } }")
    found = {}
    for line in filter(None, map(str.strip, sheet[1].split(";"))):
        setting = _SETTING.fullmatch(line)
        if setting is None or re.search(r"url\(|expression|\\|@", line):
            raise ValueError(f"tokens.css: {line[:80]}")
        found[setting[1]] = setting[2].strip()
    return found


def defaults_of(css: str) -> dict[str, str]:
    """Token → value of the default theme, whose sheet fixes the layers as well."""
    return {name: value.strip() for name, value in _SETTING.findall(_COMMENT.sub("", css))}


def ratio(one: str, two: str) -> float:
    """The contrast of two colours written ``#rgb`` or ``#rrggbb``, from 1 to 21.

    :raises ValueError: one is not written so.
    """
    dark, bright = sorted((_luminance(one), _luminance(two)))
    return (bright + 0.05) / (dark + 0.05)


def hard_to_read(tokens: Mapping[str, str]) -> list[tuple[str, str, float]]:
    """The pairs of :data:`READ_ON` below :data:`LEAST`: text, ground and their contrast.

    :raises ValueError: a colour is missing, or not written ``#rgb`` or ``#rrggbb``.
    """
    if missing := [name for pair in READ_ON for name in pair if name not in tokens]:
        raise ValueError(f"tokens.css: --{missing[0]}: ?")
    pairs = [(text, ground, ratio(tokens[text], tokens[ground])) for text, ground in READ_ON]
    return [pair for pair in pairs if pair[2] < LEAST]


def _luminance(colour: str) -> float:
    full = _SHORT.sub(r"#\1\1\2\2\3\3", colour) if len(colour) == 4 else colour
    if not _COLOUR.fullmatch(full):
        raise ValueError(f"{colour}: #rrggbb")
    parts = [int(full[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    r, g, b = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b
