"""The levels of headings in a plain paragraph.

GB/T 9704-2012, 7.3.3: 文中结构层次序数依次可以用“一、”“（一）”“1.”“（1）”标注；一般第一层用黑体字、
第二层用楷体字、第三层和第四层用仿宋体字标注. The regulation (条例 art. 9(9)) leaves the form to it.
"""

from __future__ import annotations

from kernel.deferred import pattern

_NUMERAL = "[一二三四五六七八九十百]{1,5}"
_MARKS = (
    pattern(rf"{_NUMERAL}、"),
    pattern(rf"[（(]{_NUMERAL}[）)]"),
    pattern(r"\d{1,2}(?:[.．](?!\d)|、)"),
    pattern(r"[（(]\d{1,2}[）)]"),
)
_SENTENCE_ENDS = "。！？"
LONGEST_HEADING = 52
"""A paragraph without an end of sentence is a heading up to this length (two lines)."""


def level_of(paragraph: str) -> tuple[int, int]:
    """Which level a paragraph opens, and how far its heading reaches.

    ``(0, 0)`` for plain text; otherwise the level 1 to 4 and the end of the heading: the whole
    paragraph where it is one short line, its first sentence where text follows, and only the mark
    where the first sentence is too long to be a heading.

    >>> level_of("一、建设方式和目标")
    (1, 9)
    >>> level_of("（二）严格管理。各单位要落实责任。")
    (2, 8)
    """
    for level, mark in enumerate(_MARKS, 1):
        found = mark.match(paragraph)
        if found:
            return level, _heading_end(paragraph, found.end())
    return 0, 0


def _heading_end(paragraph: str, after_mark: int) -> int:
    ends = [paragraph.find(end, after_mark) for end in _SENTENCE_ENDS]
    first = min((end + 1 for end in ends if end >= 0), default=len(paragraph))
    return first if first <= LONGEST_HEADING else after_mark


def is_heading_line(paragraph: str) -> bool:
    """Whether the paragraph is nothing but a heading, which never stands alone at a page's end."""
    level, end = level_of(paragraph)
    return level > 0 and end >= len(paragraph)
