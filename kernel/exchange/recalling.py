"""Taking back what was sent, from every box that has not signed for it yet.

Recall and sign-for race; the claim decides, and exactly one of them wins. What was signed for is
not touched: that takes the recipient's consent, or a correction notice.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kernel.acts import outbox, signatures
from kernel.acts.context import this_act
from kernel.acts.gate import by_node
from kernel.acts.models import Act, Task
from kernel.acts.verbs import act
from kernel.crypto import canonical, x509
from kernel.crypto.ids import now, stamp, uuid7
from kernel.errors import Conflict, Invalid
from kernel.exchange import evidence as evidences
from kernel.exchange.building import evidence_row, trust
from kernel.exchange.evidence import Actor, EventTime, Reason
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.identity.authority import authority
from kernel.identity.desk import Desk, ServiceDesk
from kernel.identity.epoch import log_origin
from kernel.seals.signer_client import signer
from kernel.storage.bulk import insert_rows
from kernel.storage.database import connection, transaction

LONGEST = 500


def _open(package: Package) -> Any:
    return (
        (Delivery.package == package.uid) & (Delivery.state == "delivered") & (Delivery.claim == "")
    )


def open_count(package: Package) -> int:
    """How many boxes could still be taken back from."""
    return int(Delivery.select().where(_open(package)).count())


def _recallable(desk: Desk, package: Package, *, reason: str) -> None:
    if package.state != "sent" or not open_count(package):
        raise Conflict(
            "exchange.nothing_to_recall",
            "没有可以撤回的单位：都已签收或退回。可以发更正通知。",
            "There is nothing to recall: all have signed for it or sent it back.",
        )
    if not reason.strip() or len(reason) > LONGEST:
        raise Invalid(
            "exchange.recall_reason",
            f"请写明撤回原因（必填，收文单位可见，不超过 {LONGEST} 字）。",
            f"Please say why you recall it (at most {LONGEST} characters); the recipients read it.",
            field="reason",
        )


def _consequence(desk: Desk, package: Package, *, reason: str) -> str:
    left = open_count(package)
    signed = Delivery.select().where(
        (Delivery.package == package.uid) & (Delivery.state == "signed")
    )
    return f"{signed.count()} 家已签收，不受影响；其余 {left} 家将被撤回，不能再打开此件。"


@act(
    "exchange.recall",
    title="撤回",
    title_en="Recall",
    level="recall",
    weight="signed",
    private=("reason",),
    check=_recallable,
    confirm=_consequence,
)
def recall(desk: Desk, package: Package, *, reason: str) -> int:
    """Take a dispatch back from all boxes that have not signed for it; gives how many."""
    moved = (
        Delivery.update(
            claim="recall", claim_act=this_act(), reason=reason, settled_by=desk.person.name
        )
        .where(_open(package))
        .execute()
    )
    effect = {"package": package.uid, "act": this_act(), "reason": reason, "evidence": uuid7()}
    effect |= {"person": desk.person.name, "role": desk.post.title}
    outbox.put("exchange.recall", this_act(), effect)
    return int(moved)


def settle(payload: dict[str, Any]) -> None:
    """Outbox handler: the evidence of the sender and of the node, the new states. Idempotent."""
    with connection():
        package = Package.get(Package.uid == payload["package"])
        claimed = Delivery.select().where(
            (Delivery.package == package.uid) & (Delivery.claim_act == payload["act"])
        )
        rows = [row for row in claimed if row.state == "delivered"]
        if not rows:
            return
        record = signatures.record(payload["act"], with_private=True)
        asked, effects = _facts(package, rows, payload)
    signed = signer().sign_evidence(package.organ, record, asked.to_bytes())
    certificate = x509.load_cert(signed["certificate"].encode())
    value = canonical.unb64(signed["value"])
    first = evidences.record_of(asked, value, certificate, trust(), record)
    node = authority()
    rest = evidences.sign_batch(effects, node.node_key, node.certificate("node"), trust())
    pairs = list(zip([asked, *effects], [first, *rest], strict=True))
    digest = canonical.digest(b"".join(data for _, data in pairs))
    with transaction():
        service = ServiceDesk(package.organ, "exchange.recall")
        by_node(service, recalled, package, by=payload["act"], evidence=digest)
        insert_rows(Evidence, [evidence_row(package.uid, *pair) for pair in pairs])


def _facts(
    package: Package, rows: Sequence[Delivery], payload: dict[str, Any]
) -> tuple[evidences.Evidence, list[evidences.Evidence]]:
    deed = Act.get(Act.uid == payload["act"])
    reason = (Reason("recalled", payload["reason"]),)
    origin = log_origin()
    asked = evidences.Evidence(
        ev_id=payload["evidence"], type="X1", msg_id=package.uid, pkg_digest=package.pkg_digest,
        recipient="", event_time=EventTime(stamp(deed.at)), reasons=reason, origin=origin,
        actor=Actor(unit=package.organ, person=payload["person"], role=payload["role"]),
        act=canonical.digest(bytes(deed.bytes)),
    )  # fmt: skip
    effects = [
        evidences.Evidence(
            ev_id=uuid7(), type="X2", msg_id=package.uid, pkg_digest=package.pkg_digest,
            recipient=row.organ, event_time=EventTime(stamp(now())), reasons=reason, origin=origin,
            state_from="delivered", state_to="recalled",
        )
        for row in rows
    ]  # fmt: skip
    return asked, effects


@act(
    "exchange.withdraw",
    title="撤回生效",
    title_en="Take back",
    level="none",
    weight="signed",
    by="node",
)
def recalled(desk: ServiceDesk, package: Package, *, by: str, evidence: str) -> None:
    """Record the recall: the boxes are closed, their tasks gone."""
    mine = (Delivery.package == package.uid) & (Delivery.claim_act == by)
    uids = [row.uid for row in Delivery.select(Delivery.uid).where(mine)]
    Delivery.update(state="recalled", settled=now(), claim="").where(mine).execute()
    Task.update(done=now()).where(Task.subject.in_(uids) & Task.done.is_null()).execute()
