"""The tree of units: finding, groups, offices, and the direction of a document."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal

from kernel.errors import Invalid
from kernel.identity.models import Look, Unit, UnitGroup, UnitTie

Direction = Literal["upward", "downward", "lateral"]
LEAST = 4
"""Characters that the end of a name needs to stand for the whole."""


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).replace(" ", "")


def by_name(name: str) -> Unit | None:
    """The unit with this code, full name, short name or registered alias; None if there is none.

    A full name without its region counts where only one box has it: 市人大常委会办公室.
    """
    found: Unit | None = Unit.get_or_none((Unit.code == name) | (Unit.name == name))
    if found is not None:
        return found
    wanted = _fold(name)
    near: list[Unit] = []
    for unit in Unit.select():
        if wanted in {_fold(one) for one in (unit.name, unit.short_name, *unit.aliases)}:
            return unit
        if unit.box and _fold(unit.name).endswith(wanted):
            near.append(unit)
    return near[0] if len(near) == 1 and len(wanted) >= LEAST else None


def group_by_name(name: str) -> UnitGroup | None:
    """The group with this name or alias; None if there is none."""
    wanted = _fold(name)
    for group in UnitGroup.select():
        if wanted in {_fold(one) for one in (group.name, *group.aliases)}:
            return group
    return None


def letterhead(unit: Unit) -> str:
    """发文机关标志: the full name, or the short one that the organ has set, mostly with 文件.

    GB/T 9704-2012, 7.2.4: 由发文机关全称或者规范化简称加“文件”二字组成，也可以使用发文机关全称
    或者规范化简称.
    """
    look = Look.get_or_none(Look.organ == unit.code)
    name = look.letter_name if look is not None and look.letter_name else unit.name
    return name if look is not None and look.letter_bare else f"{name}文件"


def members(group: UnitGroup) -> list[str]:
    """The codes that a group stands for, included groups expanded, in the group's order."""
    codes = list(group.members)
    for name in group.includes:
        inner = UnitGroup.get(UnitGroup.name == name)
        codes += [code for code in members(inner) if code not in codes]
    return list(dict.fromkeys(codes))


def box_of(unit: Unit) -> Unit | None:
    """The exchange box that receives for a unit: its own, or that of the office of the body."""
    if unit.box:
        return unit
    office: Unit | None = Unit.get_or_none((Unit.office_of == unit.code) & Unit.box)
    return office


def expand(names: Iterable[str], *, sender: str, field: str = "main") -> list[str]:
    """Turn names of units and groups into the codes of exchange boxes, without the sender's own.

    :raises Invalid: ``units.no_recipient`` names every entry that is no unit, group or box.
    """
    codes: list[str] = []
    wrong: list[str] = []
    for name in names:
        group = group_by_name(name)
        unit = None if group else by_name(name)
        if group is not None:
            codes += members(group)
        elif unit is not None and (box := box_of(unit)) is not None:
            codes.append(box.code)
        else:
            wrong.append(name)
    if wrong:
        raise Invalid(
            "units.no_recipient",
            f"找不到这些收文单位或其交换箱：{'、'.join(wrong)}。请从单位列表或群组中选择。",
            f"No exchange box is known for: {', '.join(wrong)}. Choose from the units or groups.",
            field=field,
        )
    return [code for code in dict.fromkeys(codes) if code != sender]


def superiors(code: str) -> set[str]:
    """The direct superiors of a unit by the line of command."""
    ties = UnitTie.select(UnitTie.to).where((UnitTie.unit == code) & (UnitTie.kind == "superior"))
    return {tie.to for tie in ties}


def above(code: str) -> set[str]:
    """Every unit above this one by the line of command, near and far."""
    found: set[str] = set()
    todo = {code}
    while todo:
        todo = {up for one in todo for up in superiors(one)} - found
        found |= todo
    return found


def direction(sender: str, recipient: str) -> Direction:
    """Whether a document goes up, down or across, from the line of command (条例 art. 14)."""
    if recipient in above(sender):
        return "upward"
    return "downward" if sender in above(recipient) else "lateral"
