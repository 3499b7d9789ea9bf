"""The facts of the node against the acts that set them: its name, its phase, whether it is held."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import peewee

from kernel.acts import hold, notices
from kernel.acts.deeds import agreed, deeds
from kernel.acts.house import generating
from kernel.acts.models import Act
from kernel.crypto.note import read_checkpoint
from kernel.errors import OfficeError
from kernel.identity.models import NodeFact
from kernel.identity.phases import PHASE
from kernel.storage.comparing import Found, Step, differs, rows_of, uncounted
from kernel.storage.database import snapshot
from kernel.storage.log import log_key
from kernel.storage.models import LogCheckpoint
from kernel.storage.notes import epoch_of, notebook

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
        restores = [one.id for one in deeds("house.restored")]
        resumes = [two.id for _, two in agreed("house.resume")]
        restored, resumed = max(restores, default=0), max(resumes, default=0)
        seen = max(_seen(), 1)
    for key, value in said.items():
        if rows.get(key) != value:
            yield f"node fact {key}", differs(NAMES[key], rows.get(key), value)
    if restored > resumed and hold.FACT not in rows:
        yield f"node fact {hold.FACT}", _LIFTED
    held = rows.get(hold.FACT)
    by_command = isinstance(held, dict) and held.get("why") == "restored"
    if held is not None and restored <= resumed and (by_command or not isinstance(held, dict)):
        yield f"node fact {hold.FACT}", _HELD_BY_NOBODY
    # Where nothing was noted yet since it was restored, its epoch is a later one.
    epoch, most = rows.get("epoch", 1), seen + len(restores) + len(resumes)
    if not isinstance(epoch, int) or not seen <= epoch <= most:
        yield "node fact epoch", differs(_EPOCH, epoch, seen)
    yield from _of_machinery(rows)
    step(len(rows))


_EPOCH = ("日志纪元", "the epoch of the log")
_OTHERS = {hold.FACT, hold.NOTED, "epoch", notices.UNTIL, generating.FACT}
"""Facts that parts of the program keep for themselves, beside those that acts say."""


def _seen() -> int:
    """The newest epoch of which a signed checkpoint speaks, here or outside; 0 without any."""
    origins = LogCheckpoint.select(peewee.fn.MAX(LogCheckpoint.id)).group_by(LogCheckpoint.origin)
    noted = notebook().newest if notebook.filled else None
    newest = 0 if noted is None else epoch_of(noted.origin)
    for row in rows_of(LogCheckpoint, where=[LogCheckpoint.id.in_(origins)]):
        with suppress(OfficeError, TypeError, ValueError):
            read_checkpoint(str(row["note"]), str(row["origin"]), log_key().public)
            newest = max(newest, epoch_of(str(row["origin"])))
    return newest


def _of_machinery(rows: dict[str, Any]) -> Iterator[Found]:
    """What was made up for measuring; how far the clock has told of; and what nobody writes."""
    said, made = generating.declared(), rows.get(generating.FACT)
    asked = {name: said[name] for name in _ASKED} if said is not None else None
    shown = {name: made.get(name) for name in _ASKED} if isinstance(made, dict) else made
    if shown != asked:
        name = ("生成数据的情况", "what was said of generated data")
        yield f"node fact {generating.FACT}", differs(name, shown, asked)
    if hold.NOTED in rows and rows[hold.NOTED] is not True:
        yield f"node fact {hold.NOTED}", differs(_NOTED, rows[hold.NOTED], True)
    for key in sorted(rows.keys() - NAMES.keys() - _OTHERS):
        yield f"node fact {key}", _BY_NOBODY


_ASKED = ("seed", "people", "documents", "tasks", "until")
_NOTED = ("库外另存检查点的标记", "the mark that checkpoints are noted outside the database")
_BY_NOBODY = (
    "本系统没有这一项，来历不明，请报安全保密管理员"
    " / no part of this system writes it: tell the security administrator"
)


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
