"""The image of a round seal as vectors: ring, star, the unit's name around it.

国发〔1999〕25号: round, red, 宋体 in simplified characters, the name around from left to right;
for the units of a city or county 4.2 or 4.5 cm with a star. Seals with the national emblem are
never drawn here, they are imported. Ring (1.2 mm) and star (14 mm) follow the makers' practice.
"""

from __future__ import annotations

import io
import math
from functools import cache
from html import escape
from typing import Any

import pikepdf
import typst
from fontTools.pens.svgPathPen import SVGPathPen
from fontTools.ttLib import TTFont
from msgspec import Struct

from kernel.errors import Invalid
from kernel.work.fonts import FACES, characters

RED = "#e60012"
RING_MM = 1.2
STAR_MM = 14.0
DEMO_MARK = "演示"
LONGEST_NAME = 30
_UNIT = 1000
_LOW, _HIGH = -80, 840
"""The ink of a Chinese character in a font of 1000 units: from below to above the baseline."""


class _Letter(Struct, frozen=True):
    """A character of the given width and height (mm), its centre at (x, y), turned by an angle."""

    char: str
    width: float
    height: float
    x: float
    y: float
    angle: float = 0.0


def seal_svg(
    name: str,
    *,
    star: bool = True,
    diameter_mm: float = 42.0,
    centre_line: str = "",
    demo: bool = False,
) -> str:
    """The impression as SVG in millimetres, made of paths alone: it needs no font to be shown.

    :param name: the unit's full name, at most 30 characters, around the ring.
    :param centre_line: a special seal's purpose (信息报送专用章), under the star.
    :param demo: add 演示 under the star, so that nobody takes it for a real one.
    :raises Invalid: ``seals.name`` when the name is empty, too long or cannot be drawn.
    """
    _check_name(name + centre_line, len(name))
    radius = diameter_mm / 2
    letters = _ring(name, radius, 226 if centre_line else 292)
    if centre_line:
        letters += _straight(centre_line, radius * 0.53, radius, radius * 0.17)
    if demo:
        depth = 0.77 if centre_line else 0.67
        letters += _straight(DEMO_MARK, radius * depth, radius, radius * 0.15)
    shapes = [f'<path d="{_star_path(STAR_MM * diameter_mm / 42)}"/>'] if star else []
    shapes += [_glyph(letter) for letter in letters]
    ring = radius - RING_MM / 2
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{diameter_mm:g}mm" '
        f'height="{diameter_mm:g}mm" viewBox="{-radius:g} {-radius:g} {diameter_mm:g} '
        f'{diameter_mm:g}"><title>{escape(name + centre_line)}</title>'
        f'<circle r="{ring:g}" fill="none" stroke="{RED}" stroke-width="{RING_MM:g}"/>'
        f'<g fill="{RED}">{"".join(shapes)}</g></svg>'
    )


def seal_pdf(svg: str) -> bytes:
    """The impression as one vector page of its own size, multiplied onto what lies under it.

    The same SVG gives the same bytes. Text under the seal stays readable, as under ink.
    """
    source = b"""#set document(date: none)
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#image(bytes(sys.inputs.svg), format: "svg")"""
    page = typst.compile(source, format="pdf", sys_inputs={"svg": svg}, ignore_system_fonts=True)
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(page)) as pdf:
        first = pdf.pages[0]
        mode = pikepdf.Dictionary(Type=pikepdf.Name.ExtGState, BM=pikepdf.Name.Multiply)
        first.add_resource(mode, pikepdf.Name.ExtGState, pikepdf.Name.Ink)
        first.contents_add(b"/Ink gs\n", prepend=True)
        pdf.save(out, deterministic_id=True)
    return out.getvalue()


def _check_name(text: str, length: int) -> None:
    bare = [char for char in text if char not in characters("song")]
    if length < 2 or length > LONGEST_NAME or bare:
        detail = "、".join(bare) or f"{length} 字"
        raise Invalid(
            "seals.name",
            f"印章名称无法刻制（{detail}）：须为 2 至 {LONGEST_NAME} 个可显示的汉字。",
            f"This seal name cannot be drawn ({detail}); give 2 to {LONGEST_NAME} characters.",
        )


def _ring(name: str, radius: float, widest: float) -> list[_Letter]:
    """The name around the ring, upright at the top: short names stand apart, long ones narrow."""
    count = len(name)
    outer = radius - RING_MM - radius * 0.05
    height = radius * (0.285 if count <= 14 else 0.265)
    middle = outer - height / 2
    step = min(widest / max(count - 1, 1), 30.0 - count * 0.35)
    room = math.radians(step) * (outer - height)
    width = min(height * 0.82, max(room * 1.02, height * 0.4))
    letters = []
    for index, char in enumerate(name):
        angle = math.radians((index - (count - 1) / 2) * step)
        x, y = middle * math.sin(angle), -middle * math.cos(angle)
        letters.append(_Letter(char, width, height, x, y, angle))
    return letters


def _straight(text: str, y: float, radius: float, height: float) -> list[_Letter]:
    room = 2 * math.sqrt((radius * 0.88) ** 2 - (y + height / 2) ** 2)
    pitch = min(height * 1.08, room / len(text))
    return [
        _Letter(char, pitch * 0.92, height, (index - (len(text) - 1) / 2) * pitch, y)
        for index, char in enumerate(text)
    ]


def _star_path(diameter: float) -> str:
    """A five-pointed star around the centre, one point up."""
    inner = diameter / 2 * math.sin(math.pi / 10) / math.sin(math.pi * 7 / 10)
    points = []
    for index in range(10):
        size = inner if index % 2 else diameter / 2
        angle = index * math.pi / 5
        points.append(f"{size * math.sin(angle):.3f},{-size * math.cos(angle):.3f}")
    return "M" + "L".join(points) + "Z"


@cache
def _font(face: str) -> tuple[Any, dict[int, str]]:
    """The glyphs of a face and which character is which; read once, no file stays open."""
    font = TTFont(io.BytesIO(FACES[face].read_bytes()))
    return font.getGlyphSet(), font.getBestCmap()


@cache
def _outline(char: str) -> str:
    """The path of a character in the units of its font."""
    glyphs, names = _font("heavy" if char in characters("heavy") else "song")
    pen = SVGPathPen(glyphs)
    glyphs[names[ord(char)]].draw(pen)
    return str(pen.getCommands())


def _glyph(letter: _Letter) -> str:
    """The character at its place: scaled, turned, moved, and the y axis pointing down."""
    scale_x, scale_y = letter.width / _UNIT, letter.height / (_HIGH - _LOW)
    cos, sin = math.cos(letter.angle), math.sin(letter.angle)
    shift_x, shift_y = -_UNIT / 2 * scale_x, (_HIGH + _LOW) / 2 * scale_y
    matrix = (
        scale_x * cos,
        scale_x * sin,
        scale_y * sin,
        -scale_y * cos,
        letter.x + shift_x * cos - shift_y * sin,
        letter.y + shift_x * sin + shift_y * cos,
    )
    place = " ".join(f"{value:.6f}" for value in matrix)
    return f'<path transform="matrix({place})" d="{_outline(letter.char)}"/>'
