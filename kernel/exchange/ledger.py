"""Holding the exchange against the log: evidence that was altered or lost is named, and so is
whatever a package or a delivery shows otherwise than its evidence and acts say."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from kernel.acts.deeds import deeds_of, deeds_on
from kernel.acts.models import Act
from kernel.acts.whose import Whose, compare, lost
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.exchange import evidence as evidences
from kernel.exchange import proved, shown_deliveries, shown_packages
from kernel.exchange.models import Delivery, Evidence, Package, Rejection
from kernel.exchange.proved import Event, History
from kernel.identity.authority import authority
from kernel.storage import log
from kernel.storage.comparing import (
    Found,
    Row,
    Step,
    absent,
    differs,
    missing,
    rows_of,
    stretches,
    uncounted,
)
from kernel.storage.database import snapshot
from kernel.storage.log_check import stored_bytes
from kernel.storage.models import LogLeaf

NAMES = {
    "uid": ("编号", "its uid"),
    "package": ("公文包", "the package"),
    "organ": ("收文单位", "the recipient"),
    "delivery": ("补发件", "the copy"),
    "type": ("回执种类", "the type"),
    "leaf": ("日志回执", "the promise of the log"),
    "at": ("时间", "the time"),
    "act": ("所依据的办理", "the act behind it"),
    "conflict": ("“未采用”标记", "the mark of a conflict"),
    "msg_id": ("公文包", "the package"),
    "digest": ("摘要", "the digest"),
    "codes": ("拒绝原因", "the numbers of the refusal"),
}
_LOST = (
    "日志中有此回执，但库中的记录已不在，请从备份中找回"
    " / stands in the log, but its row is gone: look for it in a backup"
)
_ALTERED = (
    "登记后被改动，请从备份中找回 / was altered after it was recorded: look for it in a backup"
)
_STRANGE = (
    "日志中没有此回执，来历不明，不能作数，请报安全保密管理员"
    " / has no leaf in the log: nobody recorded it, do not rely on it"
)


def reconcile(step: Step = uncounted) -> Iterator[Found]:
    """Compare evidence with its leaves, what packages and deliveries show with their evidence."""
    for (row,) in stretches(Package, Package.uid, size=1):
        yield from _package(row["uid"], step)
    for model, field in ((Evidence, Evidence.package), (Delivery, Delivery.package)):
        for uid in missing(model, field, Package.uid):
            yield (
                f"package {uid}",
                "公文包的记录已不在，请从备份中找回 / its row is gone: look for it in a backup",
            )
    for rows in stretches(Rejection):
        yield from _rejections(rows)
        step(len(rows))
    evidence = (LogLeaf.kind == "evidence") & absent(LogLeaf.ref, Rejection.uid)
    for uid in missing(LogLeaf, LogLeaf.ref, Evidence.uid, evidence):
        yield f"evidence {uid}", _LOST


def _package(uid: str, step: Step) -> Iterator[Found]:
    """One package with all that belongs to it, read from one state of the database."""
    found: list[Found] = []
    events: list[Event] = []
    with snapshot():
        for rows in stretches(Evidence, where=Evidence.package == uid):
            found += _evidence(rows, events)
            step(len(rows))
        history = _history(uid, events)
        found += shown_packages.compare(history)
        for rows in stretches(Delivery, where=Delivery.package == uid):
            uids = [row["uid"] for row in rows]
            done = deeds_on(Delivery.kind, uids, shown_deliveries.ON_DELIVERY)
            causes = deeds_of(shown_deliveries.causes_of(history, rows))
            found += shown_deliveries.compare(history, rows, done, causes)
            found += _tasks(rows)
            step(len(rows))
        found += shown_deliveries.gone(history)
        if history.package is not None:
            manager = Whose(history.package["organ"], "exchange.manage")
            found += compare(Package.kind, {uid: manager})
    yield from found


def _tasks(deliveries: list[Row]) -> Iterator[Found]:
    """What the clerk of a recipient has to do is his, and there as long as nobody has done it."""
    whose = {row["uid"]: Whose(row["organ"], "exchange.handle") for row in deliveries}
    yield from compare(Delivery.kind, whose)
    waiting = [row["uid"] for row in deliveries if row["state"] == "delivered"]
    yield from lost(Delivery.kind, waiting)


def _history(uid: str, events: list[Event]) -> History:
    row = next(iter(rows_of(Package, where=[Package.uid == uid])), None)
    acts = deeds_on(Package.kind, [uid], proved.ACTS).get(uid, [])
    released = row["dispatch_act"] if row is not None else ""
    return History(row, events, acts, deeds_of([released]).get(released))


def _evidence(rows: list[Row], events: list[Event]) -> Iterator[Found]:
    leaves = log.leaves_of("evidence", [row["uid"] for row in rows])
    causes = [Act.uid.in_(list({row["act"] for row in rows}))]
    acts = {row["uid"]: row["bytes"] for row in rows_of(Act, Act.uid, Act.bytes, where=causes)}
    for row in rows:
        where, leaf = f"evidence {row['uid']}", leaves.get(row["uid"])
        if leaf is None:
            yield where, _STRANGE
            continue
        said, promise = leaf[0]
        digest = canonical.digest(stored_bytes(row["record"]))
        facts = _facts(row)
        if said.get("digest") != digest or facts is None:
            yield where, _ALTERED
            continue
        problem = _unsigned(row)
        if problem:
            yield where, problem
            continue
        event = Event(row["id"], facts, row["act"], bool(row["conflict"]), digest)
        events.append(event)
        signed = _columns(facts) | {"leaf": promise}
        if facts["act"] is not None and row["act"] in acts:
            cause = canonical.digest(stored_bytes(acts[row["act"]]))
            signed["act"] = row["act"] if cause == facts["act"] else facts["act"]
        for name, value in signed.items():
            if row[name] != value:
                yield where, differs(NAMES[name], row[name], value)


def _unsigned(row: Row) -> str:
    """Whoever may write to the tables can put in evidence with its leaf, but cannot sign it."""
    try:
        evidences.verify(row["record"], [authority().certificate("root")])
    except OfficeError as error:
        return (
            f"签名不成立（{error.code}），不能作数，请报安全保密管理员"
            f" / its signature does not hold ({error.code}): do not rely on it, tell the security"
            " administrator"
        )
    return ""


def _facts(row: Row) -> dict[str, Any] | None:
    try:
        facts: dict[str, Any] = json.loads(row["record"])["evidence"]
        _columns(facts)
        return facts
    except (ValueError, KeyError, TypeError):
        return None


def _columns(facts: dict[str, Any]) -> dict[str, Any]:
    return {
        "uid": facts["ev_id"],
        "package": facts["msg_id"],
        "organ": facts["recipient"],
        "delivery": facts.get("delivery", ""),
        "type": facts["type"],
        "at": facts["event_time"]["value"],
    }


def _rejections(rows: list[Row]) -> Iterator[Found]:
    leaves = log.leaves_of("evidence", [row["uid"] for row in rows])
    for row in rows:
        where, leaf = f"rejection {row['uid']}", leaves.get(row["uid"])
        digest, facts = canonical.digest(stored_bytes(row["record"])), _facts(row)
        if leaf is None or leaf[0][0].get("digest") != digest or facts is None:
            yield where, _ALTERED if leaf else _STRANGE
            continue
        signed = {"uid": facts["ev_id"], "msg_id": facts["msg_id"], "leaf": leaf[0][1]}
        signed |= {"digest": facts["pkg_digest"]}
        signed["codes"] = [int(one["code"]) for one in facts["reasons"]]
        for name, value in signed.items():
            if row[name] != value:
                yield where, differs(NAMES[name], row[name], value)
