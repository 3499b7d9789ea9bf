"""Receiving: open and verify, sign for, send back; the same for whatever travels.

These are acts of the kernel, because every plugin needs them and any plugin may be off. What
happens after sign-for belongs to the plugin of the payload type.
"""

from __future__ import annotations

from typing import Any

from kernel.acts import outbox
from kernel.acts.context import this_act, this_moment
from kernel.acts.verbs import act
from kernel.crypto.ids import uuid7
from kernel.errors import Invalid, Unverified
from kernel.exchange.losing import ENDED, at_delivery, first
from kernel.exchange.models import Delivery
from kernel.exchange.receipts import report_of
from kernel.exchange.records import actor_at, heads_of
from kernel.exchange.refusals import VOIDED, TooLate
from kernel.identity.desk import Desk

REASONS = (
    "主送单位有误",
    "版式文件无法阅读",
    "内容缺页或附件不全",
    "不符合行文规则",
    "重复来文",
    "其他",
)
"""Common reasons for sending a document back (条例 art. 24), offered for choice."""
LONGEST = 500


def _waiting(desk: Desk, delivery: Delivery, **_: Any) -> None:
    number = first(delivery)
    if not number:
        return
    if delivery.claim:
        raise TooLate(
            number,
            "此件正在办理中，请稍候刷新页面查看结果",
            "This item is being processed; reload the page in a moment",
            "exchange.busy",
        )
    words = {"signed": "签收", "returned": "退回", "recalled": "被发文单位撤回"}
    raise TooLate(
        number,
        f"此件已{words[delivery.state]}（{delivery.settled_by}），没有重复办理",
        f"This item is settled already ({delivery.state}); nothing was done twice",
    )


def _as_found(desk: Desk, delivery: Delivery, *, verified: bool, level: str) -> None:
    """Whoever says that it is genuine is not believed: the package is asked."""
    if verified and not report_of(delivery.package).ok:
        raise _not_verified()


def _not_verified() -> Unverified:
    return Unverified(
        "exchange.not_verified",
        "此件还没有通过真伪检验，不能签收。请打开此件查看检验结果，或退回来文单位。",
        "It has not passed verification and cannot be signed for. Open it, or send it back.",
    )


def _verified(desk: Desk, delivery: Delivery, **_: Any) -> None:
    _waiting(desk, delivery)
    if delivery.verified is None:
        raise _not_verified()


def _with_reason(desk: Desk, delivery: Delivery, *, reason: str) -> None:
    _waiting(desk, delivery)
    if delivery.mark:
        raise TooLate(
            ENDED.get(delivery.package.ended, VOIDED),
            "发文单位已先作废或替换此件，无需退回",
            "Its sender has declared it void or replaced it; there is no need to send it back",
        )
    require_reason(reason)


def require_reason(reason: str) -> None:
    """Refuse an act without the reason that the other side is to read.

    :raises Invalid: ``exchange.no_reason``, ``exchange.long_reason``.
    """
    if not reason.strip():
        raise Invalid(
            "exchange.no_reason",
            "请写明原因（必填，对方单位可见）。",
            "Please say why; the other side reads it.",
            field="reason",
        )
    if len(reason) > LONGEST:
        raise Invalid(
            "exchange.long_reason",
            f"原因不能超过 {LONGEST} 字，现有 {len(reason)} 字，请精简。",
            f"The reason may have {LONGEST} characters; it has {len(reason)}. Shorten it.",
            field="reason",
        )


@act(
    "exchange.open",
    title="打开来文",
    title_en="Open a delivery",
    level="view",
    weight="recorded",
    touches=False,
    check=_as_found,
)
def open_delivery(desk: Desk, delivery: Delivery, *, verified: bool, level: str) -> None:
    """Note the first opening and the result of the verification (条例 art. 24; 接收时首先验证).

    :param verified: what the verification of the package said.
    """
    moment = this_moment()
    Delivery.update(
        opened=delivery.opened or moment, verified=moment if verified else None, level=level
    ).where(Delivery.id == delivery.id).execute()


def _received(delivery: Delivery) -> tuple[str, str]:
    """What is true by now: the receipt may still have to be recorded."""
    if delivery.state == "signed":
        return "已签收，时间已回传发文单位。", "Signed for; the sender is told when."
    return (
        "已签名，正在登记回执；登记好后发文单位即可看到。",
        "Signed; the receipt is being recorded. The sender sees it as soon as that is done.",
    )


@act(
    "exchange.sign_for",
    title="签收",
    title_en="Sign for",
    level="handle",
    weight="signed",
    check=_verified,
    batch=True,
    lost=at_delivery,
    delegate=True,
    after=_received,
)
def sign_for(desk: Desk, delivery: Delivery) -> None:
    """Sign for a delivery: the organ has received exactly this package (条例 art. 24(一)).

    The receipt is signed with the unit's key and goes back to the sender.
    """
    claim(desk, delivery, "sign_for", "")


@act(
    "exchange.send_back",
    title="退回",
    title_en="Send back",
    level="handle",
    weight="signed",
    private=("reason",),
    check=_with_reason,
    lost=at_delivery,
    delegate=True,
)
def send_back(desk: Desk, delivery: Delivery, *, reason: str) -> None:
    """Send a delivery back with a reason, which the sender reads (条例 art. 24(三))."""
    claim(desk, delivery, "send_back", reason)


def claim(desk: Desk, delivery: Delivery, what: str, reason: str) -> None:
    """Take a delivery for what a person decided: of two who try, one gets it (compare-and-set).

    :raises TooLate: the other one did.
    """
    free = (Delivery.id == delivery.id) & (Delivery.claim == "")
    free &= Delivery.state == ("signed" if what == "agree_recall" else "delivered")
    if what == "send_back":
        free &= Delivery.mark == ""
    moved = (
        Delivery.update(claim=what, claim_act=this_act(), reason=reason, settled_by=desk.name)
        .where(free)
        .execute()
    )
    if moved != 1:
        _too_late(delivery)
    # Uid, names and heads of the evidence are chosen here, because the signer signs one evidence
    # per act only: a retry after a crash has to bring the same bytes.
    effect: dict[str, Any] = {"delivery": delivery.uid, "act": this_act(), "what": what}
    effect |= {"evidence": uuid7(), "heads": heads_of(delivery)}
    effect |= actor_at(desk)
    outbox.put("exchange.settle", this_act(), effect)


def _too_late(delivery: Delivery) -> None:
    row = Delivery.get_by_id(delivery.id)
    number = first(row) or ENDED.get(row.package.ended, VOIDED)
    raise TooLate(number, "此件刚刚由他人办理", "Somebody else has just settled this item")
