"""States in words, and the tree of recipients."""

from __future__ import annotations

from datetime import date

from kernel.api import Branch, Leaf, Unit, UnitGroup, _, _l, connected, date_cn, language
from plugins.documents.acts.writing import outgoing
from plugins.documents.classes import KINDS
from plugins.documents.models import DISCARDED, SENT, Document

_ENDED = {SENT: _l("已发出"), DISCARDED: _l("已作废")}


def state_name(document: Document) -> str:
    """Where it stands, in words."""
    if document.claim:
        return _("正在用印")
    if document.state in _ENDED:
        return str(_ENDED[document.state])
    return outgoing().step(document.state).name(language())


def issued_on(document: Document) -> str:
    """The day of issue as the reader writes dates; the document itself keeps that of GB/T 9704."""
    return date_cn(date.fromisoformat(document.issued)) if document.issued else ""


def recipient_tree() -> list[Branch]:
    """Groups first, then the connected units of the city by kind, then each county's."""
    boxes = [unit for unit in Unit.ranked().where(Unit.box) if connected(unit)]
    city = [unit for unit in boxes if unit.level == "city"]
    branches = [Branch(_("常用统称"), _groups(), open=True, whole=False)]
    for title, kinds in KINDS:
        branches.append(Branch(str(title), _leaves([one for one in city if one.kind in kinds])))
    known = {kind for _title, kinds in KINDS for kind in kinds}
    rest = [unit for unit in city if unit.kind not in known]
    branches.append(Branch(_("其他市级单位"), _leaves(rest)))
    branches += _counties([unit for unit in boxes if unit.level != "city"])
    return [branch for branch in branches if branch.leaves]


def offered() -> dict[str, str]:
    """Everything that can be chosen as a recipient, by value, with its name."""
    return {leaf.value: str(leaf.label) for branch in recipient_tree() for leaf in branch.leaves}


def _groups() -> tuple[Leaf, ...]:
    return tuple(Leaf(one.name, one.name) for one in UnitGroup.select().order_by(UnitGroup.id))


def _leaves(found: list[Unit]) -> tuple[Leaf, ...]:
    return tuple(
        Leaf(one.code, one.name, " ".join([one.short_name, *one.aliases])) for one in found
    )


def _counties(found: list[Unit]) -> list[Branch]:
    names = {one.code: one.name for one in Unit.select().where(Unit.kind == "county")}
    codes = list(dict.fromkeys(unit.code[:6] for unit in found))
    return [
        Branch(names.get(code, code), _leaves([one for one in found if one.code[:6] == code]))
        for code in codes
    ]
