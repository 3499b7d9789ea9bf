"""Two people at the same thing, in every order of their statements that makes a difference."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kernel.acts import gate, outbox, terminal
from kernel.exchange import inbound, recalling
from kernel.exchange.models import Delivery, Package
from kernel.exchange.opening import open_once
from kernel.identity.desk import Desk
from kernel.node import open_node
from kernel.storage.database import connection, on_postgresql
from plugins.documents.acts import issuing
from plugins.documents.models import Document
from tests.faults import invariants
from tests.faults.bench import forked_signer
from tests.faults.child import Child, Say
from tests.faults.frozen import Frozen
from tests.faults.interleave import Call, every_order, seeded_orders
from tests.faults.load import CPCO, GFIN, REASON, Load
from tests.faults.run import Options, Row, note

PATIENCE = 7200.0
"""Seconds for all orders of a pair: there are hundreds."""
DRAWN = 100
"""So many orders of each pair are drawn on PostgreSQL."""
Pair = Callable[[Load], list[Call]]


def orders(options: Options, row: Row) -> None:
    """The orders of each pair; after each the node works off its part and all is checked.

    On SQLite every one; on PostgreSQL, where each statement is a step, as many as are drawn.
    """
    pairs = list(PAIRS)[:1] if options.quick else list(PAIRS)
    for name in pairs:
        place = options.bench.fresh()
        with forked_signer(place):
            child = Child(lambda say, at=(place, name): _explore(options, *at, say))
            child.end(PATIENCE)
        options.bench.drop(place)
        for order, found in child.facts("order"):
            if note(options, row, 0, found, f"{name} {order}"):
                return
        row.violations += child.facts("defect")
        row.note = f"{row.note} {name}: {len(child.facts('order'))} orders;".strip()


def _explore(options: Options, place: Path, name: str, say: Say) -> None:
    options.plant()
    copy = place.with_name(place.name + "-frozen")
    copy.mkdir()
    with open_node(options.bench.settings(place)):
        load = Load(options.bench.facts, say)
        calls = PAIRS[name](load)
        url = options.bench.settings(place).database
        frozen = Frozen(copy, options.bench.server, url)

        def scene() -> list[Call]:
            frozen.restore()
            return calls

        drawn = seeded_orders(scene, options.count(12, DRAWN), options.seed)
        for number, run in enumerate(drawn if on_postgresql() else every_order(scene)):
            outbox.drain()
            found = [f"X {type(one).__name__}: {one}" for one in run.defects]
            if len(run.refused) == len(run.results):
                found.append("I7 everybody was refused")
            # The log and every signature are looked through now and then: that takes a second.
            whole = invariants.everything if number % 20 == 0 else invariants.settled
            found += whole([], True, options.known)
            say(order=("".join(map(str, run.order)), found))
            if options.stop and any(one.startswith(options.expect or "") for one in found):
                break
        frozen.forget()
    shutil.rmtree(copy)


def _act(desk: Desk, verb: Any, subject: Any, **given: Any) -> Call:
    def whole() -> object:
        prepared = gate.prepare(desk, verb, subject, **given)
        signature = terminal._sign(desk, prepared.statement.bytes)
        return gate.perform(desk, prepared, signature)

    return whole


def _opened(load: Load) -> tuple[Package, Delivery]:
    """The first package, and its delivery to the finance bureau, opened."""
    desk, uid = load.clerk(GFIN), load.facts["sent"][0]
    with connection():
        where = (Delivery.package == uid) & (Delivery.organ == GFIN)
        open_once(desk, Delivery.get(where))
        return Package.get(Package.uid == uid), Delivery.get(where)


def _recall_and_sign_for(load: Load) -> list[Call]:
    package, item = _opened(load)
    recall = _act(load.clerk(CPCO), recalling.recall, package, reason=REASON)
    return [recall, _act(load.clerk(GFIN), inbound.sign_for, item)]


def _sign_for_and_send_back(load: Load) -> list[Call]:
    _, item = _opened(load)
    back = _act(load.clerk(GFIN), inbound.send_back, item, reason="重复来文")
    return [_act(load.clerk(GFIN), inbound.sign_for, item), back]


def _two_numbers(load: Load) -> list[Call]:
    def number(uid: str) -> Call:
        desk = load.office("number")

        def whole() -> object:
            with connection():
                document = Document.get(Document.uid == uid)
                free = issuing.next_number(document)
            given = {"number": str(free), "seq": free.value}
            return _act(desk, issuing.assign_number, document, **given)()

        return whole

    return [number(uid) for uid in load.facts["numbered"][:2]]


PAIRS: dict[str, Pair] = {
    "recall-sign": _recall_and_sign_for,
    "sign-return": _sign_for_and_send_back,
    "number-number": _two_numbers,
}
