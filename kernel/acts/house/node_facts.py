"""The facts of the node against the acts that set them: its name, its phase, whether it is held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kernel.acts import hold
from kernel.acts.deeds import agreed, deeds
from kernel.acts.models import Act
from kernel.identity.models import NodeFact
from kernel.identity.phases import PHASE
from kernel.storage.comparing import Found, Step, differs, rows_of, uncounted
from kernel.storage.database import snapshot

NAMES = {
    "uid": ("节点编号", "the uid of the node"),
    "name": ("节点名称", "the name of the node"),
    "genesis": ("建立节点时的情况", "what was said of it at its founding"),
    PHASE: ("接入阶段", "the phase"),
}


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Name facts that are not what acts say, and a hold that was lifted by no two persons."""
    with snapshot():
        rows = {row["key"]: row["value"] for row in rows_of(NodeFact)}
        said = _said()
        restored = max((one.id for one in deeds("house.restored")), default=0)
        resumed = max((two.id for _, two in agreed("house.resume")), default=0)
        forward = restored or resumed
    for key, value in said.items():
        if rows.get(key) != value:
            yield f"node fact {key}", differs(NAMES[key], rows.get(key), value)
    if restored > resumed and hold.FACT not in rows:
        yield f"node fact {hold.FACT}", _LIFTED
    held = rows.get(hold.FACT)
    by_command = isinstance(held, dict) and held.get("why") == "restored"
    if held is not None and restored <= resumed and (by_command or not isinstance(held, dict)):
        yield f"node fact {hold.FACT}", _HELD_BY_NOBODY
    if not forward and rows.get("epoch", 1) != 1:
        yield "node fact epoch", differs(("日志纪元", "the epoch of the log"), rows["epoch"], 1)
    step(len(rows))


_HELD_BY_NOBODY = (
    "库中写为从备份恢复后暂停，但没有恢复过，签名办理因此停止；请与备份核对后删除此行"
    " / says that the node was restored and is held, and no act restored it, so that nothing is"
    " signed; compare with a backup and remove the row"
)
_LIFTED = (
    "本节点从备份恢复后，没有经两人确认恢复运行，库中却已没有暂停标记；请停止服务，报安全保密管理员"
    " / was restored from a backup and no two persons let it go on, yet it is not held any more:"
    " stop the service and tell the security administrator"
)


def _said() -> dict[str, Any]:
    founding = next(deeds("house.genesis"), None)
    if founding is None:
        return {}  # its leaf tells that it is gone
    (row,) = rows_of(Act, Act.bytes, where=[Act.uid == founding.uid])
    params = founding.params
    said = {
        "uid": json.loads(row["bytes"])["node"],
        "name": params.get("name"),
        "genesis": {name: params.get(name) for name in ("name", "demo", "admitted")},
        PHASE: 1,
    }
    for one, _ in agreed("house.advance"):
        said[PHASE] = one.params.get("phase")
    return said
