"""Handwriting: the strokes of a pen or a finger, as text that belongs to an opinion.

``600 360;12,40 14,44 19,52;80,40`` is a field of 600 × 360 with two strokes, the second one a dot.
Whole numbers and nothing else: no pressure, no times, no picture of a foreign format. It is signed
as an opinion is, by a salted digest, and drawn anew from its numbers wherever it is shown.
"""

from __future__ import annotations

from msgspec import Struct

from kernel.deferred import pattern
from kernel.errors import Invalid

MOST = 60_000
"""Characters; a page full of writing has a third of them."""
_FORM = pattern(r"[0-9]{2,4} [0-9]{2,4}(;[0-9]{1,4},[0-9]{1,4}( [0-9]{1,4},[0-9]{1,4})*)+")
_MARGIN = 12
Point = tuple[int, int]


class Ink(Struct, frozen=True):
    """What was written by hand. :ivar strokes: the points of each, in the order of writing."""

    width: int
    height: int
    strokes: tuple[tuple[Point, ...], ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """What the strokes take up, with a margin: left, top, width, height."""
        points = [point for stroke in self.strokes for point in stroke]
        left, top = (min(one[axis] for one in points) - _MARGIN for axis in (0, 1))
        right, bottom = (max(one[axis] for one in points) + _MARGIN for axis in (0, 1))
        return left, top, right - left, bottom - top

    @property
    def path(self) -> str:
        """The strokes as the path data of SVG."""
        return "".join(f"M{_points(one)}" for one in self.strokes)


def _points(stroke: tuple[Point, ...]) -> str:
    first, *rest = (f"{x} {y}" for x, y in stroke)
    # A line to where it began is a dot, where a path of one point would be nothing.
    return f"{first}L{'L'.join(rest or [first])}"


def read_ink(text: str) -> Ink:
    """The strokes behind a text.

    :raises Invalid: ``acts.ink`` when it is too long, or nothing that our field has written.
    """
    if len(text) > MOST:
        raise _wrong(
            "手写内容太多，请清除一部分，或改用文字。",
            "There is too much handwriting: clear some of it, or type instead.",
        )
    if not _FORM.fullmatch(text):
        raise _unreadable()
    size, *rest = text.split(";")
    width, height = map(int, size.split(" "))
    ink = Ink(width, height, tuple(_stroke(one) for one in rest))
    if any(x > width or y > height for stroke in ink.strokes for x, y in stroke):
        raise _unreadable()
    return ink


def _stroke(text: str) -> tuple[Point, ...]:
    pairs = (one.partition(",") for one in text.split(" "))
    return tuple((int(x), int(y)) for x, _comma, y in pairs)


def _unreadable() -> Invalid:
    return _wrong(
        "手写内容没有完整传到，请重新书写，或改用文字。",
        "The handwriting did not arrive as it was written: write again, or type instead.",
    )


def _wrong(zh: str, en: str) -> Invalid:
    return Invalid("acts.ink", zh, en, field="ink")
