"""Icons: one sprite of Lucide symbols, named as Lucide names them."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from markupsafe import Markup, escape

SPRITE = "vendor/lucide-static/1.62.0/icons.svg"


def icon_names(sprite: Path) -> frozenset[str]:
    """The names of the symbols in the sprite."""
    return frozenset(re.findall(r'<symbol id="i-([a-z0-9-]+)"', sprite.read_text("utf-8")))


@lru_cache(maxsize=1024)
def icon_markup(name: str, sprite_url: str, *, small: bool = False) -> Markup:
    """One icon; it says nothing to screen readers, the word beside it does."""
    classes = "icon icon--sm" if small else "icon"
    use = Markup('<use href="{}#i-{}"/>').format(sprite_url, escape(name))
    return Markup('<svg class="{}" aria-hidden="true" focusable="false">{}</svg>').format(
        classes, use
    )
