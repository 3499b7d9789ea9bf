"""After the fault: the node comes up again, works off what was begun, and is looked through."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from kernel.acts import clock, outbox, signatures
from kernel.acts.house import timing
from kernel.acts.models import Act, Effect
from kernel.crypto import ids
from kernel.errors import OfficeError
from kernel.exchange import package as packages
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.node import open_node
from kernel.seals.signer_client import signer
from kernel.storage import log
from kernel.storage.blobs import blobs
from kernel.storage.database import connection
from tests.faults import invariants
from tests.faults.bench import Bench, forked_signer
from tests.faults.child import Child, Say
from tests.faults.load import Load, send_form

Plant = Callable[[], object]
LATER = timedelta(hours=2)
"""More than any lease or wait, also of a process whose clock was ahead."""
EXPECTED = {
    "signed": 4,
    "returned": 1,
    "recalled": 6,
}
"""How the deliveries of the load end when every step was taken; one more per errand."""


@dataclass(frozen=True)
class Round:
    """What one round needs to be looked through.

    :ivar again: take every step once more and compare the end with what it always is.
    """

    bench: Bench
    place: Path
    known: frozenset[str]
    plant: Plant = lambda: None
    again: bool = True
    seed: int = 0


def look_through(one: Round, told: list[dict[str, Any]]) -> list[str]:
    """Open the node in a process of its own; gives the violations.

    :param told: what the processes of the round said, promises and requests among it.
    """
    with forked_signer(one.place):
        child = Child(lambda say: _check(one, told, say))
        child.end()
    found: list[str] = []
    for said in child.said:
        found += said.get("violations", [])
        found += [f"X the check itself failed: {said['defect']}"] if "defect" in said else []
    if not child.facts("checked") and not found:
        found.append("X the check did not end")
    return found


def _check(one: Round, told: list[dict[str, Any]], say: Say) -> None:
    acks = [fact for fact in told if "ack" in fact]
    one.plant()
    with open_node(one.bench.settings(one.place)):
        say(violations=invariants.at_once(acks))
        say(violations=work_off() + same_bytes())
        say(violations=sent_again([fact["asked"] for fact in told if "asked" in fact], acks))
        say(violations=work_off() + invariants.everything(acks, True, one.known))
        if one.again:
            more: list[dict[str, Any]] = []
            again = Load(one.bench.facts, lambda **facts: more.append(facts))
            say(violations=finish(again, one.seed))
            say(violations=[f"I7 refused at last: {t['refused']}" for t in more if "refused" in t])
            promised = acks + [fact for fact in more if "ack" in fact]
            say(violations=invariants.everything(promised, True, one.known) + at_the_end())
        say(checked=True)


def sent_again(forms: list[dict[str, Any]], acks: list[dict[str, Any]]) -> list[str]:
    """People send again what got no answer; it counts once, whether it had arrived or not.

    The newest answered one comes again as well, as from a line that repeats: it must be refused.
    Whoever gets an answer now has a promise as any other.
    """
    found, answered = [], {ack["uid"] for ack in acks if ack["ack"] == "act"}
    done = [form for form in forms if form["act"] in answered]
    for form in [*(one for one in forms if one["act"] not in answered), *done[-1:]]:
        with connection():
            there = Act.select().where(Act.uid == form["act"]).exists()
        try:
            uid = send_form(form).uid
        except OfficeError:
            continue
        acks.append({"ack": "act", "uid": uid})
        if there:
            found.append(f"I2 act {form['act']} was done, and taken again as {uid}")
    return found


def work_off() -> list[str]:
    """Let leases and waits run out, and do what is due; gives what did not go on."""
    try:
        for turn in range(1, 4):
            ids.set_clock(lambda turn=turn: ids._system_clock() + turn * LATER)
            outbox.drain()
    finally:
        ids.set_clock(None)
    if clock.is_behind():
        timing.accept()  # what an operator does whose clock was ahead
    try:
        while log.integrate():
            pass
        log.checkpoint()
    except Exception as error:
        return [f"I5 the log does not go on: {type(error).__name__}: {error}"]
    return []


def finish(load: Load, seed: int) -> list[str]:
    """Take every step again: what was done is left alone, what was not is done now."""
    load.run(load.mixed(seed))
    return work_off()


def same_bytes() -> list[str]:
    """I8: every handler once more with what it was given; no evidence changes or is added."""
    before = _records()
    with connection():
        effects = list(Effect.select().where(Effect.state == "done"))
    for effect in effects:
        handler = outbox.handlers().get(effect.handler)
        if handler is not None:
            try:
                handler(effect.payload)
            except Exception as error:
                return [f"I8 {effect.key} once more: {type(error).__name__}: {error}"]
    after = _records()
    found = [] if signed_alike() else ["I8 the signer signs the same act anew"]
    changed = [uid for uid in before if after.get(uid) != before[uid]]
    more = after.keys() - before.keys()
    return (
        found
        + [f"I8 evidence {uid} is not what it was" for uid in changed]
        + [f"I8 evidence {uid} came by asking again" for uid in more]
    )


def signed_alike() -> bool:
    """Whether the signer, asked again for the newest package, answers with the same bytes."""
    with connection():
        row = Package.select().where(Package.state == "sent").order_by(Package.id.desc()).first()
        made, record = packages.read(blobs().get(row.blob)), signatures.record(row.dispatch_act)
    asked = signer().sign_manifest(row.organ, record, bytes(row.envelope), made.manifest)
    return asked == made.signature


def _records() -> dict[str, str]:
    with connection():
        rows = Evidence.select()
        return {row.uid: hashlib.sha256(bytes(row.record)).hexdigest() for row in rows}


def at_the_end() -> list[str]:
    """The end is always the same, whatever happened in between."""
    with connection():
        rows = list(Delivery.select().where(Delivery.type.startswith("documents.")))
        errands = Delivery.select().where(~Delivery.type.startswith("documents.")).count()
    states = {state: sum(row.state == state for row in rows) for state in EXPECTED}
    wrong = [] if states == EXPECTED else [f"I7 the end is {states}, not {EXPECTED}"]
    return wrong + ([] if errands == 1 else [f"I2 {errands} errands were delivered"])
