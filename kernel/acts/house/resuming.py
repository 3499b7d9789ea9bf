"""Going on after a restore: a new epoch of the log, and two persons who say what is known."""

from __future__ import annotations

from kernel.acts import hold, numbers
from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.errors import Conflict, NotFound
from kernel.identity.desk import Desk, ServiceDesk
from kernel.identity.epoch import epoch
from kernel.identity.models import Credential, NodeFact, Session


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
    NodeFact.write("epoch", epoch() + 1)


def state() -> str:
    """The digest of why the node is held: both persons sign the same. Empty if it is not held."""
    facts = hold.held()
    return "" if facts is None else canonical.digest(canonical.dumps(facts))


def _known(desk: Desk, *, held: str, revoked: list[str], highest: dict[str, int]) -> None:
    if not held or held != state():
        raise Conflict(
            "node.not_held",
            "恢复状态已变化或已恢复运行，请刷新“恢复运行”页面后再办理。",
            "The node is not held any more, or for another reason; reload the page Resume.",
        )
    for series in highest:
        numbers.check_series(series)
    there = Credential.select().where(Credential.uid.in_(revoked)).count()
    if there != len(set(revoked)):
        raise NotFound("keys.unknown", "没有找到其中的插件。", "One of these keys is not known.")


def _consequence(
    desk: Desk, subject: None = None, *, held: str, revoked: list[str], highest: dict[str, int]
) -> str:
    return (
        f"将恢复签名办理：停用 {len(revoked)} 个插件，{len(highest)} 个编号序列跳过已发出的号"
        "（登记为作废，不再使用）。"
    )


@act(
    "house.resume",
    title="恢复运行",
    title_en="Resume",
    level="resume",
    weight="signed",
    people=2,
    check=_known,
    confirm=_consequence,
)
def resume(desk: Desk, *, held: str, revoked: list[str], highest: dict[str, int]) -> None:
    """Let a held node sign again, when two persons have said what happened since the backup.

    :param held: what :func:`state` gave when the page was shown.
    :param revoked: the uids of the keys that were revoked since.
    :param highest: series of numbers (:func:`kernel.acts.numbers.marks`), the highest given out.
    """
    facts = hold.held() or {}
    Credential.update(revoked=now()).where(
        Credential.uid.in_(revoked) & Credential.revoked.is_null()
    ).execute()
    Session.update(ended=now()).where(Session.credential.in_(revoked)).execute()
    seen: dict[str, int] = facts.get("numbers", {})
    for series in sorted({*seen, *highest}):
        numbers.move_past(series, max(seen.get(series, 0), highest.get(series, 0)), this_act())
    if facts.get("why") != "restored":
        NodeFact.write("epoch", int(facts.get("epoch", epoch())) + 1)
    NodeFact.delete().where(NodeFact.key == hold.FACT).execute()
