"""Receiving: open and verify, sign for, send back; the same for whatever travels.

These are acts of the kernel, because every plugin needs them and any plugin may be off. What
happens after sign-for belongs to the plugin of the payload type.
"""

from __future__ import annotations

from typing import Any

from kernel.acts import outbox
from kernel.acts.context import this_act
from kernel.acts.verbs import act
from kernel.crypto.ids import now, uuid7
from kernel.errors import Conflict, Invalid, Unverified
from kernel.exchange.models import Delivery
from kernel.exchange.receipts import report_of
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


def _waiting(desk: Desk, delivery: Delivery, **_: Any) -> None:
    if delivery.claim:
        raise Conflict(
            "exchange.busy",
            "此件正在办理中，请稍候刷新页面查看结果。",
            "This item is being processed; reload the page in a moment.",
        )
    if delivery.state != "delivered":
        words = {"signed": "签收", "returned": "退回", "recalled": "被发文单位撤回"}
        what = words.get(delivery.state, "办理")
        raise Conflict(
            "exchange.settled",
            f"此件已{what}（{delivery.settled_by}），没有重复办理。",
            f"This item is settled already ({delivery.state}); nothing was done twice.",
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
    if not reason.strip():
        raise Invalid(
            "exchange.no_reason",
            "请写明退回原因（必填，发文单位可见）。",
            "Please say why you send it back; the sender reads it.",
            field="reason",
        )
    if len(reason) > 500:
        raise Invalid(
            "exchange.long_reason",
            f"退回原因不能超过 500 字，现有 {len(reason)} 字。",
            f"The reason may have 500 characters; it has {len(reason)}.",
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
    moment = now()
    Delivery.update(
        opened=delivery.opened or moment, verified=moment if verified else None, level=level
    ).where(Delivery.id == delivery.id).execute()


@act(
    "exchange.sign_for",
    title="签收",
    title_en="Sign for",
    level="handle",
    weight="signed",
    check=_verified,
    batch=True,
)
def sign_for(desk: Desk, delivery: Delivery) -> None:
    """Sign for a delivery: the organ has received exactly this package (条例 art. 24(一)).

    The receipt is signed with the unit's key and goes back to the sender.
    """
    _claim(desk, delivery, "sign_for", "")


@act(
    "exchange.send_back",
    title="退回",
    title_en="Send back",
    level="handle",
    weight="signed",
    private=("reason",),
    check=_with_reason,
)
def send_back(desk: Desk, delivery: Delivery, *, reason: str) -> None:
    """Send a delivery back with a reason, which the sender reads (条例 art. 24(三))."""
    _claim(desk, delivery, "send_back", reason)


def _claim(desk: Desk, delivery: Delivery, what: str, reason: str) -> None:
    moved = (
        Delivery.update(
            claim=what, claim_act=this_act(), reason=reason, settled_by=desk.person.name
        )
        .where(
            (Delivery.id == delivery.id) & (Delivery.claim == "") & (Delivery.state == "delivered")
        )
        .execute()
    )
    if moved != 1:
        _waiting(desk, Delivery.get_by_id(delivery.id))
    # Uid and names of the evidence are chosen here, because the signer signs one evidence per act
    # only: a retry after a crash has to bring the same bytes.
    effect = {"delivery": delivery.uid, "act": this_act(), "what": what, "evidence": uuid7()}
    effect |= {"person": desk.person.name, "role": desk.post.title}
    outbox.put("exchange.settle", this_act(), effect)
