"""The sender asks to take back what was signed for: the recipient agrees (X4) or refuses (X3)."""

from __future__ import annotations

from typing import Any

from kernel.acts import tasks
from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.errors import Conflict
from kernel.exchange import records, telling
from kernel.exchange.evidence import Reason
from kernel.exchange.inbound import claim, require_reason
from kernel.exchange.losing import at_delivery
from kernel.exchange.models import Delivery, Package
from kernel.exchange.recalling import CONSENT
from kernel.exchange.refusals import RECALLED, REFUSED, TooLate
from kernel.identity.desk import Desk


def _asked(desk: Desk, delivery: Delivery, **_: Any) -> None:
    if delivery.claim == "agree_recall" or delivery.state == "recalled":
        raise TooLate(RECALLED, "此件已同意撤回", "The recall was agreed to before")
    if delivery.claim:
        raise Conflict(
            "exchange.busy",
            "此件正在办理中，请稍候刷新页面再试。",
            "This item is being processed; try again in a moment.",
        )
    if not delivery.asked:
        raise TooLate(
            REFUSED,
            "没有待答复的撤回申请（可能已由本单位他人答复）",
            "There is no request to answer (a colleague may have answered it)",
        )


def _agreed(desk: Desk, delivery: Delivery) -> None:
    """The first who agrees ends the package: not while its sender lays copies into more boxes."""
    _asked(desk, delivery)
    if Package.get(Package.uid == delivery.package_id).claim:
        raise Conflict(
            "exchange.busy",
            "发文单位正在办理此件，请稍候再答复。",
            "The sender is doing something about it; answer in a moment.",
        )


def _closed(desk: Desk, delivery: Delivery) -> tuple[str, str]:
    return (
        "同意后本单位不能再打开此件的内容；签收记录、摘要和回执保留。",
        "Once you agree your unit can't open its content any more; the record of signing for it, "
        "digests and receipts stay.",
    )


@act(
    "exchange.agree_recall",
    title="同意撤回",
    title_en="Agree to the recall",
    level="handle",
    weight="signed",
    check=_agreed,
    confirm=_closed,
    lost=at_delivery,
)
def agree_recall(desk: Desk, delivery: Delivery) -> None:
    """Give back what was signed for. Its content is closed; digest and evidence stay."""
    claim(desk, delivery, "agree_recall", delivery.asked_reason)


def _with_reason(desk: Desk, delivery: Delivery, *, reason: str) -> None:
    _asked(desk, delivery)
    require_reason(reason)


@act(
    "exchange.refuse_recall",
    title="不同意撤回",
    title_en="Refuse the recall",
    level="handle",
    weight="signed",
    private=("reason",),
    check=_with_reason,
    lost=at_delivery,
)
def refuse_recall(desk: Desk, delivery: Delivery, *, reason: str) -> None:
    """Keep what was signed for; the sender reads the reason."""
    moved = (
        Delivery.update(asked="")
        .where((Delivery.id == delivery.id) & (Delivery.claim == "") & (Delivery.asked != ""))
        .execute()
    )
    if moved != 1:
        raise TooLate(REFUSED, "撤回申请刚刚由他人答复", "A colleague has just answered it")
    deed = this_act()
    kept = records.fact(
        delivery.package,
        "X3",
        delivery,
        reasons=(Reason(str(REFUSED), reason),),
        actor=records.actor(records.actor_at(desk)),
        **records.deed(deed),
    )
    records.keep(delivery.package, records.by_node([kept], deed), deed)
    tasks.finish(delivery, by=desk.post.uid, step=CONSENT, words=telling.TO_ANSWER)
    telling.sender("refused", delivery.package, delivery.organ)
