"""Advancing the rollout: the next phase connects the units whose turn has come."""

from __future__ import annotations

from kernel.acts.verbs import act
from kernel.errors import Conflict
from kernel.identity.desk import Desk
from kernel.identity.models import NodeFact, Unit
from kernel.identity.phases import PHASE, TITLES, node_phase
from kernel.storage.database import exclusive


def _forward(desk: Desk, *, phase: int) -> None:
    if phase not in TITLES or phase <= node_phase():
        raise Conflict(
            "rollout.backwards",
            f"当前是第{node_phase()}阶段，只能向后推进，不能退回。",
            f"The node is in phase {node_phase()}; it only goes forward.",
        )


def _consequence(desk: Desk, subject: None = None, *, phase: int) -> tuple[str, str]:
    units = Unit.select().where(Unit.box & Unit.rollout.between(node_phase() + 1, phase)).count()
    zh, en = TITLES[phase]
    return (
        f"将进入第{phase}阶段（{zh}），新接入 {units} 个单位，不能退回。",
        f"Phase {phase} ({en}) begins and connects {units} more units; there is no way back.",
    )


@act(
    "house.advance",
    title="推进接入阶段",
    title_en="Advance the rollout",
    level="rollout",
    weight="signed",
    people=2,
    check=_forward,
    confirm=_consequence,
)
def advance(desk: Desk, *, phase: int) -> None:
    """Take the node into a later phase; units whose turn has come are connected."""
    exclusive("house.advance")
    _forward(desk, phase=phase)
    NodeFact.write(PHASE, phase)
