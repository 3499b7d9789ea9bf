"""Power cuts and rivals: what was begun is finished, with the same bytes, and once."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts import gate, outbox
from kernel.acts.models import Act, Effect
from kernel.acts.terminal import desk_at
from kernel.crypto import canonical, ids
from kernel.errors import OfficeError
from kernel.exchange import package as packages
from kernel.exchange import settling
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.models import Delivery, Evidence, Package
from kernel.exchange.opening import open_once
from kernel.identity import revocation
from kernel.identity.models import Post, Unit
from kernel.identity.rights import rights
from kernel.settings import ROOT
from kernel.storage import log_check
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.documents.acts import issuing
from plugins.documents.line import issue
from plugins.documents.models import Document, Incoming
from tests.exchange.notice import CLERKS, GEDU, GFIN, deliveries, delivery, evidence, opened

WORKER = """
import sys
from dataclasses import replace
from pathlib import Path
from kernel.acts import outbox
from kernel.node import open_node
from kernel.settings import load
with open_node(replace(load(Path(sys.argv[1])), origin="http://testserver")):
    print(outbox.drain())
"""
TOLD = 1
"""What is worked off after such an effect: those concerned are told of it."""
SHORT = {
    "issuer": "中共张掖市委办公室",
    "type": "通知",
    "title": "中共张掖市委办公室关于做好值班工作的通知",
    "main": ["市财政局", "市教育局"],
    "body": ["请各单位做好值班工作。"],
}


@pytest.fixture
def lease_over() -> Iterator[Callable[[], None]]:
    """Let the lease of a worker that died run out."""
    yield lambda: ids.set_clock(lambda: ids._system_clock() + outbox.LEASE + timedelta(seconds=5))
    ids.set_clock(None)


def dying_worker(office: Office, place: str) -> None:
    """Another process works the outbox off and dies at a place in it, as by a power cut."""
    died = subprocess.run(
        [sys.executable, "-c", WORKER, str(office.settings.instance)],
        cwd=ROOT,
        env=os.environ | {"JUYAN_CRASH": place},
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr


def signed_before(office: Office, operation: str, act: str) -> list[dict[str, Any]]:
    """What stands in the signer's journal about an act."""
    with connection():
        digest = canonical.digest(bytes(Act.get(Act.uid == act).bytes))
    files = (office.settings.instance / "signer" / "journal").glob("*/*.json")
    deeds = [json.loads(file.read_bytes()) for file in files]
    return [one for one in deeds if (one["operation"], one["act"]) == (operation, digest)]


def decided(office: Office, organ: str, verb: Any = sign_for, **arguments: Any) -> str:
    """The clerk has signed; the node has done nothing yet. Gives the uid of the act."""
    clerk, item = office.desk(CLERKS[organ]), opened(office, organ)
    act = gate.prepare(clerk, verb, item, **arguments)
    return gate.perform(clerk, act, office.sign(clerk, act)).uid


def effects(handler: str) -> list[Effect]:
    with connection():
        return list(Effect.select().where(Effect.handler == handler).order_by(Effect.id))


@pytest.mark.parametrize(
    ("verb", "arguments", "type_", "state"),
    [
        (sign_for, {}, "C1", "signed"),
        (send_back, {"reason": "重复来文"}, "C2", "returned"),
    ],
)
def test_a_worker_dies_between_the_signer_and_the_record(
    office: Office,
    lease_over: Callable[[], None],
    verb: Any,
    arguments: dict[str, str],
    type_: str,
    state: str,
):
    act = decided(office, GFIN, verb, **arguments)
    dying_worker(office, "exchange.settle")
    (deed,) = signed_before(office, "evidence", act)
    assert (delivery(GFIN).state, evidence(GFIN, type_)) == ("delivered", [])

    assert outbox.drain() == 0, "the dead worker's lease still holds"
    lease_over()
    assert outbox.drain() == 1 + TOLD
    (row,) = evidence(GFIN, type_)
    record = canonical.loads(bytes(row.record))
    assert record["signature"]["value"] == deed["answer"]["value"]
    assert canonical.dumps(record["evidence"]) == canonical.unb64(deed["data"])
    assert (delivery(GFIN).state, delivery(GFIN).claim) == (state, "")
    assert signed_before(office, "evidence", act) == [deed]
    assert log_check.verify().ok


def dispatched(office: Office) -> Package:
    """A second document, dispatched by the clerk; the node has done nothing yet."""
    done = issue(SHORT, until="seal")
    with connection():
        document = Document.get(Document.uid == done.document)
    clerk = office.desk("孙倩")
    plan = office.act(clerk, issuing.plan_dispatch, document).result
    with connection():
        document = Document.get(Document.uid == done.document)
    act = gate.prepare(
        clerk,
        issuing.dispatch,
        document,
        package=plan.uid,
        envelope=plan.digest(),
        sealed=document.sealed,
    )
    gate.perform(clerk, act, office.sign(clerk, act))
    with connection():
        return Package.get(Package.uid == plan.uid)


def test_a_worker_dies_between_the_signed_package_and_its_delivery(
    office: Office, lease_over: Callable[[], None]
):
    row = dispatched(office)
    dying_worker(office, "exchange.build")
    (deed,) = signed_before(office, "manifest", row.dispatch_act)
    with connection():
        assert not Delivery.select().where(Delivery.package == row.uid).exists()
        assert not Evidence.select().where(Evidence.package == row.uid).exists()

    # A newer revocation list would make another manifest, and the act has signed one already.
    with transaction():
        revocation.issue("exchange", ids.now())
    lease_over()
    assert outbox.drain() == 1 + TOLD
    with connection():
        sent = Package.get(Package.uid == row.uid)
        boxes = [one.organ for one in Delivery.select().where(Delivery.package == row.uid)]
        types = [one.type for one in Evidence.select().where(Evidence.package == row.uid)]
    made = packages.read(blobs().get(sent.blob))
    assert sent.state == "sent" and sorted(boxes) == [GEDU, GFIN]
    assert Counter(types) == {"A1": 1, "D1": 2}
    assert canonical.b64(made.signature) == deed["answer"]["signature"]
    assert canonical.b64(made.manifest) == deed["data"]
    assert log_check.verify().ok


def clerk_of(organ: str) -> Post:
    with connection():
        unit = Unit.by_code(organ)
        return rights().holders("exchange.handle", unit.code)[0]


def everybody_signs(office: Office) -> list[str]:
    """The clerks of all boxes have signed; the outbox is full. Gives the organs."""
    for item in deliveries():
        clerk = desk_at(clerk_of(item.organ))
        with connection():
            assert open_once(clerk, item).ok
        act = gate.prepare(clerk, sign_for, delivery(item.organ))
        gate.perform(clerk, act, office.sign(clerk, act))
    return [item.organ for item in deliveries()]


def together(*calls: Callable[[], object]) -> list[BaseException]:
    """Do these at the same moment, each in its thread; what they raised."""
    start, raised = threading.Barrier(len(calls)), []

    def run(call: Callable[[], object]) -> None:
        start.wait()
        try:
            call()
        except BaseException as error:
            raised.append(error)

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def test_two_workers_at_once_settle_each_delivery_once(office: Office):
    organs = everybody_signs(office)
    assert together(outbox.drain, outbox.drain) == []
    assert {one.state for one in deliveries()} == {"signed"}
    assert Counter(row.organ for row in evidence(type_="C1")) == dict.fromkeys(organs, 1)
    assert {(one.state, one.attempts) for one in effects("exchange.settle")} == {("done", 1)}
    with connection():
        assert Incoming.select().count() == len(organs)
    assert log_check.verify().ok


def test_two_workers_at_the_same_delivery_settle_it_once(office: Office):
    """The lease of the first ran out while he was still at it: both run the same handler."""
    decided(office, GFIN)
    (effect,) = effects("exchange.settle")
    raised = together(*[lambda: settling.settle(effect.payload)] * 3)
    assert all(isinstance(error, OfficeError) for error in raised), raised
    assert len(evidence(GFIN, "C1")) == 1
    assert delivery(GFIN).state == "signed"
    with connection():
        assert Incoming.select().where(Incoming.organ == GFIN).count() == 1
    assert outbox.drain() == 1 + TOLD
    assert [one.state for one in effects("exchange.settle")] == ["done"]
    assert len(evidence(GFIN, "C1")) == 1
    assert log_check.verify().ok


def test_a_handler_that_has_done_its_work_does_nothing_again(office: Office):
    decided(office, GFIN)
    outbox.drain()
    before = {row.uid: bytes(row.record) for row in evidence()}
    (settle,) = effects("exchange.settle")
    (build,) = effects("exchange.build")
    for handler, effect in ((settle.handler, settle), (build.handler, build)):
        work = outbox.handlers().get(handler)
        assert work is not None
        work(effect.payload)
    assert {row.uid: bytes(row.record) for row in evidence()} == before
    assert len(deliveries()) == 7


def test_a_worker_dies_before_the_one_commit_of_many_receipts(
    office: Office, lease_over: Callable[[], None]
):
    organs = everybody_signs(office)
    dying_worker(office, "storage.group")
    assert {one.state for one in deliveries()} == {"delivered"} and evidence(type_="C1") == []

    assert outbox.drain() == 0, "the dead worker's leases still hold"
    lease_over()
    # The sender is told once more: that all of them have signed.
    assert outbox.drain() == len(organs) * (1 + TOLD) + 1
    assert {one.state for one in deliveries()} == {"signed"}
    assert Counter(row.organ for row in evidence(type_="C1")) == dict.fromkeys(organs, 1)
    for row in evidence(type_="C1"):
        (deed,) = signed_before(office, "evidence", row.act)
        assert canonical.loads(bytes(row.record))["signature"]["value"] == deed["answer"]["value"]
    assert log_check.verify().ok
