"""By when to sign for it: changed by the sender, noted when it passes, late allowed; reminders."""

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.acts import hold
from kernel.acts.models import Task
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, Invalid, Unavailable
from kernel.exchange.deadlines import note_overdue, set_deadline
from kernel.exchange.inbound import sign_for
from kernel.exchange.urging import PAUSE, urge
from kernel.storage import log, log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from kernel.work.calendar import CHINA
from kernel.work.schedules import schedules
from tests.exchange.after import codes, proved, recipient_does, sender_does, verifies_alone
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

DAY, HOUR = timedelta(days=1), timedelta(hours=1)


def by(office: Office, days: float = 2, *units: str) -> None:
    until = stamp(now() + days * DAY)
    sender_does(office, set_deadline, sign_by=until, units=list(units), reason="放宽时限")


def test_a_deadline_reaches_those_who_have_not_signed_and_their_tasks(
    office: Office, tmp_path: Path
):
    signed_for(office, GFIN)
    by(office)
    assert delivery(GFIN).sign_by is None and delivery(GEDU).sign_by is not None
    with connection():
        task = Task.get((Task.organ == GEDU) & Task.done.is_null())
    assert task.due == delivery(GEDU).sign_by
    facts = proved("", "X9")
    assert [one.code for one in facts.evidence.reasons] == ["deadline", "moved"]
    assert facts.act is not None and facts.act.verb == "exchange.set_deadline"
    assert verifies_alone(tmp_path) == "0"


def test_a_deadline_for_chosen_units_is_theirs_alone(office: Office):
    by(office, 2, GEDU)
    assert delivery(GEDU).sign_by is not None and delivery(GFIN).sign_by is None
    assert [row.organ for row in evidence(type_="X9")] == [GEDU]
    with pytest.raises(Invalid):
        by(office, 2, "620700-NOBODY")
    with pytest.raises(Invalid):
        by(office, -1)


def test_what_nobody_signed_for_in_time_is_noted_once(
    office: Office, tmp_path: Path, later: Callable[[timedelta], None]
):
    signed_for(office, GFIN)
    by(office)
    assert note_overdue() == 0
    later(3 * DAY)
    assert schedules().run_due() > 0 and schedules().run_due() == 0
    late = [row for row in deliveries() if row.organ != GFIN]
    assert all(row.overdue and row.state == "delivered" for row in late)
    assert len(evidence(type_="C3")) == len(late) and evidence(GFIN, "C3") == []
    assert codes(GEDU, "C3") == ["702"]
    assert note_overdue() == 0
    assert verifies_alone(tmp_path) == "0"
    log.integrate()
    assert log_check.verify().ok


def test_signed_for_late_is_allowed_and_both_sides_see_it(
    office: Office, later: Callable[[timedelta], None]
):
    by(office, 1 / 12)
    later(3 * HOUR)  # the signer's own clock is not moved: by a day more it would not sign
    note_overdue()
    place, sent = f"/exchange/inbox/{delivery(GEDU).uid}", f"/exchange/outbox/{package().uid}"
    assert "已超过签收时限" in browser_of(office, GEDU).get(place).text
    assert "逾期" in browser_of(office, CPCO).get(f"{sent}?state=overdue").text
    opened(office, GEDU)
    recipient_does(office, GEDU, sign_for)
    assert delivery(GEDU).late and delivery(GEDU).state == "signed"
    assert "超时签收" in browser_of(office, GEDU).get(place).text
    shown = browser_of(office, CPCO).get(f"{sent}?state=late").text
    assert "超时签收" in shown and "市教育局" in shown.partition("<table")[2]


def test_a_new_deadline_lets_it_run_again_and_pass_again(
    office: Office, later: Callable[[timedelta], None]
):
    by(office, 1 / 12)
    later(3 * HOUR)
    note_overdue()
    by(office, 1 / 12)
    assert delivery(GEDU).overdue is None
    later(6 * HOUR)
    note_overdue()
    assert delivery(GEDU).overdue is not None and len(evidence(GEDU, "C3")) == 2


def test_near_its_end_a_deadline_is_hinted_at(office: Office, later: Callable[[timedelta], None]):
    by(office)
    place = f"/exchange/inbox/{delivery(GEDU).uid}"
    assert "前签收。" not in browser_of(office, GEDU).get(place).text
    later(2 * DAY - timedelta(hours=3))
    assert "前签收。" in browser_of(office, GEDU).get(place).text


def test_a_reminder_reaches_those_who_wait_and_is_counted(office: Office, tmp_path: Path):
    signed_for(office, GFIN)
    count = sender_does(office, urge, units=[], channel="phone").result
    assert count == len(deliveries()) - 1 == len(evidence(type_="X7"))
    assert (delivery(GEDU).urges, delivery(GFIN).urges) == (1, 0)
    facts = proved(GEDU, "X7").evidence
    assert (facts.actor.unit, facts.actor.person) == (CPCO, "孙倩")
    assert [(one.code, one.text) for one in facts.reasons] == [("urged", "phone")]
    with connection():
        task = Task.get((Task.organ == GEDU) & Task.done.is_null())
    assert task.meta.startswith("催办 · ")
    assert (
        "已催办 1 次" in browser_of(office, GEDU).get(f"/exchange/inbox/{delivery(GEDU).uid}").text
    )
    assert verifies_alone(tmp_path) == "0"


def test_a_held_node_signs_no_reminder(office: Office):
    """The reminder needs no person's signature, but its evidence has the node's."""
    with transaction():
        hold.begin("restored")
    with pytest.raises(Unavailable, match=r"node\.held"):
        sender_does(office, urge, units=[])
    assert (delivery(GEDU).urges, evidence(type_="X7")) == (0, [])


def test_reminders_have_a_pause_and_an_end(office: Office, later: Callable[[timedelta], None]):
    sender_does(office, urge, units=[GEDU])
    with pytest.raises(Conflict, match=r"exchange\.urged"):
        sender_does(office, urge, units=[GEDU])
    assert sender_does(office, urge, units=[]).result == len(deliveries()) - 1, "the others"
    for number in (1, 2):
        later(number * (PAUSE + timedelta(minutes=1)))
        sender_does(office, urge, units=[GEDU])
    later(3 * PAUSE + timedelta(minutes=5))
    with pytest.raises(Conflict, match=r"exchange\.urged"):
        sender_does(office, urge, units=[GEDU])
    later(DAY + 3 * PAUSE)
    sender_does(office, urge, units=[GEDU])
    assert delivery(GEDU).urges == 4


def test_the_pages_for_reminders_and_deadlines(office: Office):
    browser, place = browser_of(office, CPCO), f"/exchange/outbox/{package().uid}"
    drafter = office.browser()
    drafter.login("林晓梅")
    assert "催办、补发、撤回由孙倩" in drafter.get(place).text
    before = browser.get(place).text
    assert "催办、补发、撤回由" not in before and f"将提醒 {len(deliveries())} 家" in before
    assert "市教育局" in browser.get(f"{place}/urge").text
    done = browser.post(f"{place}/urge", data={"units": [GEDU], "channel": "sms"})
    assert "已催办 1 家" in done.text and delivery(GEDU).urges == 1
    assert "市教育局" not in browser.get(f"{place}/urge").text.partition("<fieldset")[2]
    assert f"将提醒 {len(deliveries()) - 1} 家" in browser.get(place).text
    browser.post(f"{place}/urge", data={"channel": "portal"})
    assert "都已催办过" in browser.get(place).text
    day = f"{now() + 3 * DAY:%Y-%m-%d}"
    asked = browser.post(f"{place}/deadline", data={"day": day, "reason": "放宽"})
    assert "修改签收时限" in asked.text and asked.status_code == 200
    assert f"签收时限改为 {(now() + 3 * DAY).astimezone(CHINA):%Y年}" in asked.text, (
        "what is signed"
    )
    assert browser.post(f"{place}/deadline", data={"day": "x", "reason": "y"}).status_code == 422
