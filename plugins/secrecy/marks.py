"""Finding classification marks in text.

A mark stands alone on its line (机密, 秘 密), carries a star and a period (机密★1年, 绝密★长期), or
follows 密级：. The words inside a sentence are no mark: 保守国家秘密, 商业秘密, 秘密级文件管理办法.
Basis: 条例 art. 9(2), GB/T 9704-2012 7.2.2, 保守国家秘密法 art. 22; domain rule R50.
"""

from __future__ import annotations

import re
import unicodedata

from kernel.api import pattern

_GAP = r"[\s·.\-_]*"
_LEVEL = rf"(?:绝{_GAP}密|机{_GAP}密|秘{_GAP}密)"
_STAR = r"[★☆✩✪✫✬✭✮✯✰⭐🌟*]"
_PERIOD = r"(?:[0-9一二三四五六七八九十两]{1,3}\s*(?:年|个月|月|天|日)|长期|启用前|解密前|公布前)"
_SPELLINGS = str.maketrans({"絕": "绝", "絶": "绝", "機": "机", "祕": "秘", "﹡": "*", "✱": "*"})

# Runs of spaces are taken whole (``*+``) and by one part only, lines one by one: otherwise a text
# of nothing but empty lines would be looked through once for each of them, or worse.
_ALONE = rf"{_LEVEL}(?:\s*+{_STAR})?(?:\s*+{_PERIOD})?"
_PATTERNS = (
    pattern(rf"^[^\w\n]*+(?:[0-9]{{6}}\s*+)?({_ALONE})[^\w\n]*+$", re.MULTILINE),
    pattern(rf"({_LEVEL}\s*{_STAR}\s*{_PERIOD}?)"),
    pattern(rf"密\s*级\s*[:：]\s*({_LEVEL})"),
)
LONGEST = 20
"""Characters of a mark that the refusal repeats."""


def find_mark(text: str) -> str:
    """The first classification mark in a text; empty where there is none."""
    plain = _plain(text)
    for each in _PATTERNS:
        found = each.search(plain)
        if found:
            return re.sub(r"\s+", "", found[1])[:LONGEST]
    return ""


def _plain(text: str) -> str:
    """Without invisible signs and other spellings, so that a mark cannot hide behind them."""
    folded = unicodedata.normalize("NFKC", text).translate(_SPELLINGS)
    return "".join(sign for sign in folded if unicodedata.category(sign) != "Cf")
