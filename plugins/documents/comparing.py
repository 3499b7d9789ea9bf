"""What changed between two versions (花脸稿): word by word, in Chinese by characters."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from kernel.api import Lazy, Unit, _l, pattern

Kind = Literal["same", "ins", "del"]
MOST_STEPS = 4_000_000
"""Tokens of one side times those of the other; beyond it whole sentences or blocks are compared."""
_ISLAND = 2
"""Two equal characters between two changes are no help to the reader: they change with them."""
_TOKEN = pattern(r"[A-Za-z0-9]+|\s+|.", re.S)
_SENTENCE = pattern(r"[^。；！？]*[。；！？]?")
_LABELS = {
    "type": _l("文种"),
    "urgency": _l("紧急程度"),
    "title": _l("标题"),
    "main_text": _l("主送机关的写法"),
    "main": _l("主送机关"),
    "body": _l("正文"),
    "attachments": _l("附件"),
    "cc": _l("抄送机关"),
    "annotation": _l("附注"),
    "disclosure": _l("公开属性"),
    "disclosure_reason": _l("不予公开的理由"),
}


class Piece(Struct, frozen=True):
    """A run of text that stayed, came or went."""

    kind: Kind
    text: str


Line = tuple[Piece, ...]


class Changed(Struct, frozen=True):
    """One element that differs, paragraph by paragraph; long stretches that stayed are left out."""

    label: Lazy
    lines: tuple[Line | None, ...]
    """None stands for paragraphs that stayed."""


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Changed]:
    """The elements that differ, in the order of the page."""
    found = []
    for name, label in _LABELS.items():
        old, new = _lines(name, before.get(name)), _lines(name, after.get(name))
        if old != new:
            found.append(Changed(label, tuple(_folded(list(paragraphs(old, new))))))
    return found


def _lines(name: str, value: Any) -> list[str]:
    if name == "attachments":
        return [line for one in value or () for line in _attachment(one)]
    if name == "main":
        units = Unit.select(Unit.code, Unit.name).where(Unit.code.in_(list(value or ())))
        names = {str(unit.code): str(unit.name) for unit in units}
        return [names.get(one, one) for one in value or ()]
    if isinstance(value, list):
        return [str(one) for one in value]
    return [str(value)] if value else []


def _attachment(one: Mapping[str, Any]) -> Iterator[str]:
    yield f"附件：{one.get('title', '')}"
    yield from map(str, one.get("paragraphs", ()))
    for row in (one.get("columns", ()), *one.get("rows", ())):
        if row:
            yield " | ".join(map(str, row))


def paragraphs(old: Sequence[str], new: Sequence[str]) -> Iterator[Line]:
    """Two texts as one, with what came and what went."""
    for tag, a, b, c, d in _steps(old, new):
        if tag == "equal":
            yield from ((Piece("same", text),) for text in old[a:b])
            continue
        left, right = old[a:b], new[c:d]
        for n in range(max(len(left), len(right))):
            if n < len(left) and n < len(right):
                yield words(left[n], right[n])
            elif n < len(left):
                yield (Piece("del", left[n]),)
            else:
                yield (Piece("ins", right[n]),)


def words(old: str, new: str) -> Line:
    """One paragraph, by characters and words; two that have little in common stand whole."""
    pattern = _SENTENCE if len(old) * len(new) > MOST_STEPS else _TOKEN
    left, right = pattern.findall(old), pattern.findall(new)
    pieces: list[Piece] = []
    for tag, a, b, c, d in _steps(left, right):
        if tag == "equal":
            pieces.append(Piece("same", "".join(left[a:b])))
            continue
        if a < b:
            pieces.append(Piece("del", "".join(left[a:b])))
        if c < d:
            pieces.append(Piece("ins", "".join(right[c:d])))
    same = sum(len(one.text) for one in pieces if one.kind == "same")
    if same * 4 < max(len(old), len(new)):
        return (Piece("del", old), Piece("ins", new))
    return tuple(_joined(pieces))


def _steps(left: Sequence[str], right: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    if len(left) * len(right) > MOST_STEPS:
        return [("replace", 0, len(left), 0, len(right))]
    from difflib import SequenceMatcher  # here, because versions are seldom compared

    found: list[tuple[str, int, int, int, int]] = []
    for step in SequenceMatcher(None, left, right, autojunk=False).get_opcodes():
        found.append((str(step[0]), *step[1:]))
    return found


def _joined(pieces: Sequence[Piece]) -> Iterator[Piece]:
    """Small islands between changes become part of them, so that phrases stay readable."""
    gone = came = ""
    for n, one in enumerate(pieces):
        island = one.kind == "same" and len(one.text) <= _ISLAND and 0 < n < len(pieces) - 1
        if one.kind == "del" or island:
            gone += one.text
        if one.kind == "ins" or island:
            came += one.text
        if one.kind == "same" and not island:
            yield from _changes(gone, came)
            gone = came = ""
            yield one
    yield from _changes(gone, came)


def _changes(gone: str, came: str) -> Iterator[Piece]:
    if gone:
        yield Piece("del", gone)
    if came:
        yield Piece("ins", came)


def _folded(lines: list[Line]) -> Iterator[Line | None]:
    """Of what stayed, the paragraph before and after each change is enough to find the place."""
    changed = [any(one.kind != "same" for one in line) for line in lines]
    near = [any(changed[max(n - 1, 0) : n + 2]) for n in range(len(lines))]
    for n, line in enumerate(lines):
        if near[n]:
            yield line
        elif n == 0 or near[n - 1]:
            yield None
