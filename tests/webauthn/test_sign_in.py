"""Signing in with a security key: who may, and what is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from kernel.acts.models import Act
from kernel.crypto import canonical, ids
from kernel.identity.models import Credential, LoginChallenge, Session
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.webauthn.conftest import BOTH, Holder, count, issue
from tests.webauthn.token import Token


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    yield lambda step: ids.set_clock(lambda: ids._system_clock() + step)
    ids.set_clock(None)


@BOTH
def test_a_key_opens_a_session_that_is_bound_to_it(office: Office, leader: Holder):
    browser = office.browser()
    home = leader.log_in(browser)
    assert home.status_code == 200 and "周海涛" in home.text
    with connection():
        session = Session.select().order_by(Session.id.desc()).get()
        assert session.credential == leader.credential
        assert Act.select().where(Act.verb == "house.sign_in").count() == 1
    assert "/login" not in str(home.url)


def test_a_key_that_keeps_no_holder_is_asked_by_name(office: Office, leader: Holder):
    leader.token.handle = b""
    assert leader.log_in(office.browser()).status_code == 403
    assert leader.log_in(office.browser(), who="周海涛").status_code == 200
    said = office.browser().post(
        "/login/challenge", data={"who": "无名氏"}, headers={"accept": "application/json"}
    )
    assert said.status_code == 422 and "无名氏" in said.json()["message"]


def test_the_page_asks_the_keys_of_the_name_only(office: Office, leader: Holder):
    options = office.browser().post("/login/challenge", data={"who": "周海涛"}).json()
    assert len(options["allowCredentials"]) == 1
    assert (options["userVerification"], options["rpId"]) == ("required", "testserver")
    assert office.browser().post("/login/challenge").json()["allowCredentials"] == []


def test_a_challenge_opens_one_session_and_no_second(office: Office, leader: Holder):
    browser = office.browser()
    options = browser.post("/login/challenge").json()
    jar = dict(browser.cookies)
    answer = leader.token.get(options)
    assert browser.post("/login", data={"answer": answer}).status_code == 200
    browser.cookies.update(jar)
    said = browser.post("/login", data={"answer": answer})
    assert said.status_code == 403 and "已用过" in said.text


def test_a_wrong_answer_uses_the_challenge_up(office: Office, leader: Holder):
    browser = office.browser()
    options = browser.post("/login/challenge").json()
    assert browser.post("/login", data={"answer": "{}"}).status_code == 403
    said = browser.post("/login", data={"answer": leader.token.get(options)})
    assert said.status_code == 403 and "已用过" in said.text
    assert count(LoginChallenge) == 0


def test_a_challenge_is_of_one_browser(office: Office, leader: Holder):
    """A phishing page that passes the challenge of its own browser on to the victim's."""
    thief, victim = office.browser(), office.browser()
    answer = leader.token.get(thief.post("/login/challenge").json())
    victim.post("/login/challenge")
    assert victim.post("/login", data={"answer": answer}).status_code == 403
    assert office.browser().post("/login", data={"answer": answer}).status_code == 403


def test_a_challenge_holds_for_two_minutes(
    office: Office, leader: Holder, later: Callable[[timedelta], None]
):
    browser = office.browser()
    options = browser.post("/login/challenge").json()
    later(timedelta(minutes=2, seconds=1))
    said = browser.post("/login", data={"answer": leader.token.get(options)})
    assert said.status_code == 403 and "两分钟" in said.text


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"origin": "https://oa.example"}, "别的网址"),
        ({"type": "webauthn.create"}, "格式不对"),
        ({"crossOrigin": True}, "别的网址"),
    ],
)
def test_what_the_browser_writes_has_to_fit(
    office: Office, leader: Holder, change: dict[str, object], word: str
):
    said = leader.log_in(office.browser(), **change)
    assert said.status_code == 403 and word in said.text


def test_a_key_that_does_not_verify_its_owner_opens_nothing(office: Office, leader: Holder):
    leader.token.flags = 1
    said = leader.log_in(office.browser())
    assert said.status_code == 403 and "PIN" in said.text


def test_a_key_of_another_site_opens_nothing(office: Office, leader: Holder):
    leader.token.rp_id = "oa.example"
    assert leader.log_in(office.browser()).status_code == 403


def test_a_counter_that_goes_back_betrays_a_copy(office: Office, leader: Holder):
    leader.log_in(office.browser())
    leader.token.counter -= 1
    said = leader.log_in(office.browser())
    assert said.status_code == 403 and "复制" in said.text


def test_a_key_without_a_counter_works_again_and_again(office: Office):
    holder = issue(office, "王芳", Token(step=0))
    assert [holder.log_in(office.browser()).status_code for _ in range(3)] == [200] * 3


def test_a_key_that_stops_counting_betrays_a_copy(office: Office, leader: Holder):
    leader.log_in(office.browser())
    leader.token.counter, leader.token.step = 0, 0
    assert leader.log_in(office.browser()).status_code == 403


def test_a_revoked_key_signs_nobody_in(office: Office, leader: Holder):
    leader.revoke()
    said = leader.log_in(office.browser())
    assert said.status_code == 403 and "已停用" in said.text


def test_who_has_lost_his_key_sees_why_he_is_out(office: Office, leader: Holder):
    browser = office.browser()
    leader.log_in(browser)
    leader.revoke()
    page = browser.get("/")
    assert "/login" in str(page.url) and "已被停用" in page.text
    assert browser.post("/me/desk", data={}).status_code == 401


def test_several_keys_of_a_person_are_told_apart(office: Office, leader: Holder):
    second = issue(office, "周海涛", Token())
    assert second.log_in(office.browser()).status_code == 200
    leader.revoke()
    assert leader.log_in(office.browser()).status_code == 403
    assert second.log_in(office.browser()).status_code == 200


def test_a_credential_row_put_in_by_sql_signs_nobody_in(office: Office, leader: Holder):
    """The thief writes a row with his own key; the authority has not signed its statement."""
    thief = Token()
    thief.handle = leader.token.handle
    with transaction():
        row = Credential.get(Credential.uid == leader.credential)
        said = canonical.loads(bytes(row.statement)) | {
            "credential": ids.uuid7(),
            "public_key": canonical.b64(thief.spki),
            "webauthn": thief.binding,
        }
        Credential.create(
            uid=said["credential"],
            person=row.person,
            kind="webauthn",
            statement=canonical.dumps(said),
            signature=bytes(row.signature),
        )
    copied = Holder(office, "周海涛", thief, str(said["credential"]))
    assert copied.log_in(office.browser()).status_code == 403
    assert leader.log_in(office.browser()).status_code == 200


def test_a_key_in_somebody_elses_row_signs_nobody_in(office: Office, leader: Holder):
    """The honest statement, moved to another person by SQL."""
    other = office.desk("林晓梅").person
    with transaction():
        Credential.update(person=other.uid).where(Credential.uid == leader.credential).execute()
    leader.token.handle = other.uid.encode()
    assert leader.log_in(office.browser()).status_code == 403


def test_the_session_gets_a_new_name_at_sign_in(office: Office, leader: Holder):
    browser = office.browser()
    browser.cookies.set("juyan_session", "set-by-somebody-else")
    leader.log_in(browser)
    own = browser.cookies.get("juyan_session", domain="testserver.local") or ""
    assert own != "set-by-somebody-else"
    stranger = office.browser()
    stranger.cookies.set("juyan_session", "set-by-somebody-else")
    assert "/login" in str(stranger.get("/").url)
