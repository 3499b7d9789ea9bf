"""Sending again (补发, X8): the same package to who sent it back by mistake, or to one more unit.

A copy is a delivery of its own, of the same package with the same digest; the state of the first
one stays what it is.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from kernel.acts import outbox, tasks
from kernel.acts.clock import signing_time
from kernel.acts.context import this_act, this_moment
from kernel.acts.gate import by_node
from kernel.acts.models import Act, Task
from kernel.acts.subjects import hold
from kernel.acts.verbs import act
from kernel.crypto.ids import parse_stamp, stamp, uuid7
from kernel.errors import Conflict, Invalid
from kernel.exchange import records, telling
from kernel.exchange.building import delivery_task
from kernel.exchange.chosen import named
from kernel.exchange.deadlines import for_copy
from kernel.exchange.evidence import Evidence, Reason
from kernel.exchange.inbound import require_reason
from kernel.exchange.losing import ENDED, at_package
from kernel.exchange.models import Delivery, Package
from kernel.exchange.outbound import ROLES, Recipient, check_recipients
from kernel.exchange.recalling import RESEND, requests, require_sent
from kernel.exchange.refusals import TooLate
from kernel.identity.desk import Desk, ServiceDesk
from kernel.identity.models import Unit
from kernel.storage.bulk import insert_rows
from kernel.storage.database import connection, in_transaction, transaction


def latest(package: Package, organ: str) -> Delivery | None:
    """The newest delivery of a package to a unit; None if it was never sent there."""
    which = (Delivery.package == package.uid) & (Delivery.organ == organ)
    found: Delivery | None = Delivery.select().where(which).order_by(Delivery.copy.desc()).first()
    return found


BACK = ("returned", "recalled")
"""The states of who does not have it any more: while the package goes on, he can get it again."""


def _resendable(
    desk: Desk, package: Package, *, units: list[str], role: str = "main", reason: str
) -> None:
    require_sent(package)
    if package.ended:
        raise TooLate(
            ENDED[package.ended],
            "此件已撤回、作废或被替换，不能再补发",
            "It was recalled, declared void or replaced; it is not sent any more",
        )
    if role not in ROLES or package.organ in units:
        raise _wrong(units)
    check_recipients([Recipient(unit, role) for unit in units])
    has = [one.organ for unit in units if (one := latest(package, unit)) and _has(one)]
    if has:
        raise _wrong(has)
    require_reason(reason)


def _has(row: Delivery) -> bool:
    return row.state not in BACK or row.claim != ""


def _wrong(units: list[str]) -> Invalid:
    names = "、".join(units)
    return Invalid(
        "exchange.has_it",
        f"这些单位已收到此件，不需要补发：{names}。只能补发给已退回、已撤回的单位或新增的单位。",
        f"These have it already: {names}. Send again to who sent it back or had it recalled, or to "
        "further units.",
        field="units",
    )


def _consequence(
    desk: Desk, package: Package, *, units: list[str], role: str = "main", reason: str
) -> tuple[str, str]:
    zh, en = named(units)
    again = {unit for unit in units if latest(package, unit) is not None}
    way, way_en = ("主送", "as recipients") if role == "main" else ("抄送", "as copies")
    # Who had it before gets it in the role that he had then.
    if not set(units) - again:
        return f"将送：{zh}。", f"It is sent to: {en}."
    return f"将送：{zh}（增发的按{way}）。", f"It is sent to: {en} (new ones {way_en})."


@act(
    "exchange.resend",
    title="补发",
    title_en="Send again",
    level="manage",
    weight="signed",
    private=("reason",),
    check=_resendable,
    confirm=_consequence,
    lost=at_package,
)
def resend(
    desk: Desk, package: Package, *, units: list[str], role: str = "main", reason: str
) -> None:
    """Send the same package to units that sent it back or had it recalled by mistake, or to more.

    :param role: ``main`` or ``cc``, for units that did not have it before.
    """
    deed = this_act()
    Package.update(claim="resend").where(Package.id == package.id).execute()
    copies = [_copy(package, unit, role) for unit in dict.fromkeys(units)]
    facts = {"reason": reason, "actor": records.actor_at(desk)}
    effect = {"package": package.uid, "act": deed, "copies": copies, **facts}
    outbox.put("exchange.resend", deed, effect)
    _answer(package, units, desk.post.uid)


def _answer(package: Package, units: Iterable[str], by: str = "") -> None:
    """Let the tasks go by which these units asked for a copy; others still wait for theirs.

    A task of version 0.1 names no delivery and goes with any copy: who had asked can ask again.
    """
    others = Delivery.package == package.uid, Delivery.organ.not_in(list(units))
    waiting = {row.uid for row in Delivery.select(Delivery.uid).where(*others)}
    for task in requests(package):
        if task.uid not in waiting:
            tasks.finish(package, by=by, step=RESEND, uid=task.uid)


def _copy(package: Package, unit: str, role: str) -> dict[str, Any]:
    before = latest(package, unit)
    number = before.copy + 1 if before is not None else 0
    return {
        "organ": unit,
        "copy": number,
        "uid": uuid7(),
        "role": before.role if before is not None else role,
        "evidence": uuid7(),
    }


def settle(payload: dict[str, Any]) -> None:
    """Outbox handler: the sender's evidence, the new deliveries with theirs. Idempotent."""
    deed, copies = payload["act"], payload["copies"]
    with connection():
        package = Package.get(Package.uid == payload["package"])
        if records.known(package.uid, "X8", deed):
            return
        rows = [_row(package, one) for one in copies]
        said = {"actor": records.actor(payload["actor"]), **records.deed(deed)}
        asked = [_asked(package, one, payload["reason"], said) for one in copies]
        made = records.by_unit(package.organ, deed, asked)
        at = signing_time()
        made += records.by_node([_arrived(package, one, at) for one in copies])
    with transaction():
        if records.known(package.uid, "X8", deed):
            return
        service, digest = ServiceDesk(package.organ, "exchange.resend"), records.digest_of(made)
        by_node(service, resent, package, rows=rows, evidence=digest)
        records.keep(package, made, deed)


def _place(one: dict[str, Any]) -> dict[str, Any]:
    return {"recipient": one["organ"], "delivery": one["uid"] if one["copy"] else ""}


def _asked(package: Package, one: dict[str, Any], reason: str, said: dict[str, Any]) -> Evidence:
    why = (Reason("resent", reason),)
    return records.fact(package, "X8", ev_id=one["evidence"], reasons=why, **_place(one), **said)


def _arrived(package: Package, one: dict[str, Any], at: datetime) -> Evidence:
    place = _place(one) | {"state_from": "accepted", "state_to": "delivered"}
    return records.fact(package, "D1", at=at, **place)


def _row(package: Package, one: dict[str, Any]) -> dict[str, Any]:
    sender, until = Unit.by_code(package.organ), for_copy(package, one["organ"])
    same = {"type", "title", "number", "urgency"}
    return {
        **{name: getattr(package, name) for name in same},
        **{name: one[name] for name in ("uid", "organ", "copy", "role")},
        "package": package.uid,
        "sender": package.organ,
        "sender_name": sender.name,
        "sign_by": stamp(until) if until is not None else None,
    }


@act(
    "exchange.deliver_again",
    title="登记补发",
    title_en="Record what was sent again",
    level="none",
    weight="signed",
    by="node",
)
def resent(
    desk: ServiceDesk, package: Package, *, rows: list[dict[str, Any]], evidence: str
) -> None:
    """Lay the copies into their boxes, with a task for each clerk."""
    laid = [row | {"delivered": this_moment(), "sign_by": _until(row)} for row in rows]
    insert_rows(Delivery, laid)
    insert_rows(Task, [delivery_task(row) for row in laid])
    telling.recipients("new", [row["uid"] for row in rows])
    _answer(package, [row["organ"] for row in rows])  # they may have asked after the act
    new = sum(not row["copy"] for row in rows)
    Package.update(claim="", total=Package.total + new).where(Package.id == package.id).execute()


def _until(row: dict[str, Any]) -> datetime | None:
    return parse_stamp(row["sign_by"]) if row["sign_by"] else None


def may_be_asked_for(delivery: Delivery) -> bool:
    """Whether it is back with its sender, who could still send it again."""
    newest = latest(delivery.package, delivery.organ)
    last = newest is None or newest.id == delivery.id
    return delivery.state == "returned" and last and not delivery.package.ended


def _returned(desk: Desk, delivery: Delivery, *, reason: str) -> None:
    if in_transaction():
        hold(Package, delivery.package_id)  # its sender may be ending it at this moment
    package = Package.get(Package.uid == delivery.package_id)
    newest = latest(package, delivery.organ)
    if delivery.state == "returned" and package.ended:
        raise Conflict(
            "exchange.not_resent",
            "此件已由发文单位撤回、作废或替换，不再补发。需要时请与发文单位联系。",
            "Its sender has recalled, voided or replaced it and sends it no more. Ask the sender "
            "if you need it.",
        )
    if delivery.state != "returned" or newest is None or newest.id != delivery.id:
        raise Conflict(
            "exchange.not_returned",
            "只有已退回、且没有补发的件才能请求补发。",
            "Only what was sent back and not sent again can be asked for.",
        )
    if package.claim:
        raise Conflict(
            "exchange.busy",
            "发文单位正在办理此件，请稍候刷新页面查看结果。",
            "The sender is doing something about it; reload the page in a moment.",
        )
    if _requested(package, delivery):
        raise Conflict(
            "exchange.requested",
            "已请求补发，请等待发文单位办理。",
            "It was asked for already; the sender has a task for it.",
        )
    require_reason(reason)


def _requested(package: Package, delivery: Delivery) -> bool:
    """Whether it was asked for already; of a task of version 0.1 only the act says by whom."""
    open_ = {task.uid for task in requests(package)}
    sent = Delivery.select(Delivery.uid).where(Delivery.package == package.uid)
    if delivery.uid in open_ or open_ <= {row.uid for row in sent}:
        return delivery.uid in open_
    mine = (Act.subject == delivery.uid) & (Act.verb == "exchange.request_resend")
    return bool(Act.select().where(mine).exists())


@act(
    "exchange.request_resend",
    title="请求补发",
    title_en="Ask to send it again",
    level="handle",
    weight="recorded",
    private=("reason",),
    check=_returned,
)
def request_resend(desk: Desk, delivery: Delivery, *, reason: str) -> None:
    """Ask the sender for what was sent back by mistake; his clerk gets a task for each who asks."""
    tasks.assign(
        delivery.package,
        step=RESEND,
        organ=delivery.sender,
        level="exchange.manage",
        meta=f"{desk.organ.short_name}请求补发：{reason}"[:200],
        sender=desk.organ.short_name,
        uid=delivery.uid,
    )
