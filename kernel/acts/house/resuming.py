"""After a restore: a new epoch of the log, in which the node is held.

How two persons let it go on is :mod:`kernel.seals.resuming`.
"""

from __future__ import annotations

from kernel.acts import hold
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.identity.desk import ServiceDesk
from kernel.identity.epoch import epoch
from kernel.identity.models import NodeFact


@act(
    "house.restored",
    title="从备份恢复",
    title_en="Restored from a backup",
    level="none",
    weight="signed",
    by="node",
)
def restored(desk: ServiceDesk, *, continues: str, backup: str) -> None:
    """Open the next epoch of the log, and hold the node.

    :param continues: the checkpoint of the epoch before that the log goes on from.
    :param backup: when the backup was made.
    """
    hold.begin("restored")
    # Later than any that was noted outside: the same backup may have been restored before.
    NodeFact.write("epoch", max(epoch(), int((hold.held() or {}).get("epoch", 0))) + 1)


def state() -> str:
    """The digest of why the node is held: both persons sign the same. Empty if it is not held."""
    facts = hold.held()
    return "" if facts is None else canonical.digest(canonical.dumps(facts))
