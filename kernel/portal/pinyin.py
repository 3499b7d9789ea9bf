"""How Chinese names are spelled, for finding them by letters: 张掖 by ``zy`` and ``zhangye``."""

from __future__ import annotations

from functools import lru_cache

from kernel.deferred import pattern

_OTHER = pattern(r"[^0-9a-z]")


@lru_cache(maxsize=8192)
def spelled(name: str) -> str:
    """Initials and full spelling, without tones and without anything but letters and digits."""
    from pypinyin import lazy_pinyin  # its dictionary is read only where somebody picks units

    parts = [_OTHER.sub("", part.lower()) for part in lazy_pinyin(name)]
    initials = "".join(part if part.isdigit() else part[:1] for part in parts)
    return f"{initials} {''.join(parts)}"
