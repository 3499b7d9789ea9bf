"""Advancing the rollout: the next phase connects the units whose turn has come."""

from __future__ import annotations

from kernel.acts.verbs import act
from kernel.errors import Conflict
from kernel.identity.desk import Desk
from kernel.identity.models import NodeFact
from kernel.identity.phases import TITLES, node_phase


def _forward(desk: Desk, *, phase: int) -> None:
    if phase not in TITLES or phase <= node_phase():
        raise Conflict(
            "rollout.backwards",
            f"当前是第{node_phase()}阶段，只能向后推进，不能退回。",
            f"The node is in phase {node_phase()}; it only goes forward.",
        )


@act(
    "house.advance",
    title="推进接入阶段",
    title_en="Advance the rollout",
    level="rollout",
    weight="signed",
    people=2,
    check=_forward,
)
def advance(desk: Desk, *, phase: int) -> None:
    """Take the node into a later phase; units whose turn has come are connected."""
    NodeFact.write("phase", phase)
