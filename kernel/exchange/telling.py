"""What the people at both ends of a delivery are told, beside the tasks that it gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel.acts import notices, outbox
from kernel.acts.context import this_act
from kernel.acts.models import Act
from kernel.acts.notices import Word
from kernel.acts.outbox import Step, TwoSteps
from kernel.exchange.models import Delivery, Package
from kernel.identity.models import Unit
from kernel.storage.database import connection

HANDLER = "exchange.tell"
AT_RECIPIENT = {
    "new": ("新来文，请签收", "A document to sign for"),
    "asked": ("发文单位申请撤回，请答复", "Its sender asks for it back: please answer"),
    "recalled": ("发文单位已撤回", "Its sender has recalled it"),
    "urged": ("发文单位催办，请尽快签收", "Its sender reminds you: please sign for it"),
    "moved": ("签收时限已修改", "The deadline for signing has changed"),
    "void": ("发文单位已作废此件", "Its sender has declared it void"),
    "supersede": ("发文单位已另发替换此件", "Its sender has replaced it by another one"),
}
AT_SENDER = {
    "all": ("全部单位已签收", "All have signed for it"),
    "all_but_returned": (
        "除退回的单位外均已签收",
        "All have signed for it but those who sent it back",
    ),
    "rest": (
        "除退回、撤回或投递失败的单位外均已签收",
        "All have signed for it but where it was sent back, recalled or not delivered",
    ),
    "returned": ("%s退回", "Sent back by %s"),
    "agreed": ("%s同意撤回", "%s agrees to the recall"),
    "refused": ("%s不同意撤回", "%s refuses the recall"),
    "overdue": ("有单位逾期未签收", "Some have not signed for it in time"),
}
_ONCE = frozenset({"all", "all_but_returned", "rest"})
"""What is told of a package once, however many signed for it last at the same moment."""
_WAITING = frozenset({"new", "urged", "moved"})
"""What matters only while nobody there has signed for it."""
TO_SIGN = tuple(f"exchange.{what}:" for what in sorted(_WAITING))
TO_ANSWER = ("exchange.asked:",)
"""How the keys begin of what is told of the task to sign, and of the one to answer."""


def recipients(what: str, uids: Sequence[str]) -> None:
    """Tell the clerks at these deliveries (one of :data:`AT_RECIPIENT`), within an act."""
    if uids:
        deed = this_act()
        outbox.put(HANDLER, f"{what}:{deed}", {"what": what, "act": deed, "deliveries": list(uids)})


def sender(what: str, package: Package, unit: str = "") -> None:
    """Tell the clerk of the sender (one of :data:`AT_SENDER`), within an act."""
    deed = this_act()
    facts = {"what": what, "act": deed, "package": package.uid, "unit": unit}
    outbox.put(HANDLER, f"{what}:{deed}:{unit}", facts)


def _tell(payload: dict[str, Any]) -> Step:
    with connection():
        words = _at_sender(payload) if "package" in payload else _at_recipients(payload)
        act = Act.get_or_none(Act.uid == payload["act"])
    return notices.writer(words, but=act.post if act is not None else "")


tell = TwoSteps(_tell)
"""Outbox handler: write the notices. Idempotent."""


def _at_recipients(payload: dict[str, Any]) -> list[Word]:
    what = payload["what"]
    zh, en = AT_RECIPIENT[what]
    rows = Delivery.select().where(Delivery.uid.in_(payload["deliveries"]))
    return [
        Word(
            f"exchange.{what}:{payload['act']}:{row.uid}", "exchange", Delivery.kind, row.uid,
            row.title, zh, en, row.organ, level="exchange.handle", urgency=row.urgency,
        )
        for row in rows.order_by(Delivery.id)
        if row.state == "delivered" or what not in _WAITING
    ]  # fmt: skip


def _at_sender(payload: dict[str, Any]) -> list[Word]:
    package = Package.get(Package.uid == payload["package"])
    what, unit = payload["what"], payload["unit"]
    zh, en = AT_SENDER[what]
    if unit:
        name = Unit.by_code(unit).short_name
        zh, en = zh % name, en % name
    key = f"exchange.{what}:{package.uid if what in _ONCE else payload['act']}:{unit}"
    return [
        Word(
            key, "exchange", Package.kind, package.uid, package.title, zh, en, package.organ,
            level="exchange.manage", urgency=package.urgency,
        )
    ]  # fmt: skip
