"""The phases of the rollout: 1 trial with paper in parallel, 2 formal, 3 full.

The founding notice (市委办发〔2008〕91号, part two) connects units phase by phase. A unit is
connected once the node has reached the phase in which its turn comes.
"""

from __future__ import annotations

from typing import Any

from kernel.errors import Refused
from kernel.identity.models import NodeFact, Unit
from kernel.storage.remembered import remembered
from kernel.storage.writing import Ready

TITLES = {
    1: ("试运行（双轨）", "Trial, paper in parallel"),
    2: ("正式运行", "Formal operation"),
    3: ("全面应用", "Full operation"),
}


PHASE = "phase"
"""The fact that says which phase the node has reached; the first one unless it is there."""
_ROLLOUT = Ready(
    lambda code: Unit.select(
        Unit.rollout, NodeFact.select(NodeFact.value).where(NodeFact.key == PHASE).alias("phase")
    ).where(Unit.code == code)
)


def node_phase() -> int:
    """The phase that the node has reached."""
    reached = NodeFact.lasting(PHASE)
    return 1 if reached is None else int(reached)


def connected(unit: Unit) -> bool:
    """Whether the unit's turn has come."""
    return 0 < unit.rollout <= node_phase()


def phase_of(unit: Unit) -> int:
    """The phase that the unit is in; 0 before it is connected. Sections follow their organ."""
    return phase_at(unit.organ)


@remembered(Unit, NodeFact)
def phase_at(organ: str) -> int:
    """The phase that the organ with this code is in; 0 before it is connected.

    :raises NotFound: ``units.unknown``.
    """
    rollout, said = _ROLLOUT.first(organ) or (Unit.by_code(organ).rollout, None)
    read: Any = NodeFact.value
    reached = 1 if said is None else int(read.python_value(said))
    return reached if 0 < rollout <= reached else 0


def organ_of(unit: Unit) -> Unit:
    """The organ that a unit is, or belongs to."""
    return unit if unit.is_organ else Unit.by_code(unit.organ)


def require_connected(organ: Unit) -> None:
    """Refuse with ``units.not_connected`` if the turn of the organ has not come."""
    if not connected(organ):
        raise Refused(
            "units.not_connected",
            f"{organ.name}将在第{organ.rollout or '后续'}阶段接入，现在还不"
            "能使用本系统。请先按原来的方式（纸质、机要）往来，接入时间请向"
            "系统管理员了解。",
            f"{organ.name} is connected in phase {organ.rollout or 'later'},"
            " not yet. Go on by paper until then, and ask the system "
            "administrator when that will be.",
        )
