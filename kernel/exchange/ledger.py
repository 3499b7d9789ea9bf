"""Holding the exchange against the log: evidence that was altered or lost is named."""

from __future__ import annotations

from collections.abc import Iterator

from kernel.crypto import canonical
from kernel.exchange.models import Delivery, Evidence, Rejection
from kernel.storage import log
from kernel.storage.database import connection
from kernel.storage.log_check import stored_bytes

PROOF = {
    "delivered": {"D1"},
    "signed": {"C1"},
    "returned": {"C2"},
    "recalled": {"X2", "X4"},
    "failed": {"D2"},
}
"""The evidence without which a delivery cannot be in a state: one of these."""


def reconcile() -> Iterator[tuple[str, str]]:
    """Compare evidence with its leaves, and states with their evidence, for ``log verify``."""
    leaves = log.leaves("evidence")
    proved: dict[tuple[str, str, str], set[str]] = {}
    with connection():
        for row in Evidence.select().order_by(Evidence.id).iterator():
            if not row.conflict:
                proved.setdefault((row.package_id, row.organ, row.delivery), set()).add(row.type)
            said = leaves.pop(row.uid, None)
            if said is None:
                yield f"evidence {row.uid}", "has no leaf in the log"
            elif said.get("digest") != canonical.digest(stored_bytes(row.record)):
                yield f"evidence {row.uid}", "was altered after it was recorded"
        for row in Delivery.select().order_by(Delivery.id).iterator():
            shown = proved.get((row.package_id, row.organ, row.copy_uid), set())
            if not shown & PROOF[row.state]:
                yield f"delivery {row.uid}", f"is {row.state} without evidence of it"
        for refused in Rejection.select().order_by(Rejection.id).iterator():
            said = leaves.pop(refused.uid, None)
            if said is None or said.get("digest") != canonical.digest(stored_bytes(refused.record)):
                yield f"rejection {refused.uid}", "is not what the log says"
    for uid in leaves:
        yield f"evidence {uid}", "stands in the log, but its row is gone"
