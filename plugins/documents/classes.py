"""Which units are of one class: what stands together in the picker, and in the line of recipients.

Organs of the same level and kind are joined by 、 and classes by ， as in 市委办发〔2008〕91号:
各县（区）委、县（区）人民政府，市直及省属驻张各部门、各单位.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

from kernel.api import Unit, _l, units

OFFICES = ("office_party", "office_gov", "office_npc", "office_cppcc")
KINDS = (
    (_l("四大班子办公室"), OFFICES),
    (_l("市委部门"), ("party_dept", "discipline")),
    (_l("市政府部门"), ("gov_dept", "platform_operator")),
    (_l("法院、检察院"), ("court", "procuratorate")),
    (_l("群众团体"), ("mass_org",)),
    (_l("事业单位"), ("institution",)),
    (_l("省属驻张单位"), ("provincial_in_city", "central_in_city", "military")),
)
"""The heads under which the units of the city are chosen."""
_LEADING = (*OFFICES, "party_committee", "government", "npc", "cppcc")
_HEADS = {kind: kinds[0] for _title, kinds in KINDS for kind in kinds}

Class = tuple[str, str]


def joined(chosen: Sequence[tuple[str, str]]) -> str:
    """The names in their order, with the sign that belongs between each two.

    :param chosen: the value of each recipient, a code or a group, and the name that is printed.
    """
    known = _classes(value for value, _name in chosen)
    line = [name for _value, name in chosen[:1]]
    for (before, _name), (value, name) in pairwise(chosen):
        alike = known.get(value) is not None and known.get(value) == known.get(before)
        # Where a name has the sign itself, it cannot also stand between the names.
        within = alike and "、" not in f"{_name}{name}"
        line += ["、" if within else "，", name]
    return "".join(line)


def _classes(values: Iterable[str]) -> dict[str, Class | None]:
    wanted = list(values)
    found: dict[str, Class | None] = {
        unit.code: _class(unit) for unit in Unit.select().where(Unit.code.in_(wanted))
    }
    return {value: found[value] if value in found else _of_group(value) for value in wanted}


def _class(unit: Unit) -> Class:
    if unit.kind in _LEADING:
        return unit.level, OFFICES[0]
    return unit.level, _HEADS.get(unit.kind, unit.kind) if unit.level == "city" else ""


def _of_group(name: str) -> Class | None:
    """That of all its members; None where they are of several, or there is no such group."""
    group = units.group_by_name(name)
    if group is None:
        return None
    members = Unit.select().where(Unit.code.in_(units.members(group)))
    found = {_class(unit) for unit in members}
    return found.pop() if len(found) == 1 else None
