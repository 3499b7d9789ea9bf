"""Taking back what was sent: from every box that has not signed for it; from others by consent.

Recall and sign-for race; the claim decides, and exactly one of them wins. The loser gets a signed
refusal: X3 for the sender, X14 for the recipient. Whoever has signed for it can be asked
(:mod:`kernel.exchange.consenting`).

A recall is of the whole package or of the units it names, for what went to the wrong one. Only the
first kind ends the package (:func:`end`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import peewee

from kernel.acts import outbox, tasks
from kernel.acts.clock import signing_time
from kernel.acts.context import this_act, this_moment
from kernel.acts.gate import by_node
from kernel.acts.models import Task
from kernel.acts.verbs import act
from kernel.crypto.ids import now, uuid7
from kernel.errors import Conflict
from kernel.exchange import records, telling
from kernel.exchange.chosen import named, require_recipients, units_of
from kernel.exchange.evidence import Evidence as Fact
from kernel.exchange.evidence import Reason
from kernel.exchange.inbound import require_reason
from kernel.exchange.losing import at_recall, first, reason
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.refusals import RECALLED, SIGNED, TooLate
from kernel.identity.desk import Desk, ServiceDesk
from kernel.storage.bulk import insert_rows
from kernel.storage.database import connection, transaction

CONSENT = "同意撤回"
"""The step of the task with which the recipient answers."""
RESEND = "补发"
"""The step of the sender's tasks: one for each recipient who has asked for what he sent back by
mistake, with the uid of the delivery that he sent back."""


def _of(package: Package, units: Sequence[str] | None) -> peewee.Expression:
    mine: peewee.Expression = Delivery.package == package.uid
    return mine & Delivery.organ.in_(list(units)) if units else mine


def _open(package: Package, units: Sequence[str] | None = None) -> peewee.Expression:
    return _of(package, units) & (Delivery.state == "delivered") & (Delivery.claim == "")


def _askable(package: Package, units: Sequence[str] | None = None) -> peewee.Expression:
    signing = (Delivery.state == "signed") & (Delivery.claim == "")
    signing |= Delivery.claim == "sign_for"
    return _of(package, units) & signing & (Delivery.asked == "")


def open_units(package: Package, units: Sequence[str] | None = None) -> list[str]:
    """Those of all or of these recipients from whose boxes it could still be taken back."""
    return [row.organ for row in Delivery.select(Delivery.organ).where(_open(package, units))]


def askable_units(package: Package, units: Sequence[str] | None = None) -> list[str]:
    """Those who have signed for it and were not asked to give it back yet."""
    return [row.organ for row in Delivery.select(Delivery.organ).where(_askable(package, units))]


def open_count(package: Package) -> int:
    """How many boxes could still be taken back from."""
    return len(open_units(package))


def askable_count(package: Package) -> int:
    """How many have signed for it and were not asked to give it back yet."""
    return len(askable_units(package))


def require_sent(package: Package) -> None:
    """Refuse before it is delivered, and while the node is recording something about all of it.

    :raises Conflict: ``exchange.not_sent``, ``exchange.busy``.
    """
    if package.state != "sent":
        raise Conflict(
            "exchange.not_sent",
            "此件还没有发出，不能这样办理。正在发送的请稍候刷新；不想发出的请退回拟稿修改。",
            "It has not been sent yet. If it is on its way, reload in a "
            "moment; if it is not to leave, send it back to its drafter.",
        )
    if package.claim:
        raise Conflict(
            "exchange.busy",
            "此件正在办理中，请稍候刷新页面再试。",
            "This item is being processed; try again in a moment.",
        )


def requests(package: Package) -> list[Task]:
    """The sender's open tasks to send it again, the oldest first."""
    which = (Task.subject == package.uid) & (Task.step == RESEND) & Task.done.is_null()
    return list(Task.select().where(which).order_by(Task.id))


def answer_requests(package: Package, by: str = "") -> None:
    """Let the sender's tasks to send it again go: it cannot be done any more.

    :param by: the post of who saw to it.
    """
    tasks.finish(package, by=by, step=RESEND)


def end(package: Package, by: str = "") -> None:
    """Once all of it was recalled and the first box is taken back, nothing more goes out of it.

    As long as those who signed for it are only asked it does, for they may refuse.
    """
    still = (Package.uid == package.uid) & (Package.ended == "")
    Package.update(ended="recall").where(still).execute()
    answer_requests(package, by)


def end_if_given_back(delivery: Delivery) -> None:
    """After a recipient gave a copy back: nothing more goes out, unless only he was asked.

    The request that he answers is that of his delivery; what was given back elsewhere names none,
    and counts once all of it was recalled.
    """
    asked = Evidence.select(Evidence.act)
    asked = asked.where((Evidence.package == delivery.package_id) & (Evidence.type == "X1"))
    causes = [delivery.asked] if delivery.asked else [row.act for row in asked]
    if any(not units_of(deed) for deed in causes):
        end(delivery.package)


def asked_count(package: Package) -> int:
    """How many are asked to give it back and have not answered."""
    mine = (Delivery.package == package.uid) & (Delivery.asked != "")
    return int(Delivery.select().where(mine).count())


def _recallable(
    desk: Desk,
    package: Package,
    *,
    reason: str,
    ask: bool = False,
    units: list[str] | None = None,
) -> None:
    require_sent(package)
    require_recipients(package, units or ())
    signed = askable_units(package, units)
    if not open_units(package, units) and not (ask and signed):
        raise TooLate(
            RECALLED if package.ended == "recall" and not signed else SIGNED,
            "没有可以撤回的单位：都已签收、退回或撤回。可以申请撤回、作废或发更正通知",
            "There is nothing to recall: all have signed for it or sent it back. Ask for their "
            "consent, declare it void, or send a correction",
        )
    require_reason(reason)


def _consequence(
    desk: Desk,
    package: Package,
    *,
    reason: str,
    ask: bool = False,
    units: list[str] | None = None,
) -> tuple[str, str]:
    left, asked = len(open_units(package, units)), len(askable_units(package, units))
    if units:
        zh, en = named(units)
        also = f"；其中 {asked} 家已签收，将收到撤回申请，须对方同意" if ask and asked else ""
        also_en = f"; {asked} that have signed for it will be asked to agree" if also else ""
        return (
            f"只向所选单位撤回：{zh}。{left} 家将被撤回，不能再打开此件{also}。其他单位不受影响。",
            f"Only from the chosen units: {en}. It is taken back from {left}, who can't open it "
            f"any more{also_en}. All others keep it.",
        )
    others = "将收到撤回申请，须对方同意" if ask else "不受影响"
    others_en = "will be asked to agree" if ask else "keep it"
    return (
        f"{asked} 家已签收，{others}；其余 {left} 家将被撤回，不能再打开此件。此后不能再补发。",
        f"{asked} have signed for it and {others_en}; it is taken back from the other {left}, who "
        "can't open it any more. It cannot be sent again after that.",
    )


@act(
    "exchange.recall",
    title="撤回",
    title_en="Recall",
    level="recall",
    weight="signed",
    private=("reason",),
    check=_recallable,
    confirm=_consequence,
    lost=at_recall,
)
def recall(
    desk: Desk,
    package: Package,
    *,
    reason: str,
    ask: bool = False,
    units: list[str] | None = None,
) -> int:
    """Take a dispatch back from all boxes that have not signed for it; gives how many.

    :param ask: also ask those who have signed for it to agree. :param units: from these only; the
        others keep it, and it can still be sent to more.
    :raises Invalid: ``exchange.not_recipient`` for units that it was not sent to.
    :raises TooLate: where nothing is left to take back.
    """
    deed = this_act()
    claim = {"claim": "recall", "claim_act": deed, "reason": reason}
    moved = Delivery.update(settled_by=desk.name, **claim).where(_open(package, units)).execute()
    asking = Delivery.update(asked=deed, asked_reason=reason)
    asked = asking.where(_askable(package, units)).execute() if ask else 0
    if not moved and not asked:
        raise TooLate(SIGNED, "都已签收", "All have signed for it")
    if moved and not units:
        end(package, by=desk.post.uid)
    facts = {"reason": reason, "evidence": uuid7(), "actor": records.actor_at(desk)}
    facts["units"] = units or []
    outbox.put("exchange.recall", deed, {"package": package.uid, "act": deed, **facts})
    return int(moved)


def settle(payload: dict[str, Any]) -> None:
    """Outbox handler: the evidence of the sender and of the node, the new states. Idempotent."""
    with connection():
        package = Package.get(Package.uid == payload["package"])
        if records.known(package.uid, "X1", payload["act"]):
            return
        asked, results = _facts(package, payload)
        made = records.by_unit(package.organ, payload["act"], [asked])
        made += records.by_node(results)
    with transaction():
        if records.known(package.uid, "X1", payload["act"]):
            return
        service, digest = ServiceDesk(package.organ, "exchange.recall"), records.digest_of(made)
        boxes: int | None = sum(fact.type == "X2" for fact in results)
        if not boxes and package.ended == "recall":
            boxes = None  # asked for in version 0.1, which ended it with the request
        by_node(service, recalled, package, by=payload["act"], evidence=digest, boxes=boxes)
        records.keep(package, made, payload["act"])


def _facts(package: Package, payload: dict[str, Any]) -> tuple[Fact, list[Fact]]:
    """What the sender asks for (X1), and what comes of it in each box (X2, X3)."""
    deed, why = payload["act"], (Reason("recalled", payload["reason"]),)
    asked = records.fact(
        package, "X1", ev_id=payload["evidence"], reasons=why,
        actor=records.actor(payload["actor"]), **records.deed(deed),
    )  # fmt: skip
    results, at = [], signing_time()
    meant = _of(package, payload.get("units"))
    for row in Delivery.select().where(meant).order_by(Delivery.id):
        if row.claim_act == deed:
            results.append(
                records.fact(package, "X2", row, at=at, reasons=why, state_to="recalled")
            )
        elif row.state != "recalled" and row.asked != deed and first(row):
            results.append(records.fact(package, "X3", row, at=at, reasons=(reason(first(row)),)))
    return asked, results


@act(
    "exchange.withdraw",
    title="撤回生效",
    title_en="Take back",
    level="none",
    weight="signed",
    by="node",
)
def recalled(
    desk: ServiceDesk, package: Package, *, by: str, evidence: str, boxes: int | None = None
) -> None:
    """Record the recall: the boxes are closed, their tasks gone; others are asked.

    :param boxes: how many are closed. Acts of version 0.1 do not say it: by them a package had
        ended even where all were only asked.
    """
    mine = (Delivery.package == package.uid) & (Delivery.claim_act == by)
    mine &= Delivery.claim == "recall"
    uids = [row.uid for row in Delivery.select(Delivery.uid).where(mine)]
    Delivery.update(state="recalled", settled=this_moment(), claim="").where(mine).execute()
    Task.update(done=now()).where(Task.subject.in_(uids) & Task.done.is_null()).execute()
    telling.recipients("recalled", uids)
    asked = Delivery.select().where((Delivery.package == package.uid) & (Delivery.asked == by))
    insert_rows(Task, [_question(row) for row in asked])
    telling.recipients("asked", [row.uid for row in asked])


def _question(row: Delivery) -> dict[str, Any]:
    return {
        "plugin": "exchange",
        "kind": Delivery.kind,
        "subject": row.uid,
        "title": row.title,
        "meta": " · ".join(part for part in ("申请撤回", row.number, row.sender_name) if part),
        "step": CONSENT,
        "organ": row.organ,
        "level": "exchange.handle",
        "urgency": row.urgency,
        "sender": row.sender_name,
    }
