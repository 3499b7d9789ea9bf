"""Who comes too late gets it in writing: a signed refusal that he can keep and anybody can verify.

The signed act of the loser is kept with it, so that both sides can be shown later: that he acted,
when, and what was first.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kernel.acts.context import this_act
from kernel.errors import Conflict
from kernel.exchange import records
from kernel.exchange.evidence import Reason
from kernel.exchange.models import Delivery, Package
from kernel.exchange.refusals import (
    RECALLED,
    RETURNED,
    SIGNED,
    SUPERSEDED,
    VOIDED,
    TooLate,
)
from kernel.exchange.taxonomy import TAXONOMY
from kernel.identity.desk import Desk

FIRST = {
    "sign_for": SIGNED,
    "signed": SIGNED,
    "send_back": RETURNED,
    "returned": RETURNED,
    "recall": RECALLED,
    "agree_recall": RECALLED,
    "recalled": RECALLED,
}
"""Claim or state of a delivery → who was first."""
ENDED = {"recall": RECALLED, "void": VOIDED, "supersede": SUPERSEDED}
"""What its sender did with a whole package → who was first."""


def first(row: Delivery) -> int:
    """Who or what was first at a delivery; 0 while nobody was."""
    return FIRST.get(row.claim) or FIRST.get(row.state, 0)


def reason(number: int) -> Reason:
    """A number of the taxonomy as the reason in a piece of evidence."""
    return Reason(str(number), TAXONOMY[number].zh)


def refuse(
    desk: Desk, package: Package, type_: str, whom: Iterable[tuple[Delivery | None, int]]
) -> list[str]:
    """Record refusals of the running act, one for each delivery and number; gives their uids."""
    act = this_act()
    said = records.deed(act)
    facts = [
        records.fact(
            package,
            type_,
            row,
            reasons=(reason(number),),
            actor=records.actor(records.actor_at(desk)),
            **said,
        )
        for row, number in whom
    ]
    return records.keep(package, records.by_node(facts, act), act)


def _told(conflict: Conflict) -> TooLate:
    """Say in the sentence that there is something to keep; other conflicts leave no refusal."""
    if not isinstance(conflict, TooLate):
        raise conflict
    conflict.zh += "。您的办理未成立，未成立回执已存入“回执记录”，可下载留存。"
    conflict.en += ". Your act had no effect; the signed refusal is kept among the evidence."
    return conflict


def at_delivery(desk: Desk, delivery: Delivery, conflict: Conflict, **_: Any) -> None:
    """Refuse the recipient's act (X14): sign-for against recall, return against void, …"""
    late = _told(conflict)
    refuse(desk, delivery.package, "X14", [(delivery, late.number)])


def at_package(desk: Desk, package: Package, conflict: Conflict, **_: Any) -> None:
    """Refuse the sender's act (X14): resend against recall, void against void, …"""
    late = _told(conflict)
    refuse(desk, package, "X14", [(None, late.number)])


def at_recall(
    desk: Desk, package: Package, conflict: Conflict, units: list[str] | None = None, **_: Any
) -> None:
    """Refuse a recall (X3), for each recipient it is of who was first."""
    _told(conflict)
    rows = Delivery.select().where(Delivery.package == package.uid).order_by(Delivery.id)
    rows = rows.where(Delivery.organ.in_(units)) if units else rows
    refuse(desk, package, "X3", [(row, first(row)) for row in rows if first(row)])
