"""The facts that a node is founded with: units, groups, people, number series.

A folder of reference data holds ``node.toml``, ``organisations.json``, ``groups.json`` and
``people.json``; ``data/reference/zhangye`` is the demonstration.
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kernel.errors import Invalid
from kernel.settings import REFERENCE

ZHANGYE = REFERENCE / "zhangye"
Facts = dict[str, Any]


class Reference(Struct, frozen=True):
    """What stands in a folder of reference data.

    :ivar name: the name of the node. :ivar series: ``{organ, name, value}``: a series of this
        year goes on at that value, because the numbers before it were given on paper.
    :ivar early: codes of the units whose clerks have signed for what came in when a demo begins.
    """

    folder: Path
    name: str
    early: list[str]
    series: list[Facts]
    units: list[Facts]
    groups: list[Facts]
    people: list[Facts]

    def only(self, codes: Collection[str]) -> Reference:
        """The same with these units alone: for small nodes and tests."""
        return replace(
            self,
            series=[one for one in self.series if one["organ"] in codes],
            units=[one for one in self.units if one["code"] in codes],
            groups=[_within(one, codes) for one in self.groups],
            people=[one for one in self.people if one["unit"] in codes],
        )


def read(folder: Path = ZHANGYE) -> Reference:
    """Read a folder of reference data.

    :raises Invalid: ``reference.people`` when somebody works in a unit that is not there, or an
        exchange box has no clerk.
    """
    node = tomllib.loads((folder / "node.toml").read_text("utf-8"))
    found = Reference(
        folder=folder,
        name=node["name"],
        early=node.get("early", []),
        series=node.get("series", []),
        units=_json(folder / "organisations.json")["units"],
        groups=_json(folder / "groups.json"),
        people=_json(folder / "people.json"),
    )
    _check(found)
    return found


def organ_of(unit: Facts) -> str:
    """The organ that a unit belongs to: itself, or the parent of a section."""
    return str(unit["parent"] if unit["kind"] == "section" else unit["code"])


def _json(file: Path) -> Any:  # whatever stands in the file
    return json.loads(file.read_text("utf-8"))


def _within(group: Facts, codes: Collection[str]) -> Facts:
    return {**group, "members": [code for code in group.get("members", []) if code in codes]}


def _check(reference: Reference) -> None:
    organs = {unit["code"]: organ_of(unit) for unit in reference.units}
    strangers = [one["name"] for one in reference.people if one["unit"] not in organs]
    served = {
        organs[one["unit"]]
        for one in reference.people
        if one["unit"] in organs and "document_clerk" in one["roles"]
    }
    boxes = {unit["code"] for unit in reference.units if unit.get("exchange_box")}
    if wrong := [*strangers, *sorted(boxes - served)]:
        raise Invalid(
            "reference.people",
            f"参考数据不完整：{'、'.join(wrong)}（人员没有单位，或交换箱没有文档员）。请补全后重新建立节点。",
            f"The reference data is not whole: {', '.join(wrong)} (a person without a unit, or an "
            "exchange box without a clerk). Complete it and found the node again.",
        )
