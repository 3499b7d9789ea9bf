"""The name of the node's log. A restored node opens a new epoch of it (security, decision 6)."""

from __future__ import annotations

from kernel.identity.models import NodeFact


def epoch() -> int:
    """Which epoch the log is in; 1 until the node is restored for the first time."""
    return int(NodeFact.read("epoch", 1))


def log_origin() -> str:
    """``juyan/<node>/<epoch>``: who signs checkpoints, and what evidence names as its log."""
    wanted = NodeFact.select().where(NodeFact.key.in_(["uid", "epoch"]))
    facts = {row.key: row.value for row in wanted}
    return f"juyan/{facts.get('uid', 'node')}/{facts.get('epoch', 1)}"
