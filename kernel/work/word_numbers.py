"""Word's automatic numbering, written out as the text that Word shows. Runs in the child only."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from msgspec import Struct, field

from kernel.work import markup

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_DIGITS = "零一二三四五六七八九"
_STEMS = "甲乙丙丁戊己庚辛壬癸"
_ROMAN = (
    *((1000, "m"), (900, "cm"), (500, "d"), (400, "cd"), (100, "c"), (90, "xc"), (50, "l")),
    *((40, "xl"), (10, "x"), (9, "ix"), (5, "v"), (4, "iv"), (1, "i")),
)
LEVELS = 9
LONGEST_MARK = 40
_NOTHING = ("", 0)
Element = Any


def chinese(number: int) -> str:
    """``二十一`` for 21; digits from 100 on, which no document counts to in words."""
    if not 0 < number < 100:
        return str(number)
    tens, ones = divmod(number, 10)
    head = "" if tens == 0 else "十" if tens == 1 else f"{_DIGITS[tens]}十"
    return head + (_DIGITS[ones] if ones else "")


def _letter(number: int) -> str:
    return chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)


def _roman(number: int) -> str:
    found = ""
    for value, sign in _ROMAN:
        count, number = divmod(number, value)
        found += sign * count
    return found


def formatted(number: int, how: str) -> str:
    """A number in one of Word's formats; plain digits for formats that are not known."""
    if how == "none":
        return ""
    if how.startswith(("chinese", "japanese", "taiwanese", "ideographDigital")):
        return chinese(number)
    if how == "ideographTraditional":
        return _STEMS[(number - 1) % 10]
    if how.startswith("decimalEnclosedCircle") and 0 < number <= 20:
        return chr(0x2460 + number - 1)
    letters = {"lowerLetter": _letter, "lowerRoman": _roman}
    if how in letters:
        return letters[how](number)
    if how in ("upperLetter", "upperRoman"):
        return (_letter if how == "upperLetter" else _roman)(number).upper()
    return str(number)


class Level(Struct):
    """One level of a list: how it counts and what stands around its number (``（%2）``)."""

    how: str = "decimal"
    text: str = ""
    start: int = 1


class Numbering(Struct):
    """The lists of a document, counting while its paragraphs are read in order."""

    levels: dict[str, dict[int, Level]] = field(default_factory=dict)
    """By list (numId), by level."""
    styles: dict[str, tuple[str, int]] = field(default_factory=dict)
    """List and level of paragraph styles that number by themselves."""
    _counts: dict[str, dict[int, int]] = field(default_factory=lambda: defaultdict(dict))

    def mark(self, properties: Element | None) -> str:
        """What Word writes before a paragraph with these properties; empty for none."""
        found = self._place(properties)
        if found is None:
            return ""
        number, depth = found
        levels = self.levels.get(number, {})
        level = levels.get(depth)
        if level is None or level.how == "bullet":
            return ""
        counts = self._counts[number]
        counts[depth] = counts.get(depth, level.start - 1) + 1
        for deeper in [one for one in counts if one > depth]:
            del counts[deeper]
        text = level.text
        for n in range(depth + 1):
            one = levels.get(n, Level())
            text = text.replace(f"%{n + 1}", formatted(counts.get(n, one.start), one.how))
        return text

    def _place(self, properties: Element | None) -> tuple[str, int] | None:
        if properties is None:
            return None
        style = properties.find(f"{W}pStyle")
        inherited = self.styles.get(style.get(f"{W}val", "")) if style is not None else None
        own = properties.find(f"{W}numPr")
        if own is None:
            return inherited
        number, depth = _value(own, "numId"), _value(own, "ilvl")
        if number == "0":
            return None
        if not number and inherited is None:
            return None
        return (number or (inherited or ("", 0))[0], _depth(depth))


def _value(parent: Element, name: str) -> str:
    child = parent.find(f"{W}{name}")
    return "" if child is None else str(child.get(f"{W}val", ""))


def _depth(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) == 1 and int(text) < LEVELS else 0


def numbering(members: dict[str, bytes]) -> Numbering:
    """The lists that a document declares; none where it has no numbering."""
    found = Numbering()
    if "word/numbering.xml" in members:
        root = markup.parse(members["word/numbering.xml"])
        shapes = {one.get(f"{W}abstractNumId"): one for one in root.iter(f"{W}abstractNum")}
        for one in root.iter(f"{W}num"):
            shape = shapes.get(_value(one, "abstractNumId"))
            if shape is not None:
                found.levels[str(one.get(f"{W}numId"))] = dict(_levels(shape, one))
    if "word/styles.xml" in members:
        found.styles = _styles(markup.parse(members["word/styles.xml"]))
    return found


def _levels(shape: Element, number: Element) -> Iterator[tuple[int, Level]]:
    starts = {
        _depth(str(one.get(f"{W}ilvl", ""))): _value(one, "startOverride")
        for one in number.iter(f"{W}lvlOverride")
    }
    for one in shape.iter(f"{W}lvl"):
        depth = _depth(str(one.get(f"{W}ilvl", "")))
        start = starts.get(depth) or _value(one, "start")
        begin = int(start) if start.isdecimal() and len(start) < 5 else 1
        text = _value(one, "lvlText")[:LONGEST_MARK]
        yield depth, Level(_value(one, "numFmt") or "decimal", text, begin)


def _styles(root: Element) -> dict[str, tuple[str, int]]:
    found: dict[str, tuple[str, int]] = {}
    parents: dict[str, str] = {}
    for style in root.iter(f"{W}style"):
        name = str(style.get(f"{W}styleId", ""))
        parents[name] = _value(style, "basedOn")
        own = style.find(f"{W}pPr/{W}numPr")
        if own is not None:
            found[name] = (_value(own, "numId"), _depth(_value(own, "ilvl")))
    for name in parents:
        _inherit(name, parents, found)
    return {name: place for name, place in found.items() if place[0] not in ("", "0")}


def _inherit(name: str, parents: dict[str, str], found: dict[str, tuple[str, int]]) -> None:
    """Give a style and those above it what they take from further above; each is walked once."""
    path: list[str] = []
    while name in parents and name not in found:
        found[name] = _NOTHING  # a circle of styles ends where it began
        path.append(name)
        name = parents[name]
    for one in path:
        found[one] = found.get(name, _NOTHING)
