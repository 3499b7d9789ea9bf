"""Planted bugs: small wrongs in the product's code, each of which the fault runs must find.

Each is put in by name, in the processes of a round only. They are the bugs that systems of this
kind have had: a success told before the commit, a number taken beside its transaction, evidence
made anew for a second asker.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import nullcontext, suppress
from dataclasses import dataclass
from typing import Any

from kernel.acts import clock, gate, numbers, outbox
from kernel.acts.context import acting, this_act
from kernel.acts.gate import Done
from kernel.acts.models import Act, Number, Series
from kernel.crypto import canonical, keyfile, merkle
from kernel.crypto.ids import now
from kernel.errors import Conflict, Unavailable
from kernel.exchange import building, recalling, records, room, settling
from kernel.exchange import evidence as evidences
from kernel.exchange.building import trust
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.identity.authority import authority
from kernel.plugins.bus import bus
from kernel.seals import signer_journal
from kernel.storage import blobs as blob_store
from kernel.storage import instance, log, sqlite
from kernel.storage.database import after_commit, connection, db, savepoint, transaction


@dataclass(frozen=True)
class Planted:
    """One bug. :ivar fault: which run finds it, :ivar within: in so many rounds at most."""

    plant: Callable[[], object]
    breaks: str
    title_en: str
    fault: str
    within: int
    focus: str = ""


def _split() -> None:
    """End the transaction in its middle and begin another."""
    db.obj.commit()
    db.obj.begin()


def number_split() -> None:
    """The counter moves in one transaction, the number is written in the next."""

    def take(organ: str, name: str, year: int, subject: Any, *, expected: int) -> Any:
        series = numbers._series(organ, name, year)
        Series.update(next=Series.next + 1).where(Series.id == series.id).execute()
        _split()
        Number.create(series=series, value=expected, kind=subject.kind, subject=subject.uid)
        return numbers.DocNumber(name, year, expected)

    gate.savepoint = nullcontext
    numbers.take = take


def act_split() -> None:
    """The act is written in one transaction, what it does in the next."""
    plain = gate.enter

    def enter(*given: Any) -> Any:
        act = plain(*given)
        _split()
        return act

    gate.savepoint = nullcontext
    gate.enter = enter


def effect_after_commit() -> None:
    """The outbox is written after the commit."""
    plain = outbox.put

    def put(handler: str, key: str, payload: dict[str, Any]) -> None:
        deed = this_act()

        def late() -> None:
            with transaction(), acting(deed):
                plain(handler, key, payload)

        after_commit(late)

    outbox.put = put


def told_before_commit() -> None:
    """The person is told at once, the work is done a little later."""
    plain = gate.perform

    def perform(desk: Any, prepared: Any, signature: Any = None) -> Done:
        def later() -> None:
            time.sleep(0.002)
            plain(desk, prepared, signature)

        threading.Thread(target=later).start()
        return Done(prepared.statement.facts["act"], None, prepared.statement)

    gate.perform = perform


def state_before_evidence() -> None:
    """The state changes in one transaction, its evidence is written in the next."""
    plain = settling._keep

    def keep(*given: Any) -> None:
        _split()
        plain(*given)

    settling._keep = keep


def evidence_anew() -> None:
    """Whoever asks again gets evidence that is made anew."""
    plain = room.HANDLERS["exchange.build"]

    def build(payload: dict[str, Any]) -> None:
        with connection():
            again = Package.get(Package.uid == payload["package"]).state == "sent"
        plain(payload)
        if not again:
            return
        node, root = authority(), authority().certificate("root")
        with transaction():
            rows = list(Evidence.select().where(Evidence.package == payload["package"]).limit(3))
            facts = [evidences.verify(bytes(row.record), [root]).evidence for row in rows]
            made = evidences.sign_batch(facts, node.node_key, node.certificate("node"), trust())
            for row, record in zip(rows, made, strict=True):
                Evidence.update(record=record).where(Evidence.id == row.id).execute()

    room.HANDLERS["exchange.build"] = build


def leaf_missing() -> None:
    """Evidence gets no leaf in the log."""
    plain = log.append

    def append(kind: str, ref: str, data: dict[str, Any]) -> str:
        if kind != "evidence":
            return plain(kind, ref, data)
        return merkle.leaf_hash(b"").hex()

    log.append = append


def positions_split() -> None:
    """The nodes of the tree are written in one transaction, the positions in the next."""
    plain = log.insert_rows

    def insert_rows(*given: Any) -> int:
        count = plain(*given)
        _split()
        return count

    log.insert_rows = insert_rows


def no_compare_and_set() -> None:
    """A recall looks at the state and not at the claim, and so do the receipt and its evidence."""
    plain = records.fact

    def fact(package: Package, type_: str, row: Delivery | None = None, **more: Any) -> Any:
        if type_ == "X2" and row is not None:
            row.state = "delivered"  # else the evidence itself refuses to go backwards
        return plain(package, type_, row, **more)

    def settle(payload: dict[str, Any]) -> None:
        with connection():
            row = Delivery.get(Delivery.uid == payload["delivery"])
        if row.claim:
            row.reason = ""
            keep = settling._signed(row, payload)
            with transaction():
                keep()

    recalling._open = lambda package, units=None: (
        (Delivery.package == package.uid) & (Delivery.state == "delivered")
    )
    room.HANDLERS["exchange.settle"] = settle
    records.fact = fact


def _tell(uid: str, text: str) -> None:
    """Tell the plugin of a delivery, whether or not that was done."""
    row = Delivery.get(Delivery.uid == uid)
    desk = settling._desk(row.claim_act)
    with settling.following(row.claim_act):
        bus().tell("signed_for", row.type.partition(".")[0], desk=desk, delivery=row, text=text)
    Delivery.update(parked=False).where(Delivery.id == row.id).execute()


def handed_over_again() -> None:
    """The plugin is told of a delivery each time the handler runs."""
    settling._tell = _tell


def looked_before_lock() -> None:
    """Whether the plugin was told is looked up before the transaction in which it is told."""

    def first(payload: dict[str, Any]) -> outbox.Step:
        with connection():
            row = Delivery.get(Delivery.uid == payload["delivery"])
        told = row.state == "signed" and not row.parked
        keep = settling._signed(row, payload) if row.claim else None

        def write() -> None:
            if keep is not None:
                with suppress(Conflict), savepoint():
                    keep()
            if payload["what"] == "sign_for" and not told:
                _tell(row.uid, "")

        return write

    room.HANDLERS["exchange.settle"] = outbox.TwoSteps(first)


def taken_again() -> None:
    """What is sent once more with the same signature is taken for something new."""
    plain = gate.consume

    def consume(*given: Any) -> None:
        with suppress(Conflict):
            plain(*given)

    def win(desk: Any, statement: Any, signature: Any) -> Done:
        if Act.select().where(Act.uid == statement.facts["act"]).exists():
            return Done(statement.facts["act"], None, statement)
        return plain_win(desk, statement, signature)

    plain_win = gate._win
    gate.consume, gate._win = consume, win


def row_before_blob() -> None:
    """The file of a package is written after the row that names it is committed."""
    put, deliver = blob_store.BlobStore.put, building._deliver
    waiting: list[tuple[Any, bytes]] = []

    def put_later(self: Any, source: Any) -> str:
        waiting.append((self, source if isinstance(source, bytes) else source.read()))
        return canonical.digest(waiting[-1][1])

    def deliver_first(*given: Any) -> None:
        deliver(*given)
        while waiting:
            put(*waiting.pop())

    blob_store.BlobStore.put, building._deliver = put_later, deliver_first


def signer_without_journal() -> None:
    """The signer signs anew whenever it is asked."""
    signer_journal.Journal.once = lambda self, deed, make: make()


def sync_off() -> None:
    """SQLite does not sync."""
    plain = sqlite.Sqlite

    def made(*given: Any, pragmas: dict[str, Any], **named: Any) -> Any:
        return plain(*given, pragmas=pragmas | {"synchronous": "off"}, **named)

    sqlite.Sqlite = made


def names_not_synced() -> None:
    """A rename is not followed by a sync of its folder."""
    instance.sync_folder = lambda folder: None
    keyfile._sync_folder = lambda folder: None


def errors_swallowed() -> None:
    """A disk that is full is nobody's business: the act goes on as if it were saved."""
    plain = gate.perform

    def perform(desk: Any, prepared: Any, signature: Any = None) -> Done:
        with suppress(Unavailable):
            return plain(desk, prepared, signature)
        return Done(prepared.statement.facts["act"], None, prepared.statement)

    gate.perform = perform


def behind_the_log() -> None:
    """Nobody asks whether the clock is behind the newest act."""
    clock.signing_time = lambda what="": now()
    clock.noted_time = lambda what="": now()


STEP, POWER, DISK = "kill-step", "power-cut", "disk-full"
PLANTS = {
    "told-before-commit": Planted(
        told_before_commit, "I1", "a person is told before the commit", STEP, 60, "number"
    ),
    "errors-swallowed": Planted(
        errors_swallowed, "I1", "a full disk is not told to the person", DISK, 60, "number"
    ),
    "sync-off": Planted(sync_off, "I1, D", "SQLite with synchronous=OFF", POWER, 20),
    "looked-before-lock": Planted(
        looked_before_lock,
        "I2",
        "what another worker did is looked up too early",
        "workers",
        60,
        "errand",
    ),
    "taken-again": Planted(
        taken_again, "I2", "a form that was answered is taken again", STEP, 60, "dispatch"
    ),
    "handed-over-again": Planted(
        handed_over_again, "I2", "the plugin is told each time a handler runs", STEP, 40, "errand"
    ),
    "state-before-evidence": Planted(
        state_before_evidence,
        "I3",
        "a state is committed before its evidence",
        STEP,
        120,
        "receipt",
    ),
    "leaf-missing": Planted(
        leaf_missing, "I3, I5", "evidence without a leaf in the log", STEP, 120, "receipt"
    ),
    "names-not-synced": Planted(
        names_not_synced, "I4", "a rename without a sync of its folder", POWER, 60
    ),
    "row-before-blob": Planted(
        row_before_blob, "B, I4", "a row names a file that is written later", STEP, 120, "dispatch"
    ),
    "positions-split": Planted(
        positions_split, "I5", "tree and positions in two transactions", STEP, 160, "log"
    ),
    "no-compare-and-set": Planted(
        no_compare_and_set, "I6", "recall and receipt look at the state alone", "orders", 200
    ),
    "effect-after-commit": Planted(
        effect_after_commit, "I7", "the outbox is written after the commit", STEP, 120, "receipt"
    ),
    "evidence-anew": Planted(
        evidence_anew, "I8", "a second asker gets evidence made anew", STEP, 4, "number"
    ),
    "signer-without-journal": Planted(
        signer_without_journal, "I8", "the signer signs the same act anew", STEP, 4, "number"
    ),
    "behind-the-log": Planted(
        behind_the_log, "T", "what is signed gets a time before the newest act", "clock", 60
    ),
    "number-split": Planted(
        number_split, "N", "counter and number in two transactions", STEP, 60, "number"
    ),
    "act-split": Planted(
        act_split, "N, I3", "the act and what it does in two transactions", STEP, 60, "number"
    ),
}
