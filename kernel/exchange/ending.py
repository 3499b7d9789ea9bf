"""Declaring void (作废, X5) and replacing (替换, X6) what was sent: a mark on every delivery.

Nothing is taken away: what is void stays readable and says so, its number stays used. A delivery
that was sent back before is not marked any more; its sender gets a refusal for it (X14).
"""

from __future__ import annotations

from typing import Any

import peewee

from kernel.acts import outbox
from kernel.acts.context import this_act, this_moment
from kernel.acts.gate import by_node
from kernel.acts.models import Task
from kernel.acts.verbs import act
from kernel.crypto.ids import uuid7
from kernel.errors import Invalid
from kernel.exchange import records, telling
from kernel.exchange.deadlines import LATE
from kernel.exchange.evidence import Reason
from kernel.exchange.inbound import require_reason
from kernel.exchange.losing import ENDED, at_package, first, reason
from kernel.exchange.models import Delivery, Package
from kernel.exchange.recalling import answer_requests, require_sent
from kernel.exchange.refusals import RECALLED, RETURNED, TooLate
from kernel.identity.desk import Desk, ServiceDesk
from kernel.storage.database import connection, exclusive, in_transaction, transaction

TYPES = {"void": "X5", "supersede": "X6"}


def markable(package: Package) -> peewee.Expression:
    """The deliveries that void or replacement reaches: all but what is back with its sender."""
    gone = (Delivery.claim == "send_back") | Delivery.state.in_(["returned", "recalled"])
    reached: peewee.Expression = (Delivery.package == package.uid) & (Delivery.mark == "") & ~gone
    return reached


def _one_by_one(package: Package) -> None:
    """Within an act, let each organ end one package after the other.

    Whether a package may replace another one depends on both. Their rows cannot be held in one
    order for all, because the gate holds that of the package itself before it asks.
    """
    if in_transaction():
        exclusive(f"exchange.ending {package.organ}")


def _endable(desk: Desk, package: Package, *, reason: str, **_: Any) -> None:
    _one_by_one(package)
    require_sent(package)
    if package.ended in ("void", "supersede"):
        words = {"void": "作废", "supersede": "替换"}
        raise TooLate(
            ENDED[package.ended],
            f"此件已{words[package.ended]}，没有重复办理",
            "It was declared void or replaced before; nothing was done twice",
        )
    reached = Delivery.select().where(markable(package))
    if not reached.exists():
        raise TooLate(
            RECALLED if package.ended else RETURNED,
            "此件已全部退回或撤回，不必作废或替换",
            "All have sent it back, or it was recalled: there is nothing to declare void",
        )
    require_reason(reason)


def _void_consequence(desk: Desk, package: Package, **_: Any) -> tuple[str, str]:
    count = Delivery.select().where(markable(package)).count()
    return (
        f"{count} 家收文单位将看到“已作废”标识，内容仍可查看；发文字号不再使用，不能恢复。",
        f"{count} recipients will see that it is void and can still read it; its number is not "
        "used again, and this can't be undone.",
    )


@act(
    "exchange.void",
    title="作废",
    title_en="Declare void",
    level="manage",
    weight="signed",
    private=("reason",),
    check=_endable,
    confirm=_void_consequence,
    lost=at_package,
)
def void(desk: Desk, package: Package, *, reason: str) -> None:
    """Declare a sent package void: every recipient sees it, and can still read it."""
    _mark(desk, package, "void", reason)


def _replaceable(desk: Desk, package: Package, *, by: str, reason: str) -> None:
    _endable(desk, package, reason=reason)
    other = Package.get_or_none((Package.uid == by) & Package.visible(desk))
    fit = other is not None and other.state == "sent" and not other.ended
    if not fit or by == package.uid:
        raise Invalid(
            "exchange.successor",
            "请选择本单位已发出、没有撤回、作废或被替换的另一件公文。",
            "Choose another package of your own that was sent and not taken back or replaced.",
            field="by",
        )


def _replace_consequence(desk: Desk, package: Package, *, by: str, reason: str) -> tuple[str, str]:
    has = Delivery.select(Delivery.organ).where(Delivery.package == by)
    left = Delivery.select().where(markable(package) & Delivery.organ.not_in(has)).count()
    more = f"其中 {left} 家没有收到替换件，请另行补发。" if left else ""
    more_en = f" {left} of them were not sent the new one: send it to them, too." if left else ""
    return (
        f"各收文单位将看到“已被替换”标识和替换件的链接，内容仍可查看。{more}",
        "All recipients will see that it was replaced, with a link to the new one, and can still "
        f"read it.{more_en}",
    )


@act(
    "exchange.supersede",
    title="替换",
    title_en="Replace",
    level="manage",
    weight="signed",
    private=("reason",),
    check=_replaceable,
    confirm=_replace_consequence,
    lost=at_package,
)
def supersede(desk: Desk, package: Package, *, by: str, reason: str) -> None:
    """Say that another sent package takes the place of this one.

    :param by: the uid of that package.
    """
    Package.update(successor=by).where(Package.id == package.id).execute()
    _mark(desk, package, "supersede", reason)


def _mark(desk: Desk, package: Package, how: str, reason: str) -> None:
    deed = this_act()
    moved = Delivery.update(mark=deed, ended_reason=reason).where(markable(package)).execute()
    if not moved:
        raise TooLate(RETURNED, "此件刚刚被退回", "It has just been sent back")
    Package.update(ended=how).where(Package.id == package.id).execute()
    answer_requests(package, desk.post.uid)
    facts = {"reason": reason, "evidence": uuid7(), "actor": records.actor_at(desk)}
    effect = {"package": package.uid, "act": deed, "how": how, **facts}
    outbox.put("exchange.end", deed, effect)


def settle(payload: dict[str, Any]) -> None:
    """Outbox handler: the sender's evidence, refusals for what was back already. Idempotent."""
    type_, deed = TYPES[payload["how"]], payload["act"]
    with connection():
        package = Package.get(Package.uid == payload["package"])
        if records.known(package.uid, type_, deed):
            return
        made = records.by_unit(package.organ, deed, [_said(package, type_, payload)])
        made += records.by_node(_refused(package, payload), deed)
    with transaction():
        if records.known(package.uid, type_, deed):
            return
        service, digest = ServiceDesk(package.organ, "exchange.end"), records.digest_of(made)
        by_node(service, ended, package, by=deed, evidence=digest)
        records.keep(package, made, deed)


def _said(package: Package, type_: str, payload: dict[str, Any]) -> Any:
    words = {"void": "voided", "supersede": "superseded"}
    reasons = [Reason(words[payload["how"]], payload["reason"])]
    if payload["how"] == "supersede":
        reasons.append(Reason("successor", package.successor))
    return records.fact(
        package, type_, ev_id=payload["evidence"], reasons=tuple(reasons),
        actor=records.actor(payload["actor"]), **records.deed(payload["act"]),
    )  # fmt: skip


def _refused(package: Package, payload: dict[str, Any]) -> list[Any]:
    back = (Delivery.claim == "send_back") | (Delivery.state == "returned")
    rows = Delivery.select().where((Delivery.package == package.uid) & (Delivery.mark == "") & back)
    who = {"actor": records.actor(payload["actor"]), **records.deed(payload["act"])}
    return [
        records.fact(package, "X14", row, reasons=(reason(first(row)),), **who)
        for row in rows.order_by(Delivery.id)
    ]


@act(
    "exchange.mark",
    title="登记作废或替换",
    title_en="Record void or replacement",
    level="none",
    weight="signed",
    by="node",
)
def ended(desk: ServiceDesk, package: Package, *, by: str, evidence: str) -> None:
    """Let every delivery that was reached say so, and the clerks' open tasks too."""
    mine = (Delivery.package == package.uid) & (Delivery.mark == by)
    if package.ended == "void":
        Delivery.update(voided=this_moment()).where(mine).execute()
    else:
        Delivery.update(superseded=package.successor).where(mine).execute()
    told = [row.uid for row in Delivery.select(Delivery.uid).where(mine)]
    telling.recipients(package.ended, told)
    word = "已作废 · " if package.ended == "void" else "已被替换 · "
    uids = Delivery.select(Delivery.uid).where(mine)
    open_ = Task.subject.in_(uids) & Task.done.is_null()
    # Nobody is late any more for what does not count.
    Task.update(meta=peewee.Value(word).concat(Task.meta), due=None).where(open_).execute()
    Task.update(urgency="").where(open_ & (Task.urgency == LATE)).execute()
