"""How a key comes to its holder: the code, the offer, and what two administrators see of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts.house.keys import cancel_enrolment, open_enrolment
from kernel.crypto import canonical, ids
from kernel.errors import Invalid, NotFound
from kernel.identity import credentials
from kernel.identity.models import Credential, Enrolment
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.webauthn.conftest import ask_of, count
from tests.webauthn.token import Token


@pytest.fixture
def later() -> Iterator[Callable[[timedelta], None]]:
    yield lambda step: ids.set_clock(lambda: ids._system_clock() + step)
    ids.set_clock(None)


def opened(office: Office, name: str = "林晓梅") -> str:
    """The code of a new slot."""
    person = office.post(name).person.uid
    desk = office.desk("杨帆")
    code: str = office.act(
        desk, open_enrolment, person=person, kind="webauthn", label="蓝色插件"
    ).result
    return code


def slot() -> Enrolment:
    with connection():
        found: Enrolment = Enrolment.select().get()
    return found


def offer(office: Office, code: str, token: Token, **changes: Any) -> str:
    """Register a key in a browser; the page that comes back."""
    browser = office.browser()
    options = ask_of(browser.post("/enrol", data={"code": code}).text)
    answer = token.create(options, **changes)
    return str(browser.post("/enrol", data={"code": code, "answer": answer}).text)


@pytest.mark.parametrize("algorithm", ["ES256", "EdDSA"])
def test_a_person_offers_a_key_and_both_sides_read_the_same_code(office: Office, algorithm: str):
    token, before = Token(algorithm=algorithm), count(Credential)
    page = offer(office, opened(office), token)
    short = credentials.short_code(canonical.b64(token.spki))
    assert short in page
    admin = office.browser()
    admin.login("杨帆")
    assert short in admin.get(f"/admin/keys/{slot().person}").text
    assert slot().binding == token.binding
    assert count(Credential) == before, "an offer is no key yet"


def test_the_code_may_be_typed_as_it_comes(office: Office):
    code = opened(office).lower().replace("-", " ")
    assert "插入您的插件" in office.browser().post("/enrol", data={"code": code}).text


def test_the_code_is_not_stored(office: Office):
    code = opened(office).replace("-", "")
    assert code not in slot().code_hash and len(slot().code_hash) == 64


def test_a_code_is_used_once(office: Office):
    code = opened(office)
    offer(office, code, Token())
    said = office.browser().post("/enrol", data={"code": code})
    assert said.status_code == 403 and "已用过" in said.text


def test_a_code_holds_for_a_day(office: Office, later: Callable[[timedelta], None]):
    code = opened(office)
    later(timedelta(hours=24, minutes=1))
    assert office.browser().post("/enrol", data={"code": code}).status_code == 403


def test_a_cancelled_code_is_dead(office: Office):
    code = opened(office)
    office.act(office.desk("杨帆"), cancel_enrolment, enrolment=slot().uid)
    assert office.browser().post("/enrol", data={"code": code}).status_code == 403
    with pytest.raises(NotFound, match=r"keys\.enrolment"):
        office.act(office.desk("杨帆"), cancel_enrolment, enrolment=slot().uid)


@pytest.mark.parametrize(
    ("of_key", "of_browser"),
    [
        ({"flags": 1}, {}),
        ({"flags": 4}, {}),
        ({"rp_id": "oa.example"}, {}),
        ({}, {"origin": "https://oa.example"}),
        ({}, {"type": "webauthn.get"}),
        ({"extra": {"challenge": "AAAA"}}, {}),
        ({}, {"crossOrigin": True}),
    ],
)
def test_a_registration_that_does_not_fit_offers_nothing_and_may_be_tried_again(
    office: Office, of_key: dict[str, Any], of_browser: dict[str, Any]
):
    token, code = Token(), opened(office)
    for name, value in of_key.items():
        setattr(token, name, value)
    page = offer(office, code, token, **of_browser)
    assert "还不能使用" not in page and "登记这把插件" in page
    assert slot().state == "open"
    assert "还不能使用" in offer(office, code, Token())


@pytest.mark.parametrize("answer", ["{}", "[]", "null", '{"id":"!","response":{}}', "x" * 30_000])
def test_rubbish_is_refused_in_words(office: Office, answer: str):
    code, browser = opened(office), office.browser()
    browser.post("/enrol", data={"code": code})
    said = browser.post("/enrol", data={"code": code, "answer": answer})
    assert said.status_code == 403 and "格式不对" in said.text


def test_the_challenge_of_another_page_registers_nothing(office: Office):
    """Two tabs: the later one counts."""
    code, token = opened(office), Token()
    browser = office.browser()
    early = ask_of(browser.post("/enrol", data={"code": code}).text)
    browser.post("/enrol", data={"code": code})
    said = browser.post("/enrol", data={"code": code, "answer": token.create(early)})
    assert said.status_code == 403 and slot().state == "open"


def test_a_key_needs_a_name(office: Office):
    person = office.post("林晓梅").person.uid
    with pytest.raises(Invalid, match=r"keys\.label"):
        office.act(office.desk("杨帆"), open_enrolment, person=person, kind="webauthn", label=" ")


def test_the_list_of_keys_is_found_by_name_unit_and_state(office: Office):
    opened(office)
    admin = office.browser()
    admin.login("何静")
    assert "林晓梅" in admin.get("/admin/keys?q=林晓梅").text
    assert "林晓梅" in admin.get("/admin/keys?q=秘书科").text
    waiting = admin.get("/admin/keys?state=waiting").text
    assert "林晓梅" in waiting and "周海涛" not in waiting
    assert "林晓梅" not in admin.get("/admin/keys?state=none").text
    assert admin.get("/admin/keys?export=csv").status_code == 200


def test_rights_are_given_on_their_page(office: Office):
    admin = office.browser()
    admin.login("何静")
    post = office.post("林晓梅")
    assert "林晓梅" in admin.get("/admin/people?q=林晓梅").text
    here = f"/admin/people/{post.uid}/rights"
    page = admin.post(here, data={"level": "exchange.handle", "given": "1"}).text
    nonce = page.partition('name="nonce" value="')[2].partition('"')[0]
    admin.post("/acts/confirm", data={"nonce": nonce})
    assert office.desk("林晓梅").has("exchange.handle")
    assert "授予" in admin.get(here).text


def test_a_unit_administrator_gives_in_his_own_organ_what_he_has(office: Office):
    clerk = office.browser()
    clerk.login("孙倩")
    assert "没有找到“刘志强”" in clerk.get("/admin/people?q=刘志强").text
    assert clerk.get(f"/admin/people/{office.post('刘志强').uid}/rights").status_code == 404
    page = clerk.get(f"/admin/people/{office.post('林晓梅').uid}/rights").text
    assert "exchange.handle" in page and "house.rollout" not in page


def test_a_person_ends_his_session_elsewhere(office: Office):
    here, there, other = office.browser(), office.browser(), office.browser()
    for one in (here, there):
        one.login("林晓梅")
    other.login("王芳")
    page = here.get("/account/security").text
    uid = page.partition('name="session" value="')[2].partition('"')[0]
    other.post("/account/security/end", data={"session": uid})
    assert there.get("/me").url.path == "/me"
    here.post("/account/security/end", data={"session": uid})
    assert there.get("/me").url.path == "/login"
    assert here.get("/me").url.path == "/me"
