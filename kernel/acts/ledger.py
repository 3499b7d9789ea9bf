"""Writing acts down: the row, the preimages, and one leaf of the log."""

from __future__ import annotations

from typing import Any

from kernel.acts.models import Act, ActPrivate
from kernel.acts.statement import Statement
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb
from kernel.crypto import canonical
from kernel.crypto.ids import now, stamp
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk, ServiceDesk
from kernel.storage import log
from kernel.storage.log_check import stored_bytes


def leaf_data(uid: str, digest: str, signature: Signature | None, at: str) -> dict[str, Any]:
    """What the leaf of an act holds: digests only, so that nothing personal enters the log."""
    return {
        "type": "act",
        "act": uid,
        "digest": digest,
        "signature": "" if signature is None else canonical.digest(signature.value),
        "at": at,
    }


def enter(
    desk: Desk | ServiceDesk,
    verb: Verb,
    subject: Subject | None,
    statement: Statement,
    signature: Signature | None,
) -> Act:
    """Write the act and its leaf, within the transaction of the act."""
    uid, moment = statement.facts["act"], now()
    leaf = log.append("act", uid, leaf_data(uid, statement.digest, signature, stamp(moment)))
    where = statement.facts["desk"]
    act: Act = Act.create(
        uid=uid,
        verb=verb.name,
        weight=verb.weight,
        kind="" if subject is None else subject.kind,
        subject="" if subject is None else subject.uid,
        organ=where["organ"],
        unit=where["unit"],
        post=where["post"],
        person=where["person"],
        bytes=statement.bytes,
        signature_kind="" if signature is None else signature.kind,
        signature=None if signature is None else signature.value,
        credential=statement.facts["credential"],
        nonce=statement.nonce,
        leaf=leaf,
        at=moment,
    )
    for name, (salt, text) in statement.private.items():
        ActPrivate.create(act=uid, name=name, salt=salt, text=text)
    return act


def reconcile() -> list[tuple[str, str]]:
    """Compare every act with its leaf; what does not agree is named, for ``log verify``."""
    problems = []
    leaves = log.leaves("act")
    for act in Act.select().order_by(Act.id).iterator():
        said = leaves.pop(act.uid, None)
        if said is None:
            problems.append((f"act {act.uid}", "has no leaf in the log"))
        elif said.get("digest") != canonical.digest(stored_bytes(act.bytes)):
            problems.append((f"act {act.uid}", "was altered after it was performed"))
        elif said.get("signature") != _digest(act.signature):
            problems.append((f"act {act.uid}", "carries another signature than the log says"))
    problems += [(f"act {uid}", "stands in the log, but its row is gone") for uid in leaves]
    return problems


def _digest(value: bytes | None) -> str:
    return "" if value is None else canonical.digest(stored_bytes(value))
