"""Sessions: stolen, planted, left open, and ended from elsewhere (threat 1)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta

import pytest

from kernel.acts import hold
from kernel.acts.gate import prepare, recall
from kernel.acts.house.presence import end_sessions
from kernel.acts.verbs import verbs
from kernel.crypto.ids import now
from kernel.errors import Refused
from kernel.identity import sessions
from kernel.identity.models import Credential, Person, Post, Session
from kernel.portal import cookies
from kernel.portal.origin import settings
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser, Office

NAME = "林晓梅"


def token_of(browser: Browser) -> str:
    return browser.cookies[cookies.SESSION]


def signed_in(browser: Browser) -> bool:
    return browser.get("/me", follow_redirects=False).status_code == 200


@pytest.fixture
def person(office: Office) -> Browser:
    browser = office.browser()
    browser.login(NAME)
    assert signed_in(browser)
    return browser


def with_token(office: Office, token: str) -> Browser:
    """Another browser that holds a token."""
    thief = office.browser()
    thief.cookies.set(cookies.SESSION, token)
    return thief


def test_a_session_planted_before_the_login_is_not_the_one_after_it(office: Office):
    browser = with_token(office, "planted-by-somebody")
    browser.login(NAME)
    assert signed_in(browser)
    assert not signed_in(with_token(office, "planted-by-somebody"))


def test_signing_in_again_ends_the_session_before(office: Office, person: Browser):
    before = token_of(person)
    person.login("王芳")
    assert token_of(person) != before
    assert not signed_in(with_token(office, before))


def test_the_token_changes_with_the_desk_and_the_old_one_is_dead(office: Office, person: Browser):
    before = token_of(person)
    with transaction():
        own = office.post(NAME)
        other = Post.create(person=own.person, unit=own.unit, title="兼职", roles=["drafter"])
    person.post("/me/desk", data={"post": other.uid})
    assert token_of(person) != before
    assert signed_in(person) and "兼职" in person.get("/me").text
    assert not signed_in(with_token(office, before))


def test_what_was_prepared_outlives_a_new_token(office: Office):
    desk = office.desk("何静")
    holder = office.post(NAME)
    prepared = prepare(
        desk, verbs().get("house.grant"), post=holder.uid, level="house.switch", given=True
    )
    with transaction():
        token = sessions.renew(desk)
        again = sessions.find(token, settings().public_origin)
    assert again is not None and again.session == desk.session
    assert recall(again, prepared.nonce).nonce == prepared.nonce


def test_the_token_is_kept_as_a_hash_only(person: Browser):
    with connection():
        rows = list(Session.select().dicts())
    assert token_of(person) not in repr(rows)
    assert len(token_of(person)) >= 43  # 256 bits


def test_a_signed_out_token_opens_nothing(office: Office, person: Browser):
    before = token_of(person)
    person.post("/logout")
    assert cookies.SESSION not in person.cookies
    thief = with_token(office, before)
    assert not signed_in(thief)
    assert thief.post("/logout").status_code == 401


def ends(person: Browser) -> bool:
    return not signed_in(person)


def test_a_session_ends_after_thirty_minutes_without_use(person: Browser):
    _age("seen", timedelta(minutes=29))
    assert signed_in(person)
    _age("seen", timedelta(minutes=31))
    assert ends(person)


def test_a_session_ends_after_twelve_hours_however_busy(person: Browser):
    _age("created", timedelta(hours=11, minutes=59))
    assert signed_in(person)
    _age("created", timedelta(hours=12, minutes=1))
    assert ends(person)


def _age(column: str, by: timedelta) -> None:
    with transaction():
        Session.update({getattr(Session, column): now() - by}).execute()


@pytest.mark.parametrize("what", ["person", "post", "credential"])
def test_a_session_ends_with_its_person_its_post_and_its_key(
    office: Office, person: Browser, what: str
):
    post = office.post(NAME)
    with transaction():
        if what == "person":
            Person.update(active=False).where(Person.id == post.person.id).execute()
        elif what == "post":
            Post.update(active=False).where(Post.id == post.id).execute()
        else:
            own = Credential.person == post.person.uid
            Credential.update(revoked=now()).where(own).execute()
    assert ends(person)


def test_an_administrator_ends_all_sessions_of_a_person(office: Office, person: Browser):
    second, other = office.browser(), office.browser()
    second.login(NAME)
    other.login("王芳")
    whose = office.post(NAME).person.uid
    assert office.act(office.desk("何静"), end_sessions, person=whose).result == 2
    assert ends(person) and ends(second) and signed_in(other)


def test_a_colleague_cannot_end_them(office: Office):
    with pytest.raises(Refused):
        prepare(office.desk("孙倩"), end_sessions, person=office.post(NAME).person.uid)


def test_all_but_one_session_can_be_ended(office: Office):
    first, second = office.desk(NAME), office.desk(NAME)
    with transaction():
        assert sessions.end_all(first.person.uid, but=second.session) == 1


def test_over_https_the_cookie_is_bound_to_this_very_host(office: Office, person: Browser):
    own = settings()
    plain = person.post("/login", data={"post": office.post(NAME).uid}, follow_redirects=False)
    settings.fill(replace(own, origin="https://office.example"))
    browser = office.browser()
    browser.headers["host"] = "office.example"
    got = browser.post("/login", data={"post": office.post(NAME).uid}, follow_redirects=False)
    settings.fill(own)
    line = got.headers["set-cookie"]
    assert line.startswith("__Host-juyan_session=")
    for word in ("HttpOnly", "Path=/", "SameSite=lax", "Secure"):
        assert word in line
    assert "Domain" not in line
    assert "HttpOnly" in plain.headers["set-cookie"] and "Secure" not in plain.headers["set-cookie"]


def _of(office: Office, name: str) -> dict[str, str]:
    post = office.post(name)
    with connection():
        key = Credential.get(Credential.person == post.person.uid).uid
    return {"person": post.person.uid, "post": post.uid, "credential": key}


@pytest.mark.both
@pytest.mark.parametrize("columns", [("person", "post", "credential"), ("post",), ("delegation",)])
def test_a_session_made_another_persons_by_sql_signs_nobody_in(
    office: Office, person: Browser, columns: tuple[str, ...]
):
    other = {**_of(office, "周海涛"), "delegation": "x"}
    changes = {getattr(Session, name): other[name] for name in columns}
    with transaction():
        Session.update(changes).execute()
    assert not signed_in(person)
    assert person.login(NAME).status_code == 200 and signed_in(person)


@pytest.mark.both
def test_a_session_put_in_by_sql_signs_nobody_in(office: Office, person: Browser):
    with connection():
        mine = Session.select().order_by(Session.id.desc()).dicts().get()
    hidden = hashlib.sha256(b"chosen").hexdigest()
    with transaction():
        same = {name: value for name, value in mine.items() if name != "id"}
        Session.insert(**same | {"uid": "put-in", "token_hash": hidden}).execute()
    assert not signed_in(with_token(office, "chosen"))
    with transaction():
        Session.delete().where(Session.uid == "put-in").execute()
        Session.update(token_hash=hidden).where(Session.id == mine["id"]).execute()
    assert not signed_in(with_token(office, "chosen"))
    assert not signed_in(person)


@pytest.mark.both
def test_a_session_that_is_over_does_not_go_on_by_a_column(office: Office, person: Browser):
    desk = office.desk("何静")
    for ending in (
        lambda: person.post("/logout"),
        lambda: office.act(desk, end_sessions, person=office.post(NAME).person.uid),
        _hold,
    ):
        person.login(NAME)
        stolen = with_token(office, token_of(person))
        assert signed_in(stolen)
        ending()
        with transaction():
            Session.update(ended=None).execute()
        assert not signed_in(stolen)


def _hold() -> None:
    with transaction():
        hold.begin("restored")


@pytest.mark.both
def test_who_goes_to_another_desk_stays_signed_in(office: Office, person: Browser):
    before = token_of(person)
    person.post("/me/desk", data={"post": office.post(NAME).uid})
    assert token_of(person) != before and signed_in(person)
    assert not signed_in(with_token(office, before))
