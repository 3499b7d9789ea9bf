"""Evidence in the making: what all events after a dispatch have in common."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from kernel.acts import signatures
from kernel.acts.clock import signing_time
from kernel.acts.hold import require as require_not_held
from kernel.acts.models import Act
from kernel.acts.subjects import hold
from kernel.crypto import canonical, x509
from kernel.crypto.ids import stamp, uuid7
from kernel.exchange import evidence as evidences
from kernel.exchange.building import evidence_writer, trust
from kernel.exchange.evidence import Actor, EventTime
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.identity.epoch import log_origin
from kernel.seals.signer_client import signer
from kernel.storage.database import in_transaction


def fact(
    package: Package,
    type_: str,
    row: Delivery | None = None,
    *,
    at: datetime | None = None,
    **more: Any,
) -> evidences.Evidence:
    """One event of a package, or of one of its deliveries, whose state it leaves as it is.

    :param at: when; now unless given, refused (``node.clock``) while the clock is behind the log.
    :param more: fields of :class:`~kernel.exchange.evidence.Evidence` that say more than that.
    """
    state = row.state if row is not None else ""
    usual: dict[str, Any] = {"ev_id": uuid7(), "state_from": state, "state_to": state}
    usual |= {"recipient": row.organ if row is not None else ""}
    usual |= {"delivery": row.copy_uid if row is not None else ""}
    return evidences.Evidence(
        type=type_,
        msg_id=package.uid,
        pkg_digest=package.pkg_digest,
        event_time=EventTime(stamp(at or signing_time())),
        origin=log_origin(),
        **(usual | more),
    )


def deed(uid: str) -> dict[str, Any]:
    """The time and digest of a person's act, for :func:`fact`."""
    act = Act.get(Act.uid == uid)
    return {"at": act.at, "act": canonical.digest(bytes(act.bytes))}


def actor_at(desk: Desk) -> dict[str, str]:
    """The person at his desk in the words of evidence; kept with an effect until it is made."""
    whom = "" if desk.acting is None else desk.principal.name
    who = {"unit": desk.organ_code, "person": desk.name, "role": desk.post.title}
    return who | {"delegate_for": whom}


def by_unit(
    organ: str, act: str, facts: Sequence[evidences.Evidence]
) -> list[tuple[evidences.Evidence, bytes]]:
    """Let the signer sign what a person's act led to, with the unit's exchange key.

    Outside of any transaction. The same facts bring the same bytes again.
    """
    record = signatures.record(act, with_private=True)
    made = []
    for one in facts:
        signed = signer().sign_evidence(organ, record, one.to_bytes())
        certificate = x509.load_cert(signed["certificate"].encode())
        value = canonical.unb64(signed["value"])
        made.append((one, evidences.record_of(one, value, certificate, trust(), record)))
    return made


def by_node(
    facts: Sequence[evidences.Evidence], act: str = ""
) -> list[tuple[evidences.Evidence, bytes]]:
    """Sign events with the node's key, all at once.

    :param act: the uid of the person's act behind them; its record then goes along.
    :raises Unavailable: ``node.held``: what led to it needed no signature, but this is one.
    """
    if not facts:
        return []
    require_not_held("exchange.evidence")
    node = authority()
    record = signatures.record(act, with_private=True) if act else None
    made = evidences.sign_batch(facts, node.node_key, node.certificate("node"), trust(), record)
    return list(zip(facts, made, strict=True))


def digest_of(made: Sequence[tuple[evidences.Evidence, bytes]]) -> str:
    """One digest over records, for the act of the node that takes them up."""
    return canonical.digest(b"".join(record for _, record in made))


def keep(
    package: Package, made: Sequence[tuple[evidences.Evidence, bytes]], cause: str
) -> list[str]:
    """Write records down, each with its leaf, in the caller's transaction; gives their uids.

    :param cause: the uid of the act behind them, or what else tells them from others of their kind.
    """
    evidence_writer(package.uid, made, cause)()
    return [one.ev_id for one, _ in made]


def known(package: str, type_: str, cause: str) -> bool:
    """Whether evidence of this kind and cause was recorded: what makes a handler idempotent.

    In a transaction the package is held, so that of two workers the second sees what the first did.
    """
    if in_transaction():
        hold(Package, package)
    same = (Evidence.package == package) & (Evidence.type == type_) & (Evidence.act == cause)
    return bool(Evidence.select().where(same).exists())


def heads_of(row: Delivery) -> list[str]:
    """The digests of the evidence of a delivery so far."""
    before = Evidence.select(Evidence.record).where(
        (Evidence.package == row.package_id)
        & (Evidence.organ == row.organ)
        & (Evidence.delivery == row.copy_uid)
    )
    every = [canonical.loads(bytes(one.record)) for one in before.order_by(Evidence.id)]
    return [canonical.digest(canonical.dumps(one["evidence"])) for one in every]


def actor(fields: dict[str, str]) -> Actor:
    """What :func:`actor_at` has kept."""
    return Actor(**fields)
