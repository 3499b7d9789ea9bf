"""After the dispatch: the package is built, signed, and delivered in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from kernel.acts import signatures
from kernel.acts.clock import signing_time
from kernel.acts.context import this_moment
from kernel.acts.gate import by_node
from kernel.acts.models import Task
from kernel.acts.verbs import act
from kernel.crypto import canonical
from kernel.crypto.ids import parse_stamp, stamp, uuid7
from kernel.errors import Conflict
from kernel.exchange import evidence as evidences
from kernel.exchange import package as packages
from kernel.exchange import telling
from kernel.exchange.evidence import EventTime
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.package import Contents
from kernel.exchange.verdict import examine
from kernel.identity import revocation
from kernel.identity.authority import PURPOSES, authority
from kernel.identity.desk import ServiceDesk
from kernel.identity.epoch import log_origin
from kernel.seals.signer_client import signer
from kernel.storage import log
from kernel.storage.blobs import blobs
from kernel.storage.bulk import insert_rows, ready_rows
from kernel.storage.database import connection, transaction
from kernel.storage.instance import crash_point

ROLE_OF = {"主送": "main", "抄送": "cc"}


def build(payload: dict[str, Any]) -> None:
    """Outbox handler: make the package of a released envelope and deliver it. Idempotent."""
    _choose_lists(payload["package"])
    with connection():
        row = Package.get(Package.uid == payload["package"])
        if row.state != "claimed":
            return
        contents = _contents(row)
        dispatch = signatures.record(row.dispatch_act)
        envelope = bytes(row.envelope)
    manifest = packages.manifest_of(contents)
    signature = signer().sign_manifest(row.organ, dispatch, envelope, manifest)
    data = packages.assemble(contents, manifest, signature)
    verdict = examine(data, [authority().certificate("root")])
    if verdict.refusal is not None:
        raise verdict.refusal
    _deliver(row, contents.envelope, packages.pkg_digest(manifest), blobs().put(data))


def _choose_lists(uid: str) -> None:
    """Note which revocation lists go along: whoever builds it again after a crash takes the same.

    The signer signs one manifest for an act, and newer lists would make another one.
    """
    with connection():
        moment = signing_time()
    revocation.renew(moment)
    with transaction():
        row = Package.get(Package.uid == uid)
        if row.lists is None:
            Package.update(lists=revocation.current()).where(Package.id == row.id).execute()


def trust() -> list[bytes]:
    """The certificates that every package and every evidence carries along."""
    return [authority().pem(purpose) for purpose in PURPOSES]


def _contents(row: Package) -> Contents:
    return Contents(
        envelope=canonical.loads(bytes(row.envelope)),
        metadata=row.metadata,
        body=blobs().get(row.body) if row.body else None,
        attachments=[(name, blobs().get(digest)) for name, digest in row.attachments],
        payload=row.payload,
        acts=[signatures.record(uid) for uid in row.acts],
        trust=[*trust(), *revocation.pems(row.lists or [])],
    )


def _facts(row: Package, envelope: dict[str, Any], digest: str) -> list[evidences.Evidence]:
    """A1 for the package and D1 for each box: accepted, delivered."""
    time = EventTime(stamp(signing_time()))
    origin = log_origin()

    def one(type_: str, recipient: str, before: str, after: str) -> evidences.Evidence:
        return evidences.Evidence(
            ev_id=uuid7(), type=type_, msg_id=row.uid, pkg_digest=digest, recipient=recipient,
            event_time=time, state_from=before, state_to=after, origin=origin,
        )  # fmt: skip

    accepted = one("A1", "", "sealed", "accepted")
    delivered = [one("D1", to["unit"], "accepted", "delivered") for to in envelope["recipients"]]
    return [accepted, *delivered]


def _deliver(row: Package, envelope: dict[str, Any], digest: str, blob: str) -> None:
    with connection():
        facts = _facts(row, envelope, digest)
    records = evidences.sign_batch(
        facts, authority().node_key, authority().certificate("node"), trust()
    )
    root = canonical.digest(b"".join(records))
    keep = evidence_writer(row.uid, list(zip(facts, records, strict=True)))
    crash_point("exchange.build")
    with transaction():
        by_node(
            ServiceDesk(row.organ, "exchange.build"),
            accept,
            row,
            digest=digest,
            blob=blob,
            evidence=root,
        )
        keep()


def evidence_writer(
    package: str, made: Sequence[tuple[evidences.Evidence, bytes]], act: str = ""
) -> Callable[[], None]:
    """Make the rows and leaves of evidence ready; gives what writes them, within a transaction, so
    that others wait for nothing but that."""
    leaves = [
        log.leaf("evidence", fact.ev_id, {"type": "evidence", "digest": canonical.digest(record)})
        for fact, record in made
    ]
    rows = [
        {
            "uid": fact.ev_id, "package": package, "organ": fact.recipient,
            "delivery": fact.delivery, "type": fact.type, "record": record, "act": act,
            "leaf": leaf.promise, "at": parse_stamp(fact.event_time.value),
        }
        for (fact, record), leaf in zip(made, leaves, strict=True)
    ]  # fmt: skip

    parts = (log.ready_all(leaves), ready_rows(Evidence, rows))

    def write() -> None:
        for part in parts:
            part()

    return write


def _claimed(desk: ServiceDesk, package: Package, **_: Any) -> None:
    if package.state != "claimed":
        raise Conflict(
            "exchange.released",
            "此件已经发出过了，没有重复发送。请到发件箱查看。",
            "It was sent before and nothing was sent twice; look it up in the outbox.",
        )


@act(
    "exchange.accept",
    title="受理并投递",
    title_en="Accept and deliver",
    level="none",
    weight="signed",
    by="node",
    check=_claimed,
)
def accept(
    desk: ServiceDesk,
    package: Package,
    *,
    digest: str,
    blob: str,
    evidence: str,
    failed: list[str] | None = None,
) -> None:
    """Take a package into the exchange and lay it into every recipient's box.

    :param failed: recipients that cannot be reached; their deliveries end here.
    """
    envelope = canonical.loads(bytes(package.envelope))
    rows = [_delivery(package, to, envelope["sender"]["name"]) for to in envelope["recipients"]]
    ended = [row | {"state": "failed"} for row in rows if row["organ"] in (failed or [])]
    rows = [row for row in rows if row["organ"] not in (failed or [])]
    insert_rows(Delivery, rows)
    insert_rows(Delivery, ended)
    insert_rows(Task, [delivery_task(row) for row in rows])
    telling.recipients("new", [row["uid"] for row in rows])
    Package.update(state="sent", pkg_digest=digest, blob=blob, sent=this_moment()).where(
        Package.id == package.id
    ).execute()


def _delivery(package: Package, to: dict[str, Any], sender_name: str) -> dict[str, Any]:
    return {
        "uid": uuid7(),
        "organ": to["unit"],
        "package": package.uid,
        "sender": package.organ,
        "sender_name": sender_name,
        "type": package.type,
        "title": package.title,
        "number": package.number,
        "urgency": package.urgency,
        "role": ROLE_OF[to["role"]],
        "sign_by": package.sign_by,
        "delivered": this_moment(),
    }


def delivery_task(row: dict[str, Any]) -> dict[str, Any]:
    """The row of the task that a delivery is for the clerk of its recipient."""
    return {
        "plugin": "exchange",
        "kind": Delivery.kind,
        "subject": row["uid"],
        "title": row["title"],
        "meta": " · ".join(part for part in (row["number"], row["sender_name"]) if part),
        "step": "签收",
        "organ": row["organ"],
        "level": "exchange.handle",
        "urgency": row["urgency"],
        "sender": row["sender_name"],
        "due": row["sign_by"],
    }
