"""Signing for something is the kernel's; what follows is a plugin's, which may be off or broken."""

from pathlib import Path
from typing import Any

import pytest

from kernel.acts import gate, outbox
from kernel.acts.house.switches import switch_plugin
from kernel.acts.models import Effect
from kernel.acts.subjects import kinds
from kernel.acts.verbs import verbs
from kernel.crypto import ids
from kernel.exchange import settling
from kernel.exchange.inbound import sign_for
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents.models import Incoming
from tests.exchange.notice import (
    CLERKS,
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    delivery,
    evidence,
    opened,
    package,
    signed_for,
)

ERRANDS = Path(__file__).parent.parent / "toy" / "errands"
NOTE = "此件已由平台代为保存"


def switch(office: Office, organ: str, plugin: str, on: bool) -> None:
    office.act(office.desk("杨帆"), switch_plugin, organ=organ, plugin=plugin, on=on)


def registered(organ: str) -> list[str]:
    with connection():
        return [row.title for row in Incoming.select().where(Incoming.organ == organ)]


def unparked() -> list[dict[str, Any]]:
    with connection():
        rows = Effect.select().where(Effect.handler == "exchange.unpark").order_by(Effect.id)
        return [row.payload for row in rows]


def test_with_documents_off_the_notice_is_signed_for_and_waits(office: Office):
    switch(office, GFIN, "documents", on=False)
    done = signed_for(office, GFIN)
    assert (done.state, done.parked) == ("signed", True)
    assert len(evidence(GFIN, "C1")) == 1
    assert registered(GFIN) == []
    clerk = browser_of(office, GFIN)
    page = clerk.get(f"/exchange/inbox/{done.uid}")
    assert NOTE in page.text and "可由部门管理员启用" in page.text
    assert clerk.get("/documents/in").status_code == 404


def test_switched_on_it_appears_once(office: Office):
    switch(office, GFIN, "documents", on=False)
    signed_for(office, GFIN)
    signed_for(office, GEDU)
    switch(office, GFIN, "documents", on=True)
    assert registered(GFIN) == [package().title] and not delivery(GFIN).parked
    assert registered(GEDU) == [package().title]
    clerk = browser_of(office, GFIN)
    assert NOTE not in clerk.get(f"/exchange/inbox/{delivery(GFIN).uid}").text
    assert package().title in clerk.get("/documents/in").text
    for effect in unparked():
        settling.unpark(effect)
    assert registered(GFIN) == [package().title]
    assert len(evidence(GFIN, "C1")) == 1


def test_switching_on_for_one_organ_leaves_the_others_alone(office: Office):
    for organ in (GFIN, GEDU):
        switch(office, organ, "documents", on=False)
        signed_for(office, organ)
    switch(office, GFIN, "documents", on=True)
    assert (registered(GFIN), registered(GEDU)) == ([package().title], [])
    assert delivery(GEDU).parked


def test_off_between_the_signature_and_the_record_it_waits(office: Office):
    clerk, item = office.desk(CLERKS[GFIN]), opened(office, GFIN)
    act = gate.prepare(clerk, sign_for, item)
    gate.perform(clerk, act, office.sign(clerk, act))
    admin = office.desk("杨帆")
    gate.do(admin, switch_plugin, organ=GFIN, plugin="documents", on=False)
    outbox.drain()
    assert delivery(GFIN).parked and registered(GFIN) == []


def passed_on(office: Office, text: str) -> None:
    """An errand of the sending office goes to the finance bureau."""
    clerk = office.desk(CLERKS[CPCO])
    errand = office.act(clerk, verbs().get("errands.ask"), text=text).result
    plan = office.act(clerk, verbs().get("errands.address"), errand, unit=GFIN).result
    send = verbs().get("errands.send")
    office.act(clerk, send, errand, package=plan.uid, envelope=plan.digest())


def errands_of(organ: str) -> list[str]:
    model = kinds().get("errands.errand")
    with connection():
        return [row.text for row in model.select().where(model.organ == organ)]


@pytest.mark.plugins(ERRANDS)
def test_each_plugin_s_deliveries_wait_for_that_plugin(office: Office):
    switch(office, CPCO, "errands", on=True)
    passed_on(office, "取三月简报")
    signed_for(office, GFIN)
    assert delivery(GFIN).parked
    switch(office, GFIN, "documents", on=False)
    switch(office, GFIN, "documents", on=True)
    assert delivery(GFIN).parked and errands_of(GFIN) == []
    switch(office, GFIN, "errands", on=True)
    assert not delivery(GFIN).parked and errands_of(GFIN) == ["取三月简报"]


@pytest.mark.plugins(ERRANDS)
def test_a_plugin_is_told_once_however_often_the_handlers_run(office: Office):
    for organ in (CPCO, GFIN):
        switch(office, organ, "errands", on=True)
    passed_on(office, "取三月简报")
    item = signed_for(office, GFIN)
    settling.settle({"delivery": item.uid, "act": item.claim_act, "what": "sign_for"})
    settling.unpark({"organ": GFIN, "plugin": "errands"})
    assert errands_of(GFIN) == ["取三月简报"]


@pytest.mark.plugins(ERRANDS)
def test_a_plugin_that_breaks_does_not_hold_up_the_receipt(office: Office):
    for organ in (CPCO, GFIN):
        switch(office, organ, "errands", on=True)
    passed_on(office, "取三月简报")
    model: Any = kinds().get("errands.errand")
    create = model.create

    def broken(**values: Any) -> Any:
        create(**values)
        raise RuntimeError("the plugin broke")

    model.create = broken
    clerk, item = office.desk(CLERKS[GFIN]), opened(office, GFIN)
    act = gate.prepare(clerk, sign_for, item)
    gate.perform(clerk, act, office.sign(clerk, act))
    outbox.drain()
    assert (delivery(GFIN).state, delivery(GFIN).parked) == ("signed", True)
    assert len(evidence(GFIN, "C1")) == 1
    assert errands_of(GFIN) == [], "what the plugin wrote before it broke is gone"

    model.create = create
    ids.set_clock(lambda: ids._system_clock() + outbox.LEASE)
    try:
        assert outbox.drain() == 2  # the handing over, and those concerned are told of it
    finally:
        ids.set_clock(None)
    assert not delivery(GFIN).parked and errands_of(GFIN) == ["取三月简报"]
    assert len(evidence(GFIN, "C1")) == 1
