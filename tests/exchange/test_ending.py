"""Void and replaced: every recipient sees it and can still read it; nothing is taken away."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.acts.models import Task
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, Invalid, NotFound
from kernel.exchange.deadlines import note_overdue, set_deadline
from kernel.exchange.ending import supersede, void
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.urging import urge
from kernel.storage import log, log_check
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.after import (
    another,
    codes,
    proved,
    recipient_does,
    sender_does,
    signed,
    verifies_alone,
)
from tests.exchange.notice import (
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    deliveries,
    delivery,
    evidence,
    opened,
    package,
    signed_for,
)

WHY = "文号有误，不再执行"


def page_of(office: Office, organ: str, uid: str = "") -> str:
    return browser_of(office, organ).get(f"/exchange/inbox/{uid or delivery(organ).uid}").text


def test_void_reaches_who_signed_and_who_did_not_and_stays_readable(office: Office, tmp_path: Path):
    signed_for(office, GFIN)
    sender_does(office, void, reason=WHY)
    assert all(row.voided and row.ended_reason == WHY for row in deliveries())
    assert {row.state for row in deliveries()} == {"signed", "delivered"}
    for organ in (GFIN, GEDU):
        page = page_of(office, organ)
        assert "已作废" in page and WHY in page and "/pages/1" in page
    facts = proved("", "X5")
    assert facts.act is not None and facts.act.verb == "exchange.void"
    assert [one.text for one in facts.evidence.reasons] == [WHY]
    assert verifies_alone(tmp_path) == "0"
    log.integrate()
    assert log_check.verify().ok


def test_what_is_void_can_be_signed_for_and_not_be_sent_back(office: Office):
    opened(office, GFIN)
    sender_does(office, void, reason=WHY)
    with pytest.raises(Conflict):
        recipient_does(office, GFIN, send_back, reason="重复来文")
    recipient_does(office, GFIN, sign_for)
    assert delivery(GFIN).state == "signed" and delivery(GFIN).voided


def test_who_sent_it_back_before_is_not_marked_and_the_sender_is_told(office: Office):
    opened(office, GFIN)
    recipient_does(office, GFIN, send_back, reason="重复来文")
    sender_does(office, void, reason=WHY)
    assert delivery(GFIN).voided is None and delivery(GEDU).voided
    assert codes(GFIN, "X14") == ["605"]


def test_it_is_void_once_and_for_its_sender_alone(office: Office):
    with pytest.raises(Invalid):
        sender_does(office, void, reason=" ")
    with pytest.raises(NotFound):
        office.act(office.desk("刘志强"), void, package(), reason=WHY)
    sender_does(office, void, reason=WHY)
    with pytest.raises(Conflict):
        sender_does(office, void, reason=WHY)
    assert len(evidence(type_="X5")) == 1


def test_replaced_it_leads_to_the_new_one_for_those_who_have_it(office: Office, tmp_path: Path):
    second = another(office)
    sender_does(office, supersede, by=second.uid, reason="内容有调整")
    with connection():
        new = delivery(GFIN)
        old = next(row for row in deliveries() if row.organ == GFIN)
    assert new.package_id == second.uid and old.superseded == second.uid
    page = page_of(office, GFIN, old.uid)
    assert "已被替换" in page and f"/exchange/inbox/{new.uid}" in page
    page = page_of(office, GEDU)
    assert "替换件没有发给本单位" in page
    assert second.title not in page and second.uid not in page.partition("回执记录")[0]
    reasons = [one.code for one in proved("", "X6").evidence.reasons]
    assert reasons == ["superseded", "successor"]
    assert verifies_alone(tmp_path) == "0"


def test_only_another_package_of_one_s_own_replaces(office: Office):
    second = another(office)
    for wrong in (package().uid, "01a205be-0000-7000-8000-000000000000"):
        with pytest.raises(Invalid) as refused:
            sender_does(office, supersede, by=wrong, reason=WHY)
        assert refused.value.field == "by"
    office.act(office.desk("孙倩"), void, second, reason=WHY)
    with pytest.raises(Invalid):
        sender_does(office, supersede, by=second.uid, reason=WHY)


def test_void_and_replace_together_have_one_winner(office: Office):
    second = another(office)
    late = signed(office, CPCO, void, reason=WHY)
    sender_does(office, supersede, by=second.uid, reason=WHY)
    with pytest.raises(Conflict):
        late()
    assert codes("", "X14") == ["603"]


def test_the_pages_ask_and_show(office: Office):
    another(office)
    browser, place = browser_of(office, CPCO), f"/exchange/outbox/{package().uid}"
    assert f"{place}/void" in browser.get(place).text
    assert "作废后不能恢复" in browser.get(f"{place}/void").text
    assert browser.post(f"{place}/void", data={"reason": ""}).status_code == 422
    assert "不能恢复" in browser.post(f"{place}/void", data={"reason": WHY}).text
    assert "补充通知" in browser.get(f"{place}/supersede").text
    assert browser_of(office, GFIN).get(place).status_code == 404
    sender_does(office, void, reason=WHY)
    shown = browser.get(place).text
    assert "已作废" in shown and f"{place}/void" not in shown


def _ended(office: Office, how: str) -> None:
    if how == "void":
        sender_does(office, void, reason=WHY)
    else:
        sender_does(office, supersede, by=another(office).uid, reason=WHY)


@pytest.mark.both
@pytest.mark.parametrize("how", ["void", "supersede"])
def test_nobody_is_reminded_of_what_does_not_count_any_more_nor_late_with_it(
    office: Office, how: str, later: Callable[[timedelta], None], tmp_path: Path
):
    until = stamp(now() + timedelta(hours=2))
    sender_does(office, set_deadline, sign_by=until, units=[], reason="尽快")
    _ended(office, how)
    old = next(row for row in deliveries() if row.organ == GEDU)
    with pytest.raises(Conflict, match=r"exchange\.nothing_to_urge"):
        sender_does(office, urge, units=[])
    with pytest.raises(Conflict):
        sender_does(office, set_deadline, sign_by=until, units=[], reason="放宽")
    later(timedelta(hours=3))
    assert note_overdue() == 0 and evidence(type_="C3") == [] == evidence(type_="X7")
    with connection():
        task = Task.get((Task.subject == old.uid) & Task.done.is_null())
    assert (task.due, task.urgency) == (None, "")
    place = f"/exchange/outbox/{package().uid}"
    shown = browser_of(office, CPCO).get(place).text
    assert f"{place}/urge" not in shown and f"{place}/deadline" not in shown
    assert "其中逾期" not in shown
    opened(office, GEDU)
    recipient_does(office, GEDU, sign_for)
    assert "超时签收" not in page_of(office, GEDU)
    assert verifies_alone(tmp_path) == "0"
    log.integrate()
    assert log_check.verify().problems == []


def test_who_was_late_before_it_was_void_is_not_called_late_any_more(
    office: Office, later: Callable[[timedelta], None]
):
    until = stamp(now() + timedelta(hours=2))
    sender_does(office, set_deadline, sign_by=until, units=[], reason="尽快")
    later(timedelta(hours=3))
    assert note_overdue() == len(deliveries())
    sender_does(office, void, reason=WHY)
    with connection():
        task = Task.get((Task.organ == GEDU) & Task.done.is_null())
    assert (task.due, task.urgency) == (None, "") and delivery(GEDU).overdue
    assert "已超过签收时限" not in page_of(office, GEDU)
    log.integrate()
    assert log_check.verify().problems == []
