"""After sign-for or send-back: the receipt is signed by the unit and recorded by the node."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kernel.acts import signatures, tasks
from kernel.acts.context import following
from kernel.acts.gate import by_node
from kernel.acts.models import Act
from kernel.acts.outbox import Step, TwoSteps
from kernel.acts.subjects import hold
from kernel.acts.verbs import act
from kernel.crypto import canonical, x509
from kernel.crypto.ids import parse_stamp, stamp
from kernel.errors import Conflict
from kernel.exchange import evidence as evidences
from kernel.exchange import recalling, telling
from kernel.exchange.building import trust
from kernel.exchange.evidence import Actor, EventTime, Reason
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.receipts import words_of
from kernel.exchange.records import heads_of
from kernel.identity.desk import Desk, ServiceDesk, desk_of
from kernel.identity.epoch import log_origin
from kernel.identity.models import Post
from kernel.plugins.bus import bus
from kernel.plugins.switches import switchboard
from kernel.seals.signer_client import signer
from kernel.storage import log
from kernel.storage.database import connection, savepoint, transaction
from kernel.storage.instance import crash_point

STEPS = {
    "sign_for": ("C1", "delivered", "signed"),
    "send_back": ("C2", "delivered", "returned"),
    "agree_recall": ("X4", "signed", "recalled"),
}
"""What a person at the recipient decided → evidence, state before, state after."""
REASON = {"C2": "returned", "X4": "agreed"}


def _settle(payload: dict[str, Any]) -> Step:
    with connection():
        row = Delivery.get(Delivery.uid == payload["delivery"])
        mine = row.claim_act == payload["act"]
        body = row.package.body
    keep = _signed(row, payload) if mine and row.claim else None
    told = mine and payload["what"] == "sign_for"
    text = words_of(body) if told else ""

    def write() -> Exception | None:
        if keep is not None:
            keep()
        if told:
            # On its own, because the receipt must not depend on a plugin; what the plugin raises
            # comes back to it with the next attempt.
            try:
                with savepoint() as part:
                    _tell(row.uid, text)
            except Exception as error:
                if not part.undone:
                    raise
                return error
        return None

    return write


settle = TwoSteps(_settle)
"""Outbox handler: make the receipt of what a person decided, and record it. Idempotent."""


def _signed(row: Delivery, payload: dict[str, Any]) -> Callable[[], None]:
    """Have the receipt signed; gives what records it."""
    type_, _before, state = STEPS[payload["what"]]
    with connection():
        record = signatures.record(payload["act"], with_private=True)
        fact = _fact(row, type_, state, payload)
    signed = signer().sign_evidence(row.organ, record, fact.to_bytes())
    certificate = x509.load_cert(signed["certificate"].encode())
    value = canonical.unb64(signed["value"])
    data = evidences.record_of(fact, value, certificate, trust(), record)
    crash_point("exchange.settle")

    def keep() -> None:
        service, digest = ServiceDesk(row.organ, "exchange.settle"), canonical.digest(data)
        if state == "recalled":
            hold(Package, row.package_id)  # before the delivery, as its sender does who ends it
        by_node(service, settled, row, state=state, evidence=digest)
        _keep(row, fact, data, payload["act"])

    return keep


def _desk(act_uid: str) -> Desk:
    return desk_of(Post.get(Post.uid == Act.get(Act.uid == act_uid).post))


def _fact(row: Delivery, type_: str, state: str, payload: dict[str, Any]) -> evidences.Evidence:
    deed = Act.get(Act.uid == payload["act"])
    return evidences.Evidence(
        ev_id=payload["evidence"],
        type=type_,
        msg_id=row.package_id,
        pkg_digest=row.package.pkg_digest,
        recipient=row.organ,
        delivery=row.copy_uid,
        event_time=EventTime(stamp(deed.at)),
        actor=Actor(
            unit=row.organ,
            person=payload["person"],
            role=payload["role"],
            delegate_for=payload.get("delegate_for", ""),  # not in what waits since version 0.1
        ),
        act=canonical.digest(bytes(deed.bytes)),
        reasons=(Reason(REASON[type_], row.reason),) if row.reason else (),
        heads=tuple(payload["heads"] if "heads" in payload else heads_of(row)),
        state_from=row.state,
        state_to=state,
        origin=log_origin(),
    )


def _keep(row: Delivery, fact: evidences.Evidence, data: bytes, act_uid: str) -> None:
    leaf = log.append(
        "evidence", fact.ev_id, {"type": "evidence", "digest": canonical.digest(data)}
    )
    Evidence.create(
        uid=fact.ev_id,
        package=row.package_id,
        organ=row.organ,
        delivery=fact.delivery,
        type=fact.type,
        record=data,
        act=act_uid,
        leaf=leaf,
        at=parse_stamp(fact.event_time.value),
    )


def _claimed(desk: ServiceDesk, delivery: Delivery, *, state: str, **_: Any) -> None:
    if (delivery.state, state) not in {step[1:] for step in STEPS.values()} or not delivery.claim:
        raise Conflict(
            "exchange.settled",
            "此件已办理过，没有重复登记。请刷新页面查看结果。",
            "This item is settled already and nothing was recorded twice; "
            "reload the page to see how.",
        )


@act(
    "exchange.record",
    title="登记回执",
    title_en="Record a receipt",
    level="none",
    weight="signed",
    by="node",
    check=_claimed,
)
def settled(desk: ServiceDesk, delivery: Delivery, *, state: str, evidence: str) -> None:
    """Record the receipt and the new state; the task of the clerk is done."""
    deed = Act.get(Act.uid == delivery.claim_act)
    Delivery.update(
        state=state,
        settled=deed.at,
        claim="",
        parked=state == "signed",
        asked=delivery.asked if state == "signed" else "",
    ).where(Delivery.id == delivery.id).execute()
    if state == "signed":  # it may have been asked for back meanwhile: that stays to be answered
        tasks.finish(delivery, by=deed.post, step="签收", words=telling.TO_SIGN)
    else:
        tasks.finish(delivery, by=deed.post)
    if state == "recalled":
        recalling.end_if_given_back(delivery)
    _tell_sender(delivery, state)


_ALL_BUT = {
    frozenset({"signed"}): "all",
    frozenset({"signed", "returned"}): "all_but_returned",
}
"""The states of the newest copies once nobody waits any more → what the sender is told of them."""


def _tell_sender(delivery: Delivery, state: str) -> None:
    if state != "signed":
        what = "returned" if state == "returned" else "agreed"
        telling.sender(what, delivery.package, delivery.organ)
        return
    sent = Delivery.package == delivery.package_id
    if Delivery.select().where(sent & (Delivery.state == "delivered")).exists():
        return
    rows = Delivery.select(Delivery.organ, Delivery.state).where(sent).order_by(Delivery.copy)
    newest = {row.organ: row.state for row in rows}
    telling.sender(_ALL_BUT.get(frozenset(newest.values()), "rest"), delivery.package)


def _hand_over(uid: str) -> None:
    with connection():
        found = Package.select(Package.body).join(Delivery).where(Delivery.uid == uid).first()
    text = words_of(found.body if found is not None else "")
    with transaction():
        _tell(uid, text)


def _tell(uid: str, text: str) -> None:
    """Tell the plugin that owns the payload; until it has listened, the delivery stays parked."""
    hold(Delivery, uid)
    row = Delivery.get(Delivery.uid == uid)
    plugin = row.type.partition(".")[0]
    if not row.parked or not switchboard().works(plugin, row.organ):
        return
    with following(row.claim_act):
        told = bus().tell("signed_for", plugin, desk=_desk(row.claim_act), delivery=row, text=text)
    Delivery.update(parked=not told).where(Delivery.id == row.id).execute()


def unpark_waiting() -> None:
    """Hand over what waits for plugins that work again; done when a worker starts."""
    with connection():
        parked = Delivery.select(Delivery.organ, Delivery.type).where(Delivery.parked).distinct()
        waiting = [(row.organ, row.type.partition(".")[0]) for row in parked]
    for organ, plugin in waiting:
        unpark({"organ": organ, "plugin": plugin})


def unpark(payload: dict[str, Any]) -> None:
    """Outbox handler: hand over what was signed for while a plugin was off. Idempotent."""
    waiting = (
        (Delivery.organ == payload["organ"])
        & Delivery.parked
        & Delivery.type.startswith(f"{payload['plugin']}.")
    )
    with connection():
        rows = list(Delivery.select(Delivery.uid).where(waiting).order_by(Delivery.id))
    for uid in [row.uid for row in rows]:
        _hand_over(uid)
