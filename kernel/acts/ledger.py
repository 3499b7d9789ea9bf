"""Writing acts down: the row, the preimages, and one leaf of the log; and holding them against it.

The bytes of an act are what was signed, its leaf is what the log says of it. The columns beside
them are projections for queries, so ``log verify`` takes each from the bytes again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from kernel.acts import preimages, signatures
from kernel.acts.models import Act, ActPrivate
from kernel.acts.statement import Statement
from kernel.acts.subjects import Subject
from kernel.acts.verbs import Verb
from kernel.crypto import canonical
from kernel.crypto.acts_batch import PREFIX
from kernel.crypto.ids import stamp
from kernel.errors import OfficeError
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk, ServiceDesk
from kernel.identity.models import Credential
from kernel.storage import log
from kernel.storage.comparing import Found, Row, Step, differs, missing, stretches, uncounted
from kernel.storage.log_check import stored_bytes
from kernel.storage.models import LogLeaf


def leaf_data(uid: str, digest: str, signature: Signature | None, at: str) -> dict[str, Any]:
    """What the leaf of an act holds: digests only, so that nothing personal enters the log."""
    return {
        "type": "act",
        "act": uid,
        "digest": digest,
        "signature": "" if signature is None else canonical.digest(signature.value),
        "at": at,
    }


def columns_of(facts: dict[str, Any]) -> dict[str, str]:
    """The columns of an act that say the same as its signed bytes, for queries."""
    where, about = facts["desk"], facts["object"] or {"kind": "", "uid": ""}
    return {
        "uid": facts["act"],
        "verb": facts["verb"],
        "kind": about["kind"],
        "subject": about["uid"],
        **{name: where[name] for name in ("organ", "unit", "post", "person")},
        "credential": facts["credential"],
        "nonce": facts["nonce"],
    }


def enter(
    desk: Desk | ServiceDesk,
    verb: Verb,
    subject: Subject | None,
    statement: Statement,
    signature: Signature | None,
    moment: datetime,
) -> Act:
    """Write the act and its leaf, within the transaction of the act.

    :param moment: when, by :mod:`kernel.acts.clock`.
    """
    uid = statement.facts["act"]
    leaf = log.append("act", uid, leaf_data(uid, statement.digest, signature, stamp(moment)))
    act: Act = Act.create(
        **columns_of(statement.facts),
        weight=verb.weight,
        bytes=statement.bytes,
        signature_kind="" if signature is None else signature.kind,
        signature=None if signature is None else signature.value,
        leaf=leaf,
        at=moment,
    )
    for name, (salt, text) in statement.private.items():
        ActPrivate.create(act=uid, name=name, salt=salt, text=text)
    return act


NAMES = {
    "uid": ("编号", "its uid"),
    "verb": ("办理动作", "the verb"),
    "weight": ("签名要求", "the weight"),
    "kind": ("事项种类", "the kind of object"),
    "subject": ("事项", "the object"),
    "organ": ("机关", "the organ"),
    "unit": ("部门", "the unit"),
    "post": ("岗位", "the post"),
    "person": ("人员", "the person"),
    "credential": ("安全认证插件", "the key"),
    "nonce": ("一次性随机数", "the nonce"),
    "signature_kind": ("签名方式", "the kind of signature"),
    "leaf": ("日志回执", "the promise of the log"),
    "at": ("办理时间", "the time"),
}
"""What the columns are called where one is not what was signed."""


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Compare every act with its leaf, its columns with its bytes, its texts with what they commit
    to; what does not agree is named, for ``log verify``."""
    keys = {row.uid: row.kind for row in Credential.select(Credential.uid, Credential.kind)}
    for rows in stretches(Act):
        leaves = log.leaves_of("act", [row["uid"] for row in rows])
        genuine: list[tuple[Row, dict[str, Any]]] = []
        for row in rows:
            mine = leaves.get(row["uid"], [])
            problem = _of_leaf(row, mine)
            if problem:
                yield f"act {row['uid']}", problem
                continue
            facts = _facts(row)
            if facts is None:
                yield f"act {row['uid']}", _UNREADABLE
                continue
            genuine.append((row, facts))
            yield from _of_bytes(row, facts, mine[0], keys)
            yield from _of_signer(row, facts)
        yield from preimages.compare(genuine)
        step(len(rows))
    for uid in missing(LogLeaf, LogLeaf.ref, Act.uid, LogLeaf.kind == "act"):
        yield (
            f"act {uid}",
            "日志中有此办理，但库中的记录已不在，请从备份中找回"
            " / stands in the log, but its row is gone: look for it in a backup",
        )
    yield from preimages.strays()


_UNREADABLE = (
    "内容不是本系统写下的办理记录，不能作数，请报安全保密管理员"
    " / is nothing that this system writes as an act: do not rely on it"
)


def _facts(row: Row) -> dict[str, Any] | None:
    """The signed bytes of a genuine act; None where they are no act, whoever put them there."""
    try:
        facts: dict[str, Any] = json.loads(row["bytes"])
        columns_of(facts)
        return facts if isinstance(facts["params"], dict) and facts["mode"] else None
    except (ValueError, KeyError, TypeError):
        return None


def _of_leaf(row: Row, leaves: list[tuple[dict[str, Any], str]]) -> str:
    if not leaves:
        return (
            "日志中没有此办理，来历不明，不能作数，请报安全保密管理员"
            " / has no leaf in the log: nobody performed it, do not rely on it"
        )
    said, _ = leaves[0]
    if len(leaves) > 1:
        return (
            "日志中有两条以上记录，以第一条为准，请报安全保密管理员"
            " / stands in the log more than once: the first leaf counts"
        )
    if said.get("digest") != canonical.digest(stored_bytes(row["bytes"])):
        return (
            "办理后内容被改动，请从备份中找回原文"
            " / was altered after it was performed: look for its bytes in a backup"
        )
    if said.get("signature") != _digest(row["signature"]):
        return (
            "所附签名与日志不符，请从备份中找回"
            " / carries another signature than the log says: look for it in a backup"
        )
    return ""


def _of_bytes(
    row: Row, facts: dict[str, Any], leaf: tuple[dict[str, Any], str], keys: dict[str, str]
) -> Iterator[Found]:
    said, promise = leaf
    signed = row["signature"] is not None
    kind = "node" if facts["mode"] == "node" else keys.get(facts["credential"], "")
    kinds = (kind, f"{PREFIX}{kind}") if signed else ("",)
    expected: dict[str, Any] = columns_of(facts) | {"weight": "signed" if signed else "recorded"}
    expected |= {"leaf": promise, "at": said.get("at")}
    expected["signature_kind"] = (
        row["signature_kind"] if row["signature_kind"] in kinds else kinds[0]
    )
    for name, value in expected.items():
        if row[name] != value:
            yield f"act {row['uid']}", differs(NAMES[name], row[name], value)


def _of_signer(row: Row, facts: dict[str, Any]) -> Iterator[Found]:
    """Whoever may write to the tables can put in an act with its leaf, but cannot sign it."""
    if row["signature"] is None:
        return
    try:
        kind, value = str(row["signature_kind"]), stored_bytes(row["signature"])
        signatures.check_kept(stored_bytes(row["bytes"]), facts, kind, value)
    except (OfficeError, TypeError, ValueError, KeyError) as error:
        why = getattr(error, "code", type(error).__name__)
        yield (
            f"act {row['uid']}",
            f"签名不成立（{why}），不能作数，请报安全保密管理员"
            f" / its signature does not hold ({why}): do not rely on it, tell the security"
            " administrator",
        )


def _digest(value: bytes | None) -> str:
    return "" if value is None else canonical.digest(stored_bytes(value))
