"""By when to sign for it: changed by the sender (X9), and noted by the node when it passes (C3).

Signing for it later is allowed and shows as late on both sides (超时签收): a document that arrived
late is better than one that did not.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from kernel.acts import outbox
from kernel.acts.clock import signing_time
from kernel.acts.context import this_act
from kernel.acts.gate import by_node
from kernel.acts.models import Task
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.crypto.ids import now, parse_stamp, stamp, uuid7
from kernel.errors import Conflict, Invalid
from kernel.exchange import records, telling
from kernel.exchange.chosen import awaited, named, require_recipients, waiting
from kernel.exchange.evidence import Reason
from kernel.exchange.inbound import require_reason
from kernel.exchange.losing import ENDED, at_package, reason
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.recalling import require_sent
from kernel.exchange.refusals import SIGNED, TooLate
from kernel.identity.desk import Desk, ServiceDesk
from kernel.storage.database import connection, transaction
from kernel.work.calendar import CHINA

OVERDUE = 702
LATE = "超时"
"""What the task of who is late says in the place of an urgency."""
SOON = timedelta(hours=24)
"""How long before its end a deadline is called near (701)."""
BATCH = 200
"""How many deliveries one look at the clock notes at most, so that others can write between."""


def due_soon(row: Delivery) -> bool:
    """Whether it has to be signed for within a day (701)."""
    if not row.awaited or row.sign_by is None:
        return False
    return now() < row.sign_by <= now() + SOON


def for_copy(package: Package, organ: str) -> datetime | None:
    """The deadline of a copy that is laid into a box now: that for all, or the unit's own."""
    mine = (Evidence.package == package.uid) & (Evidence.type == "X9")
    mine &= Evidence.organ.in_(["", organ])
    last = Evidence.select(Evidence.record).where(mine).order_by(Evidence.id.desc()).first()
    until = _said(bytes(last.record)) if last is not None else package.sign_by
    # Whoever gets it late is not to be late with it at once: what is past or near its end was set
    # for those who had all the time until then. The sender can set another one for him.
    return until if until is not None and until > now() + SOON else None


def _said(record: bytes) -> datetime:
    reasons = canonical.loads(record)["evidence"]["reasons"]
    return parse_stamp(next(one["text"] for one in reasons if one["code"] == "deadline"))


def _changeable(
    desk: Desk, package: Package, *, sign_by: str, units: list[str], reason: str
) -> None:
    require_sent(package)
    require_recipients(package, units)
    if not Delivery.select().where(waiting(package, units)).exists():
        number = ENDED.get(package.ended, SIGNED)
        raise TooLate(number, "没有等待签收的单位，不必修改时限", "Nobody has still to sign for it")
    if not now() < parse_stamp(sign_by) <= now() + timedelta(days=366):
        raise Invalid(
            "exchange.deadline",
            "新的签收时限应当在现在之后、一年之内，请重新选择日期。",
            "The new deadline must lie after now and within a year; choose another day.",
            field="day",
        )
    require_reason(reason)


def _consequence(
    desk: Desk, package: Package, *, sign_by: str, units: list[str], reason: str
) -> tuple[str, str]:
    left = Delivery.select(Delivery.organ).where(waiting(package, units)).order_by(Delivery.id)
    zh, en = named(row.organ for row in left)
    at = parse_stamp(sign_by).astimezone(CHINA)
    return (
        f"签收时限改为 {at.year}年{at.month}月{at.day}日 {at:%H:%M}：{zh}。",
        f"To be signed for by {at:%d %b %Y %H:%M}: {en}.",
    )


@act(
    "exchange.set_deadline",
    title="修改签收时限",
    title_en="Change the deadline",
    level="manage",
    weight="signed",
    private=("reason",),
    check=_changeable,
    confirm=_consequence,
    lost=at_package,
)
def set_deadline(
    desk: Desk, package: Package, *, sign_by: str, units: list[str], reason: str
) -> None:
    """Set until when it has to be signed for, for all who have not or for those named.

    :param sign_by: ``2026-11-25T10:00:00.000Z``.
    """
    deed = this_act()
    Package.update(claim="deadline").where(Package.id == package.id).execute()
    uids = [uuid7() for _ in units or [""]]
    facts = {"reason": reason, "evidence": uids, "actor": records.actor_at(desk)}
    effect = {"package": package.uid, "act": deed, "units": units, "sign_by": sign_by, **facts}
    outbox.put("exchange.deadline", deed, effect)


def settle(payload: dict[str, Any]) -> None:
    """Outbox handler: the sender's evidence and the new deadline. Idempotent."""
    deed, units = payload["act"], payload["units"]
    with connection():
        package = Package.get(Package.uid == payload["package"])
        if records.known(package.uid, "X9", deed):
            return
        why = (Reason("deadline", payload["sign_by"]), Reason("moved", payload["reason"]))
        said = {"reasons": why, "actor": records.actor(payload["actor"]), **records.deed(deed)}
        facts = [
            records.fact(package, "X9", ev_id=uid, recipient=unit, **said)
            for unit, uid in zip(units or [""], payload["evidence"], strict=True)
        ]
        made = records.by_unit(package.organ, deed, facts)
    with transaction():
        if records.known(package.uid, "X9", deed):
            return
        service, digest = ServiceDesk(package.organ, "exchange.deadline"), records.digest_of(made)
        by_node(service, moved, package, units=units, sign_by=payload["sign_by"], evidence=digest)
        records.keep(package, made, deed)


@act(
    "exchange.move_deadline",
    title="登记签收时限",
    title_en="Record a deadline",
    level="none",
    weight="signed",
    by="node",
)
def moved(
    desk: ServiceDesk, package: Package, *, units: list[str], sign_by: str, evidence: str
) -> None:
    """Record the deadline with every delivery and task that it is for."""
    mine = waiting(package, units)
    until = parse_stamp(sign_by)
    Delivery.update(sign_by=until, overdue=None).where(mine).execute()
    Package.update(claim="").where(Package.id == package.id).execute()
    uids = Delivery.select(Delivery.uid).where(mine)
    telling.recipients("moved", [row.uid for row in uids])
    Task.update(due=until).where(Task.subject.in_(uids) & Task.done.is_null()).execute()


def note_overdue(moment: datetime | None = None) -> int:
    """The schedule: note (C3) what nobody has signed for in time; gives how many. Idempotent."""
    moment = moment or signing_time()
    past = awaited() & Delivery.overdue.is_null() & (Delivery.sign_by <= moment)
    with connection():
        rows = Delivery.select(Delivery.package).where(past).order_by(Delivery.id).limit(BATCH)
        packages = list(dict.fromkeys(row.package_id for row in rows))
    return sum(_note(uid, past, moment) for uid in packages)


def _note(uid: str, past: Any, moment: datetime) -> int:
    with transaction():
        package = Package.get(Package.uid == uid)
        mine = (Delivery.package == uid) & past
        rows = list(Delivery.select().where(mine).order_by(Delivery.id))
        # Taken one by one, so that of two workers only one speaks for each delivery.
        rows = [row for row in rows if _take(row, moment)]
        made = records.by_node(
            [
                records.fact(package, "C3", row, at=moment, reasons=(reason(OVERDUE),))
                for row in rows
            ]
        )
        if made:
            service = ServiceDesk(package.organ, "exchange.overdue")
            by_node(service, expired, package, evidence=records.digest_of(made))
        for row, one in zip(rows, made, strict=True):
            records.keep(package, [one], stamp(row.sign_by or moment))
    return len(rows)


def _take(row: Delivery, moment: datetime) -> bool:
    free = (Delivery.id == row.id) & Delivery.overdue.is_null() & awaited()
    return bool(Delivery.update(overdue=moment).where(free).execute())


def _sent(desk: ServiceDesk, package: Package, **_: Any) -> None:
    if package.state != "sent":
        raise Conflict(
            "exchange.not_sent",
            "此件还没有发出，没有期限可登记。请等发出后再办。",
            "It has not been sent yet and nothing can be overdue; wait until it is sent.",
        )


@act(
    "exchange.expire",
    title="登记逾期未签收",
    title_en="Note what is overdue",
    level="none",
    weight="signed",
    by="node",
    touches=False,
    check=_sent,
)
def expired(desk: ServiceDesk, package: Package, *, evidence: str) -> None:
    """Let the tasks of those who are late say so."""
    late = Delivery.select(Delivery.uid).where(
        (Delivery.package == package.uid)
        & Delivery.overdue.is_null(False)
        & (Delivery.state == "delivered")
    )
    Task.update(urgency=LATE).where(
        Task.subject.in_(late) & Task.done.is_null() & (Task.urgency == "")
    ).execute()
    telling.sender("overdue", package)
