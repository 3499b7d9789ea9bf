"""Holding the exchange against the log: evidence that was altered or lost is named, and so is
whatever a package or a delivery shows otherwise than its evidence and acts say."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from kernel.acts.deeds import Deed, deeds, deeds_of, deeds_on
from kernel.acts.models import Act, Task
from kernel.acts.whose import Told, Whose, compare, lost, over, without
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.exchange import evidence as evidences
from kernel.exchange import proved, shown_deliveries, shown_packages
from kernel.exchange.deadlines import LATE
from kernel.exchange.models import Delivery, Evidence, Package, Rejection
from kernel.exchange.proved import Event, History
from kernel.identity.authority import authority
from kernel.storage import log
from kernel.storage.comparing import (
    STRETCH,
    Found,
    Row,
    Step,
    absent,
    differs,
    missing,
    near,
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
    "key": ("再来时的查找依据", "the key by which it is found again"),
    "sender": ("发文单位", "the sender"),
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
        # Read after the rows, so that the acts behind them are there.
        refused = {str(one.params.get("evidence")): one for one in deeds("exchange.reject")}
        yield from _rejections(rows, refused)
        step(len(rows))
    evidence = (LogLeaf.kind == "evidence") & absent(LogLeaf.ref, Rejection.uid)
    for uid in missing(LogLeaf, LogLeaf.ref, Evidence.uid, evidence):
        yield f"evidence {uid}", _LOST


def _package(uid: str, step: Step) -> Iterator[Found]:
    """One package with all that belongs to it, read from one state of the database."""
    found: list[Found] = []
    events: list[Event] = []
    boxes: list[tuple[int, str, str, str]] = []
    with snapshot():
        for rows in stretches(Evidence, where=Evidence.package == uid):
            found += _evidence(rows, events)
            step(len(rows))
        history = _history(uid, events)
        found += _causes(history)
        found += shown_packages.compare(history)
        for rows in stretches(Delivery, where=Delivery.package == uid):
            uids = [row["uid"] for row in rows]
            done = deeds_on(Delivery.kind, uids, shown_deliveries.ON_DELIVERY)
            causes = deeds_of(shown_deliveries.causes_of(history, rows))
            found += shown_deliveries.compare(history, rows, done, causes)
            boxes += [(row["copy"], row["organ"], row["uid"], row["state"]) for row in rows]
            found += _tasks(history, rows)
            step(len(rows))
        found += shown_deliveries.gone(history)
        if history.package is not None:
            organs = {uid: organ for _, organ, uid, _ in boxes}
            found += _tasks_of_sender(history, history.package, organs, _requests(boxes))
    yield from found


def _requests(boxes: list[tuple[int, str, str, str]]) -> list[Deed]:
    """The acts by which recipients asked for copies of what is back with its sender.

    :param boxes: number of the copy, recipient, uid and state of each delivery.
    """
    newest = {organ: (uid, state) for _, organ, uid, state in sorted(boxes)}
    back = [uid for uid, state in newest.values() if state == "returned"]
    found: dict[str, list[Deed]] = {}
    for first in range(0, len(back), STRETCH):
        some = back[first : first + STRETCH]
        found |= deeds_on(Delivery.kind, some, ("exchange.request_resend",))
    return [one for some in found.values() for one in some]


def _tasks(history: History, deliveries: list[Row]) -> Iterator[Found]:
    """What the clerk of a recipient has to do is his, and there as long as nobody has done it, and
    no longer."""
    whose = {
        row["uid"]: Whose(
            row["organ"],
            "exchange.handle",
            says=_told(history, row),
            several=_is_signing(row) and bool(row["asked"]),
        )
        for row in deliveries
    }
    yield from compare(Delivery.kind, whose)
    waiting = {row["uid"] for row in deliveries if row["state"] == "delivered"}
    asked = {row["uid"]: row["asked"] for row in deliveries if row["state"] == "signed"}
    asked = {uid: act for uid, act in asked.items() if act}
    said = {one.cause for one in history.about_all("X1")}
    yield from lost(Delivery.kind, waiting | {uid for uid, act in asked.items() if act in said})
    # What was settled elsewhere and taken up as it was leaves the task to the clerk.
    here = {row["uid"] for row in deliveries if row["claim_act"] or row["state"] == "failed"}
    yield from over(Delivery.kind, here - waiting - asked.keys())


def _told(history: History, row: Row) -> Told:
    """A task to sign for it has its deadline, and says that it is late; one to answer has none."""
    urgency: tuple[str, ...] = (row["urgency"],)
    if not row["urgency"] and row["state"] == "delivered":
        late = any(one.type == "C3" for one in history.boxes.get(shown_deliveries.box_of(row), ()))
        # Whoever was given more time keeps the mark that he was late once.
        urgency = (LATE,) if row["overdue"] else ("", LATE) if late else ("",)
        if row["mark"] and late:  # it is taken off once void or replacement is recorded
            urgency = ("", LATE)
    waits = row["state"] == "delivered"
    due = {row["sign_by"] if waits else None}
    # What is void lost its limit; what was settled elsewhere kept it or never had one.
    loose = not row["claim_act"] and (row["mark"] or not waits)
    if loose or _is_signing(row):
        due |= {row["sign_by"], None}
    return {"form": ("todo",), "urgency": urgency, "due": due}


def _is_signing(row: Row) -> bool:
    """Somebody has signed for it, and the receipt is not made yet: he may be asked for it already,
    beside the task that he has done."""
    return bool(row["state"] == "delivered" and row["claim_act"])


def _tasks_of_sender(
    history: History, row: Row, organs: Mapping[str, str], asked: list[Deed]
) -> Iterator[Found]:
    """His clerk has one for each who asks for a copy, as long as none was sent there and it can be.

    :param organs: the recipients, by the uids of all their deliveries.
    :param asked: the requests for what is back with its sender.
    """
    sent = [one for one in history.done("exchange.resend") if one.uid not in history.kept_only]
    owed, may = set(), set()
    for deed in () if row["ended"] else asked:
        there = [one for one in sent if organs[deed.subject] in one.params["units"]]
        # Two at the same moment: whoever was first at the row is not told by the numbers.
        if any(near(deed.at, one.at) for one in there):
            may.add(deed.subject)
        elif not any(one.id > deed.id for one in there):
            owed.add(deed.subject)
    plain = {"form": ("todo",), "urgency": ("",), "due": (None,)}
    several = len(owed | may) > 1
    manager = Whose(row["organ"], "exchange.manage", says=plain, several=several)
    yield from compare(Package.kind, {row["uid"]: manager})
    mine = (Task.kind == Package.kind) & (Task.subject == row["uid"])
    given = rows_of(Task, Task.uid, Task.done, where=[mine])
    open_ = {one["uid"] for one in given if one["done"] is None}
    # Those of version 0.1 name no delivery: each stands for one who has none of his own.
    unnamed = sorted(open_ - organs.keys())[: len((owed | may) - open_)]
    yield from over(Package.kind, [row["uid"]], but=owed | may | {*unnamed})
    # It closed the task of who had asked when a copy went to somebody else.
    closed = any(one["uid"] not in organs and one["done"] is not None for one in given)
    missing = {uid for uid in owed - open_ if not (closed and _sent_since(uid, asked, sent))}
    if len(missing) > len(unnamed):
        yield without(Package.kind, row["uid"])


def _sent_since(uid: str, asked: list[Deed], sent: list[Deed]) -> bool:
    last = max(one.id for one in asked if one.subject == uid)
    return any(one.id > last for one in sent)


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


_ARRIVED = ("A1", "D1", "D2")
"""Evidence of the node that came of no act of a person, unless something was sent again."""


def _causes(history: History) -> Iterator[Found]:
    """What the node's own evidence came of, where it does not say so itself; and that nothing about
    the whole package is kept as a contradiction."""
    recalls = {one.uid for one in history.done("exchange.recall")}
    for box, events in history.boxes.items():
        again = {"", *(one.cause for one in events if one.type == "X8")}
        for one in events:
            where, causes = f"evidence {one.facts['ev_id']}", {one.cause}
            if one.facts["act"] is None and not one.conflict:
                causes = again if one.type in _ARRIVED else causes
                causes = recalls | {""} if one.type in ("X2", "X3") else causes
            if one.cause not in causes:
                yield where, differs(NAMES["act"], one.cause, max(causes))
            if box == ("", "") and one.conflict:
                yield where, differs(NAMES["conflict"], one.conflict, False)


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


def _key_of(row: Row, deed: Deed) -> str:
    """By which the same package finds its refusal again. Acts of version 0.1 do not say it, and
    then it is told of what could not be read only."""
    unreadable = row["key"] if row["msg_id"] else row["digest"]
    return str(deed.params.get("key", unreadable))


def _rejections(rows: list[Row], refused: Mapping[str, Deed]) -> Iterator[Found]:
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
        deed = refused.get(digest)
        if deed is None:
            yield where, _REFUSED_BY_NOBODY
        else:
            signed |= {"sender": deed.organ, "key": _key_of(row, deed)}
        for name, value in signed.items():
            if row[name] != value:
                yield where, differs(NAMES[name], row[name], value)


_REFUSED_BY_NOBODY = (
    "没有相应的拒绝办理，不能作数，请报安全保密管理员"
    " / no act of the node refused it: do not rely on it, tell the security administrator"
)
