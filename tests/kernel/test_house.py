"""The administrators: what two of them do together, what none of them can do alone."""

import re
from datetime import UTC, datetime

import pytest

from kernel.acts.gate import prepare
from kernel.acts.house.confirm import confirm, decline
from kernel.acts.house.grants import grant
from kernel.acts.house.keys import revoke_key
from kernel.acts.house.rollout import advance
from kernel.acts.models import Proposal
from kernel.errors import Invalid, Refused
from kernel.identity.models import Credential, Grant
from kernel.storage import log, log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office


def proposed(office: Office) -> Proposal:
    return office.act(office.desk("杨帆"), advance, phase=2).result


def said() -> str:
    log.integrate()
    return "\n".join(f"{where} {what}" for where, what in log_check.verify().problems)


def test_the_second_person_sees_all_that_he_signs(office: Office):
    waiting = proposed(office)
    second = office.browser()
    second.login("何静")
    assert "推进接入阶段" in second.get("/tasks").text, "it is a task of his"
    listed = second.get("/admin/proposals").text
    page = second.post(f"/admin/proposals/{waiting.uid}", data={"answer": "yes"}).text
    for shown in (listed, page):
        assert "将进入第2阶段" in shown
        assert "Phase 2" not in shown, "one language at a time"
    for part in ("推进接入阶段", "提出人", "杨帆", "phase", "<dd>2</dd>"):
        assert part in page


def test_declining_takes_a_reason_and_ends_the_task(office: Office):
    waiting, desk = proposed(office), office.desk("何静")
    with pytest.raises(Invalid):
        prepare(desk, decline, waiting, reason=" ")
    office.act(desk, decline, waiting, reason="时机未到")
    second = office.browser()
    second.login("何静")
    assert "推进接入阶段" not in second.get("/tasks").text
    with pytest.raises(Exception, match="house.settled"):
        prepare(desk, confirm, waiting)


def test_nobody_grants_to_himself_or_to_an_administrator(office: Office):
    security = office.desk("何静")
    for name in ("何静", "杨帆", "高峰"):
        with pytest.raises(Refused, match="rights.separation"):
            prepare(
                security, grant, post=office.post(name).uid, level="exchange.handle", given=True
            )
    office.act(security, grant, post=office.post("林晓梅").uid, level="exchange.handle", given=True)
    assert office.desk("林晓梅").has("exchange.handle")


def test_a_revoked_key_signs_nobody_in_and_cannot_be_revived_unnoticed(office: Office):
    with connection():
        key = Credential.get(Credential.person == office.post("王芳").person.uid).uid
    office.act(office.desk("何静"), revoke_key, credential=key, reason="插件遗失")
    browser = office.browser()
    answer = browser.login("王芳")
    assert answer.status_code == 403
    assert "王芳的安全认证插件已停用" in answer.text
    assert said() == ""
    with transaction():
        Credential.update(revoked=None).where(Credential.uid == key).execute()
    assert "was revoked by an act and works again" in said()


def test_a_grant_put_in_by_sql_is_named(office: Office):
    with transaction():
        Grant.create(
            post=office.post("林晓梅").uid,
            level="documents.sign",
            act="nobody",
            at=datetime.now(UTC),
        )
    assert "was not decided by any act" in said()


def test_a_link_of_another_site_leaves_no_trace(office: Office):
    browser = office.browser()
    browser.login("孙倩")
    away = {"sec-fetch-site": "cross-site"}
    assert browser.get("/tasks?export=csv", headers=away).status_code == 403
    assert browser.get("/tasks?export=csv", headers={"sec-purpose": "prefetch"}).status_code == 403
    assert browser.get("/tasks?export=csv").status_code == 200


def test_the_tab_bar_leads_nobody_into_a_wall(office: Office):
    browser = office.browser()
    browser.login("高峰")
    bar = re.search(r'<nav class="tabbar".*?</nav>', browser.get("/").text, re.S)
    assert bar
    for link in re.findall(r'href="([^"]+)"', bar[0]):
        assert browser.get(link).status_code == 200
