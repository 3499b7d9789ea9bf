"""How the recipients of a draft stand to its issuer: what the rules on direction need to know."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from kernel.api import Unit, units


class Relations(Struct, frozen=True):
    """Names only, for the sentences.

    :ivar upward: main recipients above the issuer. :ivar passed_over: direct superiors on the way
        to a main recipient that are skipped and get no copy. :ivar below: recipients of copies
        that are subordinate to the issuer. :ivar unknown: names that are no unit and no group.
    """

    upward: tuple[str, ...] = ()
    passed_over: tuple[str, ...] = ()
    below: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()


def relations(issuer: str, main: Iterable[str], cc: Iterable[str]) -> Relations:
    """Look the recipients up. A group never counts as upward: superiors are named."""
    above, direct = units.above(issuer), units.superiors(issuer)
    to = {name: units.by_name(name) for name in main if units.group_by_name(name) is None}
    copies = {name: units.by_name(name) for name in cc if units.group_by_name(name) is None}
    upward = [unit for unit in to.values() if unit is not None and _bodies(unit) & above]
    skipped = [unit for unit in upward if not _bodies(unit) & direct]
    between = {code for code in direct for unit in skipped if _bodies(unit) & units.above(code)}
    reached = {code for unit in copies.values() if unit is not None for code in _bodies(unit)}
    return Relations(
        upward=tuple(unit.short_name for unit in upward),
        passed_over=tuple(_name(code) for code in sorted(between - reached)),
        below=_below(issuer, copies) if upward else (),
        unknown=tuple(name for name, unit in {**to, **copies}.items() if unit is None),
    )


def _bodies(unit: Unit) -> set[str]:
    """The unit, and the body whose office it is: what goes to the office is meant for the body."""
    return {code for code in (unit.code, unit.office_of) if code}


def _below(issuer: str, copies: dict[str, Unit | None]) -> tuple[str, ...]:
    found = [unit for unit in copies.values() if unit is not None]
    return tuple(unit.short_name for unit in found if issuer in units.above(unit.code))


def _name(code: str) -> str:
    unit = Unit.get_or_none(Unit.code == code)
    return str(unit.short_name) if unit is not None else code
