"""What must hold after every fault, whatever happened: I1 to I8 of the exchange, and the numbers.

I1 nothing lost that was acknowledged · I2 nothing effected twice · I3 every state has its evidence
and the other way round · I4 every evidence and every package verifies offline · I5 the log goes on
from every checkpoint that was ever shown · I6 at most one of 签收, 退文, 撤回 · I7 all ends once
the faults have stopped · I8 asking again gives the same bytes · N numbers without gap or double ·
D the database itself is whole · B every file that a row names is there and is what it was.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from kernel.acts.models import Act, Effect, Number, Series
from kernel.acts.subjects import kinds
from kernel.errors import OfficeError
from kernel.exchange import evidence as evidences
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.receipts import report_of
from kernel.identity.authority import authority
from kernel.storage import log_check
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, db
from kernel.storage.models import LogLeaf
from plugins.documents.models import Document, Incoming
from tests.faults.steps import is_sqlite

Ack = dict[str, Any]
FINAL = {"signed": "C1", "returned": "C2", "recalled": "X2"}
OPENED = {"市委办发": 91}
"""Series that go on after the numbers given on paper."""
_verified: set[str] = set()
"""Digests of evidence that this process has verified."""


def everything(acks: Iterable[Ack], settled: bool, known: frozenset[str]) -> list[str]:
    """All violations, each beginning with the invariant.

    :param acks: what people were told.
    :param settled: whether the outbox was worked off, so that nothing may be under way any more.
    :param known: digests of evidence that was verified before.
    """
    acks = list(acks)
    found: list[str] = []
    with connection():
        found += database()
        found += promises(acks)
        found += deliveries(settled)
        found += numbers()
        found += evidence(known)
        found += files()
        found += under_way() if settled else []
    report = log_check.verify(witnessed=[one["note"] for one in acks if one["ack"] == "checkpoint"])
    found += [f"I5 {problem.where}: {problem.what}" for problem in report.problems]
    return found


def at_once(acks: Iterable[Ack]) -> list[str]:
    """What must hold before anything that was begun is finished."""
    with connection():
        return [*database(), *promises(acks), *deliveries(False), *numbers(), *files()]


def settled(acks: Iterable[Ack], settled: bool, known: frozenset[str]) -> list[str]:
    """The part of :func:`everything` that takes milliseconds: states, numbers, what is left."""
    with connection():
        return [*promises(acks), *deliveries(settled), *numbers(), *under_way()]


def database() -> Iterator[str]:
    """The file itself, and its foreign keys."""
    if is_sqlite():
        for (line,) in db.execute_sql("PRAGMA integrity_check").fetchall():
            if line != "ok":
                yield f"D {line}"
        for row in db.execute_sql("PRAGMA foreign_key_check").fetchall():
            yield f"D foreign key {row}"


def promises(acks: Iterable[Ack]) -> Iterator[str]:
    """Everything that was told is there, and the same."""
    for ack in acks:
        kept = _KEPT.get(ack["ack"])
        if kept is not None and not kept(ack):
            yield f"I1 promised, but not there: {ack}"


def _number_kept(ack: Ack) -> bool:
    row = Document.get_or_none(Document.uid == ack["document"])
    taken = [str(one.value) for one in Number.select().where(Number.subject == ack["document"])]
    said = ack["number"].rpartition("〕")[2].removesuffix("号")
    return row is not None and row.number == ack["number"] and taken == [said]


def _state_kept(ack: Ack) -> bool:
    row = Delivery.get_or_none(Delivery.uid == ack["delivery"])
    if row is None or row.state != ack["ack"]:
        return False
    records = _records(row.package_id, row.organ, FINAL[ack["ack"]])
    return [hashlib.sha256(one).hexdigest() for one in records] == [ack["receipt"]]


def _decision_kept(ack: Ack) -> bool:
    if "package" in ack:  # the recall: whatever was open is claimed by it, or by who was first
        open_ = (Delivery.package == ack["package"]) & (Delivery.state == "delivered")
        return not Delivery.select().where(open_ & (Delivery.claim == "")).exists()
    row = Delivery.get_or_none(Delivery.uid == ack["delivery"])
    return row is not None and (bool(row.claim) or row.state == ack["state"])


def _sent_kept(ack: Ack) -> bool:
    row = Package.get_or_none(Package.uid == ack["package"])
    boxes = Delivery.select().where(Delivery.package == ack["package"]).count()
    return row is not None and (row.state, boxes) == ("sent", ack["boxes"])


def _errand_kept(ack: Ack) -> bool:
    model: Any = kinds().get("errands.errand")
    return bool(model.select().where(model.text == ack["text"]).exists())


_KEPT = {
    "act": lambda ack: Act.select().where(Act.uid == ack["uid"]).exists(),
    "number": _number_kept,
    "signed": _state_kept,
    "returned": _state_kept,
    "decided": _decision_kept,
    "sent": _sent_kept,
    "released": lambda ack: Package.get(Package.uid == ack["package"]).state != "planned",
    "recalled": lambda ack: (
        not Delivery.select()
        .where((Delivery.package == ack["package"]) & (Delivery.state == "delivered"))
        .where(Delivery.claim.in_(["", "recall"]))  # others were first, and their receipt waits
        .exists()
    ),
    "errand": _errand_kept,
}


def _records(package: str, organ: str, type_: str) -> list[bytes]:
    rows = Evidence.select().where(
        (Evidence.package == package) & (Evidence.organ == organ) & (Evidence.type == type_)
    )
    return [bytes(row.record) for row in rows]


def deliveries(settled: bool) -> Iterator[str]:
    """States and evidence agree; nothing is delivered, registered or decided twice."""
    types: dict[tuple[str, str], Counter[str]] = {}
    for row in Evidence.select(Evidence.package, Evidence.organ, Evidence.type):
        types.setdefault((row.package_id, row.organ), Counter())[row.type] += 1
    boxes = Counter((row.package_id, row.organ) for row in Delivery.select())
    for key, count in types.items():
        if key[1] and count["D1"] != boxes[key]:
            yield f"I3 {key}: {count['D1']} × D1 for {boxes[key]} deliveries"
    for row in Delivery.select():
        yield from _delivery(row, types.get((row.package_id, row.organ), Counter()))
        if settled and row.claim:
            yield f"I7 {row.organ} {row.title}: still {row.claim}"
    yield from _registered()
    for row in Package.select():
        if settled and row.state == "claimed":
            yield f"I7 package {row.title}: was released and never sent"
        if (row.state == "sent") != bool(types.get((row.uid, ""), Counter())["A1"]):
            yield f"I3 package {row.title} is {row.state}, and its A1 says otherwise"


def _delivery(row: Delivery, types: Counter[str]) -> Iterator[str]:
    final = Counter({one: types[one] for one in FINAL.values() if types[one]})
    if types["X4"] and final["X2"]:
        del final["C1"]  # taken back with the recipient's consent
    if sum(final.values()) > 1:
        yield f"I6 {row.organ} {row.title}: {dict(final)}"
    due = FINAL.get(row.state)
    if (set(final) or {None}) != {due}:
        yield f"I3 {row.organ} {row.title} is {row.state}, its evidence says {dict(final)}"


def _registered() -> Iterator[str]:
    """What was signed for is registered once by the plugin whose it is, not more often."""
    entries = Counter(row.delivery for row in Incoming.select(Incoming.delivery))
    for row in Delivery.select().where(Delivery.type.startswith("documents.")):
        expected = int(row.state == "signed" and not row.parked)
        if entries[row.uid] != expected:
            yield f"I2 {row.organ} {row.title}: registered {entries[row.uid]} × as {row.state}"
    errands: Any = kinds().get("errands.errand")
    copies = Counter((row.organ, row.text) for row in errands.select())
    for key, count in copies.items():
        if count > 1:
            yield f"I2 errand {key} stands there {count} ×"


def numbers() -> Iterator[str]:
    """Every series without gap, every number with the object that it was given to."""
    holders = {row.uid: row.number for row in Document.select(Document.uid, Document.number)}
    holders |= {row.uid: row.number for row in Incoming.select(Incoming.uid, Incoming.number)}
    for series in Series.select():
        rows = list(Number.select().where(Number.series == series).order_by(Number.value))
        values = [row.value for row in rows]
        first = OPENED.get(series.name, 1)
        if values and values != list(range(first, series.next)):
            yield f"N {series.organ} {series.name}: {values}, next {series.next}"
        for row in rows:
            said = f"{series.name}〔{series.year}〕{row.value}号"
            if holders.get(row.subject) != said:
                yield f"N {said} was given to {row.subject}, which says {holders.get(row.subject)}"
    given = Counter(row.subject for row in Number.select(Number.subject))
    for uid, number in holders.items():
        acts = Act.select().where((Act.subject == uid) & (Act.verb == "documents.assign_number"))
        numbered = acts.exists() or given[uid]
        if bool(number) != bool(given[uid]) or (numbered and given[uid] != 1):
            yield f"N {uid} has {number!r}, {given[uid]} numbers, acts: {acts.count()}"


def evidence(known: frozenset[str]) -> Iterator[str]:
    """Every evidence and every package verifies, and each has its own leaf."""
    root = authority().certificate("root")
    leaves = Counter(
        row.ref for row in LogLeaf.select(LogLeaf.ref).where(LogLeaf.kind == "evidence")
    )
    rows = {row.uid: bytes(row.record) for row in Evidence.select()}
    if leaves != Counter(rows.keys()):
        yield f"I3 leaves and evidence differ: {set(leaves) ^ set(rows)}"
    for uid, record in rows.items():
        name = hashlib.sha256(record).hexdigest()
        if name not in known and name not in _verified:
            try:
                evidences.verify(record, [root])
                _verified.add(name)
            except OfficeError as error:
                yield f"I4 evidence {uid}: {error.en}"
    for row in Package.select().where(Package.state == "sent"):
        name = str(row.blob).removeprefix("sha256:")
        if name not in known and name not in _verified:
            report = report_of(row)
            if not report.ok:
                yield f"I4 package {row.title}: {report.reason}"


def files() -> Iterator[str]:
    """Every file that a row names can be read, and its content is that of its name."""
    named = {}
    for row in Package.select(Package.uid, Package.body, Package.attachments, Package.blob):
        for digest in (row.body, row.blob, *(one[1] for one in row.attachments)):
            named[digest] = f"package {row.uid}"
    for row in Document.select(Document.uid, Document.sheet, Document.pdf, Document.sealed):
        named |= dict.fromkeys((row.sheet, row.pdf, row.sealed), f"document {row.uid}")
    for digest in named.keys() - {""}:
        try:
            for _ in blobs().open(digest):
                pass
        except OfficeError as error:
            yield f"B {named[digest]} names {digest}: {error.en}"


def under_way() -> Iterator[str]:
    """Nothing is left in the outbox, and nothing was given up."""
    for row in Effect.select().where(Effect.state != "done"):
        yield f"I7 effect {row.key} is {row.state} after {row.attempts} attempts: {row.error}"


def digests() -> frozenset[str]:
    """The digests of all evidence and packages of the open node."""
    with connection():
        rows = [bytes(row.record) for row in Evidence.select()]
        sent = Package.select(Package.blob).where(Package.state == "sent")
        packages = {str(row.blob).removeprefix("sha256:") for row in sent}
    return packages | frozenset(hashlib.sha256(one).hexdigest() for one in rows)
