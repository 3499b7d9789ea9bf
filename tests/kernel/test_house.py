"""The administrators: what two of them do together, what none of them can do alone."""

import re
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import pytest

from kernel.acts.gate import prepare
from kernel.acts.house.confirm import confirm, decline
from kernel.acts.house.grants import grant
from kernel.acts.house.keys import revoke_key
from kernel.acts.house.rollout import advance
from kernel.acts.models import Proposal
from kernel.acts.verbs import act, verb_of
from kernel.errors import Invalid, Refused
from kernel.identity.desk import Desk
from kernel.identity.models import Credential, Grant
from kernel.portal import items
from kernel.portal.items import href_of
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
    tasks = second.get("/tasks").text
    assert "推进接入阶段" in tasks and f"/admin/proposals?uid={waiting.uid}" in tasks
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


def test_every_object_is_shown_where_its_kind_says(office: Office):
    """Also one whose page takes no uid: it stands in the query then, as for a proposal."""
    shown = {kind: href_of(kind, "01a2-b3") for kind in ("documents.document", *items._HOUSE)}
    assert shown == {
        "documents.document": "/documents/out/01a2-b3",
        "exchange.delivery": "/exchange/inbox/01a2-b3",
        "exchange.package": "/exchange/outbox/01a2-b3",
        "acts.proposal": "/admin/proposals?uid=01a2-b3",
    }
    assert href_of("nobody.knows", "01a2-b3") == "/"
    assert href_of("documents.document", "a/b?") == "/documents/out/a%2Fb%3F"


def test_a_verb_says_what_it_takes_however_it_is_written():
    def typed(desk: Desk, *, text: Annotated[str, "a note"], counts: list["int"]) -> None:
        """What is put together."""

    said = act("toys.typed", title="字", title_en="T", level="none", weight="recorded")(typed)
    verb = verb_of(said)
    assert verb.arguments({"text": "甲", "counts": [1]}) == {"text": "甲", "counts": [1]}
    with pytest.raises(Invalid, match="acts.argument"):
        verb.arguments({"text": 7, "counts": [1]})
    with pytest.raises(Invalid, match="acts.argument"):
        verb.arguments({"text": "甲", "counts": ["1"]})
    with pytest.raises(TypeError, match="not a function"):
        act("toys.p", title="字", title_en="T", level="none", weight="recorded")(partial(typed))
