"""Sending again: the same package, a delivery of its own; what happened before stays."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from kernel.acts.models import Task
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, Invalid
from kernel.exchange.deadlines import note_overdue, set_deadline
from kernel.exchange.ending import supersede, void
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.recalling import RESEND, recall
from kernel.exchange.resending import request_resend, resend
from kernel.identity.models import NodeFact
from kernel.storage import log, log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.exchange.after import (
    another,
    proved,
    recipient_does,
    sender_does,
    signed,
    steps,
    verifies_alone,
)
from tests.exchange.notice import (
    CLERKS,
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    deliveries,
    delivery,
    evidence,
    opened,
    package,
)

WHY = "误退，请补发"


def sent_back(office: Office) -> None:
    opened(office, GFIN)
    recipient_does(office, GFIN, send_back, reason="重复来文")


def test_a_copy_is_a_delivery_of_the_same_package(office: Office, tmp_path: Path):
    sent_back(office)
    sender_does(office, resend, units=[GFIN], reason=WHY)
    first, second = (row for row in deliveries() if row.organ == GFIN)
    assert (first.state, first.copy, second.state, second.copy) == ("returned", 0, "delivered", 1)
    with connection():
        assert first.package_id == second.package_id and first.digest() == second.digest()
    assert (
        proved(GFIN, "X8").evidence.delivery == second.uid == proved(GFIN, "D1").evidence.delivery
    )
    opened(office, GFIN)
    recipient_does(office, GFIN, sign_for)
    assert delivery(GFIN).state == "signed" and delivery(GFIN).id == second.id
    assert verifies_alone(tmp_path) == "0"
    log.integrate()
    assert log_check.verify().ok


def test_the_pages_lead_from_the_old_to_the_new_one(office: Office):
    sent_back(office)
    old = delivery(GFIN).uid
    sender_does(office, resend, units=[GFIN], reason=WHY)
    page = browser_of(office, GFIN).get(f"/exchange/inbox/{old}").text
    assert f"/exchange/inbox/{delivery(GFIN).uid}" in page and "请求补发" not in page
    shown = browser_of(office, CPCO).get(f"/exchange/outbox/{package().uid}").text
    assert "补发" in shown and "0</strong> / 7" in shown


def test_who_sent_it_back_by_mistake_asks_and_the_sender_has_a_task(office: Office):
    sent_back(office)
    browser, place = browser_of(office, GFIN), f"/exchange/inbox/{delivery(GFIN).uid}"
    assert "请求补发" in browser.get(place).text
    assert browser.post(f"{place}/request-resend", data={"reason": ""}).status_code == 422
    assert "已请求补发" in browser.post(f"{place}/request-resend", data={"reason": WHY}).text
    assert RESEND in steps(CPCO)
    with pytest.raises(Conflict, match=r"exchange\.requested"):
        recipient_does(office, GFIN, request_resend, reason=WHY)
    sender_does(office, resend, units=[GFIN], reason=WHY)
    assert RESEND not in steps(CPCO) and "签收" in steps(GFIN)


@pytest.mark.both
@pytest.mark.parametrize("verb", [recall, void, supersede])
def test_nobody_is_asked_for_what_was_ended(office: Office, verb: Any):
    sent_back(office)
    back, given = delivery(GFIN), {"by": another(office).uid} if verb is supersede else {}
    clerk = office.desk(CLERKS[GFIN])
    office.act(clerk, request_resend, back, reason=WHY)
    assert RESEND in steps(CPCO)
    with connection():
        sent = back.package
    office.act(office.desk(CLERKS[CPCO]), verb, sent, reason="不再发送", **given)
    assert RESEND not in steps(CPCO)
    page = browser_of(office, GFIN).get(f"/exchange/inbox/{back.uid}").text
    assert "请求补发" not in page
    with pytest.raises(Conflict, match=r"exchange\.not_resent"):
        office.act(clerk, request_resend, back, reason=WHY)
    log.integrate()
    assert log_check.verify().problems == []


def test_only_what_was_sent_back_is_asked_for(office: Office):
    with pytest.raises(Conflict):
        recipient_does(office, GEDU, request_resend, reason=WHY)


def test_who_has_it_gets_no_second_one(office: Office):
    for units in ([GEDU], [CPCO], ["620702101"], []):
        with pytest.raises(Invalid):
            sender_does(office, resend, units=units, reason=WHY)
    assert len(deliveries()) == 7


def test_a_further_unit_gets_its_first_one(office: Office, tmp_path: Path):
    with transaction():
        NodeFact.write("phase", 3)
    sender_does(office, resend, units=["620702101"], role="cc", reason="增发")
    new = delivery("620702101")
    assert (new.copy, new.role, new.state) == (0, "cc", "delivered")
    assert package().total == 8
    assert verifies_alone(tmp_path) == "0"


def test_nothing_goes_out_of_what_was_recalled(office: Office):
    sent_back(office)
    late = signed(office, CPCO, resend, units=[GFIN], reason=WHY)
    sender_does(office, recall, reason="不再发送")
    with pytest.raises(Conflict):
        late()
    assert [row.organ for row in evidence(type_="X14")] == [""]
    assert len([row for row in deliveries() if row.organ == GFIN]) == 1


DAY = timedelta(days=1)


@pytest.mark.both
def test_a_copy_has_the_deadline_that_was_set_for_all(office: Office, tmp_path: Path):
    for days, units in ((2, []), (3, [GEDU])):
        until = stamp(now() + days * DAY)
        sender_does(office, set_deadline, sign_by=until, units=units, reason="尽快")
    sent_back(office)
    sender_does(office, resend, units=[GFIN], reason=WHY)
    first, second = (row for row in deliveries() if row.organ == GFIN)
    assert second.copy == 1 and second.sign_by == first.sign_by is not None
    with connection():
        task = Task.get((Task.subject == second.uid) & Task.done.is_null())
    assert task.due == second.sign_by
    assert verifies_alone(tmp_path) == "0"
    log.integrate()
    assert log_check.verify().problems == []
    until = stamp(now() + 4 * DAY)
    sender_does(office, set_deadline, sign_by=until, units=[], reason="放宽")
    assert stamp(delivery(GFIN).sign_by or now()) == until
    log.integrate()
    assert log_check.verify().problems == []


def test_who_gets_a_copy_late_is_not_late_with_it(
    office: Office, later: Callable[[timedelta], None]
):
    until = stamp(now() + timedelta(hours=4))
    sender_does(office, set_deadline, sign_by=until, units=[], reason="尽快")
    sent_back(office)
    sender_does(office, resend, units=[GFIN], reason=WHY)
    assert delivery(GFIN).sign_by is None
    later(timedelta(hours=5))
    note_overdue()
    assert delivery(GEDU).overdue and not delivery(GFIN).overdue
    log.integrate()
    assert log_check.verify().problems == []


def requests_at_sender() -> list[str]:
    with connection():
        mine = (Task.organ == CPCO) & (Task.step == RESEND) & Task.done.is_null()
        return [task.meta for task in Task.select().where(mine).order_by(Task.id)]


def asks(office: Office, organ: str, why: str) -> str:
    """The clerk sends it back and asks for it again on the page; gives what that says."""
    opened(office, organ)
    recipient_does(office, organ, send_back, reason="重复来文")
    place = f"/exchange/inbox/{delivery(organ).uid}/request-resend"
    answer = browser_of(office, organ).post(place, data={"reason": why})
    assert answer.status_code == 200
    return str(answer.text)


@pytest.mark.both
def test_each_who_asks_has_a_request_of_his_own(office: Office):
    asks(office, GFIN, "财政局误退")
    page = asks(office, GEDU, "教育局误退")
    assert "已请求补发，发文单位会收到待办" in page and "财政局" not in page
    assert requests_at_sender() == [
        "市财政局请求补发：财政局误退",
        "市教育局请求补发：教育局误退",
    ]
    with pytest.raises(Conflict, match=r"exchange\.requested"):
        recipient_does(office, GEDU, request_resend, reason=WHY)
    shown = browser_of(office, CPCO).get(f"/exchange/outbox/{package().uid}").text
    assert "市财政局请求补发：财政局误退" in shown and "市教育局请求补发：教育局误退" in shown
    log.integrate()
    assert log_check.verify().problems == []
    sender_does(office, resend, units=[GFIN], reason=WHY)
    assert requests_at_sender() == ["市教育局请求补发：教育局误退"]
    log.integrate()
    assert log_check.verify().problems == []
    asks(office, GFIN, "又误退了")
    sender_does(office, resend, units=[GFIN, GEDU], reason=WHY)
    assert requests_at_sender() == []
    log.integrate()
    assert log_check.verify().problems == []


def test_a_request_that_was_removed_or_invented_is_named(office: Office):
    asks(office, GFIN, WHY)
    asks(office, GEDU, WHY)
    sender_does(office, resend, units=[GFIN], reason=WHY)
    where = f"exchange.package {package().uid}"
    with transaction():
        task = Task.get((Task.uid == delivery(GEDU).uid) & Task.done.is_null())
        invented = Task.create(**{**task.__data__, "id": None, "uid": "x"})
    log.integrate()
    assert f"task x on {where}" in [one for one, _ in log_check.verify().problems]
    with transaction():
        Task.delete().where(Task.id.in_([task.id, invented.id])).execute()
    log.integrate()
    assert [one for one, _ in log_check.verify().problems] == [where]


@pytest.mark.both
def test_a_request_of_version_0_1_stands_for_whoever_asked(office: Office):
    """Its task names no delivery, and any copy closed it."""
    asks(office, GFIN, WHY)
    with transaction():
        Task.update(uid="old").where(Task.uid == delivery(GFIN).uid).execute()
    with pytest.raises(Conflict, match=r"exchange\.requested"):
        recipient_does(office, GFIN, request_resend, reason=WHY)
    asks(office, GEDU, WHY)
    log.integrate()
    assert log_check.verify().problems == []
    sender_does(office, resend, units=[GEDU], reason=WHY)
    assert requests_at_sender() == []
    log.integrate()
    assert log_check.verify().problems == []
    recipient_does(office, GFIN, request_resend, reason=WHY)
    log.integrate()
    assert len(requests_at_sender()) == 1 and log_check.verify().problems == []
