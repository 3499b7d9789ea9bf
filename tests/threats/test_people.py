"""Rows 1 to 6: sessions, keys, replays, other units, side channels, administrators."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from msgspec.structs import replace
from starlette.routing import Route

from kernel.acts.gate import perform, prepare
from kernel.acts.house.grants import grant
from kernel.acts.house.keys import revoke_key
from kernel.acts.house.presence import end_sessions
from kernel.acts.models import Proposal
from kernel.crypto import canonical
from kernel.crypto.ids import now, set_clock
from kernel.exchange.models import Delivery, Package
from kernel.identity.models import Grant, Person, Post, Session
from kernel.identity.rights import ROLES, rights
from kernel.portal import cookies
from kernel.portal.app import pages_of, register
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser, Office
from plugins.documents.models import Document
from tests.threats.attacks import a_grant, attempt, code, key_of, signed_in, with_token
from tests.webauthn.conftest import issue as issue_key
from tests.webauthn.conftest import nonce_of
from tests.webauthn.token import Token


def token_of(browser: Browser) -> str:
    """What the server gave last, beside what was planted."""
    return [one.value or "" for one in browser.cookies.jar if one.name == cookies.SESSION][-1]


def test_row_01_stolen_session_cookie(office: Office):
    """Planted, old and ended tokens are worth nothing; the database holds no usable one."""
    browser = with_token(office, "planted-by-somebody")
    browser.login("林晓梅")
    token = token_of(browser)
    assert token != "planted-by-somebody" and len(token) >= 43
    assert signed_in(with_token(office, token))
    with connection():
        stored = {row.token_hash for row in Session.select()}
    assert token not in stored
    browser.login("王芳")
    assert not signed_in(with_token(office, token))
    token = token_of(browser)
    browser.post("/logout")
    assert not signed_in(with_token(office, token))
    browser.login("王芳")
    token = token_of(browser)
    security = office.desk("何静")
    office.act(security, revoke_key, credential=key_of(office, "王芳"), reason="遗失")
    assert not signed_in(with_token(office, token))
    browser.login("孙倩")
    with at(minutes=31):
        assert not signed_in(browser)
    with transaction():
        Session.update(seen=now() + timedelta(hours=13)).execute()
    with at(hours=13):
        assert not signed_in(browser)
    browser.login("杨帆")
    before = token_of(browser)
    browser.post("/acts/confirm", data={"nonce": nonce_of(ask_for_the_next_phase(browser))})
    after = token_of(browser)
    assert after != before, "it is another one once he has proved himself anew"
    assert not signed_in(with_token(office, before))
    assert signed_in(with_token(office, after))
    browser.login("孙倩")
    office.act(security, end_sessions, person=office.post("孙倩").person.uid)
    assert answer(browser) == 401
    browser.login("孙倩")
    with transaction():
        Person.update(active=False).where(Person.name == "孙倩").execute()
    assert answer(browser) == 401


def ask_for_the_next_phase(browser: Browser) -> str:
    """The page on which an administrator signs what he proposes."""
    page = browser.get("/admin/rollout").text
    hidden = dict(re.findall(r'name="(once|phase)" value="([^"]+)"', page))
    return browser.post("/admin/rollout", data=hidden).text


def answer(browser: Browser) -> int:
    """What a form of this browser is answered with."""
    return browser.post("/documents/out/new", data={}, follow_redirects=False).status_code


@contextmanager
def at(**later: float) -> Iterator[None]:
    """Set the clock forward meanwhile."""
    moment = now() + timedelta(**later)
    set_clock(lambda: moment)
    try:
        yield
    finally:
        set_clock(None)


def test_row_02_stolen_usb_key(office: Office):
    """A session signs nothing by itself, a revoked key nothing from that moment on."""
    holder = issue_key(office, "何静", Token())
    holder.token.flags = 1  # touched, but whoever found it does not know its PIN
    found = holder.desk()
    prepared = a_grant(office, found)
    assert attempt(found, prepared, holder.sign(prepared)) == "webauthn.verification"
    desk = office.desk("何静")
    assert attempt(desk, a_grant(office, desk), None) == "acts.unsigned"
    other = a_grant(office, desk)
    assert attempt(desk, a_grant(office, desk), office.sign(desk, other)) != ""
    holder.token.flags = 5
    late = a_grant(office, found, "孙倩")
    signature = holder.sign(late)
    with at(minutes=3):
        assert attempt(found, late, signature) == "acts.used"
    invented = {"challenge": canonical.b64(bytes(32)).rstrip("=")}
    entering = {"answer": holder.token.get(invented), "next": "/"}
    assert office.browser().post("/login", data=entering).status_code >= 400
    thief = office.browser()
    thief.login("杨帆")
    page = ask_for_the_next_phase(thief)
    waiting = a_grant(office, desk)
    signature = office.sign(desk, waiting)
    system = office.desk("杨帆")
    office.act(system, revoke_key, credential=desk.credential, reason="遗失")
    assert attempt(desk, waiting, signature) == "keys.revoked"
    holder.act(revoke_key, credential=system.credential, reason="遗失")
    thief.post("/acts/confirm", data={"nonce": nonce_of(page)})
    with connection():
        assert Proposal.select().where(Proposal.verb == "house.advance").count() == 0


REPLAYS = 1000


def test_row_03_replayed_challenge(office: Office):
    """One prepared act, performed a thousand times: once. Not in another session, not later, not
    for another document; and a login is taken once as well."""
    desk, again = office.desk("何静"), office.desk("何静")
    stolen = a_grant(office, desk, "孙倩")
    assert attempt(again, stolen, office.sign(desk, stolen)) == "acts.used"
    prepared = a_grant(office, desk)
    signature = office.sign(desk, prepared)
    assert attempt(desk, a_grant(office, desk, "孙倩"), signature) not in ("", "acts.used")
    accepted = 0
    for _ in range(REPLAYS):
        answer = attempt(desk, prepared, signature)
        accepted += answer == ""
        assert accepted == 1 and answer in ("", "acts.used")
    late = a_grant(office, desk, "孙倩")
    signature = office.sign(desk, late)
    with at(minutes=3):
        assert attempt(desk, late, signature) == "acts.used"
    holder, entering = issue_key(office, "周海涛", Token()), office.browser()
    options = entering.post("/login/challenge", data={"who": ""}).json()
    said = {"answer": holder.token.get(options), "next": "/"}
    assert entering.post("/login", data=said).status_code == 200 and signed_in(entering)
    entering.post("/logout")
    again_ = [entering.post("/login", data=said).status_code for _ in range(20)]
    assert min(again_) >= 400 and not signed_in(entering)


def test_row_04_another_units_objects(office: Office):
    """Nobody, in whatever role, reaches a page without its level, nor an object of another unit by
    its address. Every act × role × unit: ``tests/kernel/test_register.py``."""
    with connection():
        document, package = Document.get(), Package.get()
        delivery = Delivery.get(Delivery.organ == "620700-GFIN")
    paths = [
        f"/documents/out/{document.uid}",
        f"/documents/out/{document.uid}/document.pdf",
        f"/exchange/outbox/{package.uid}",
        f"/exchange/inbox/{delivery.uid}",
        f"/files/delivery/{delivery.uid}/document.pdf",
    ]
    outsider, cells = office.browser(), 0
    outsider.headers["accept"] = "application/json"
    for role in ROLES:
        with transaction():
            Post.update(roles=[role]).where(Post.uid == office.post("陈静").uid).execute()
        outsider.login("陈静")
        desk = office.desk("陈静")
        for path in paths:
            assert outsider.get(path).status_code in (403, 404), (role, path)
        refusal = code(lambda d=desk: prepare(d, _sign_for(), delivery))
        assert refusal == "acts.not_found", (role, refusal)
        for path, route in register(office.node.routes):
            if "." in route.level and route.level not in desk.levels and "GET" in route.methods:
                address = re.sub(r"\{\w+\}", "x", re.sub(r"\{\w+:int\}", "1", path))
                assert outsider.get(address).status_code == 403, (role, path)
                cells += 1
    assert cells > 100
    with pytest.raises(ValueError, match="not made with page"):
        pages_of({"x": [Route("/undeclared", lambda _: None)]})  # type: ignore[list-item]  # that


def _sign_for() -> object:
    from kernel.exchange.inbound import sign_for

    return sign_for


def test_row_05_search_and_lists_of_others(office: Office):
    """A word that only one organ's draft holds is found there, and nowhere else."""
    canary = "金丝雀暗语"
    from plugins.documents.line import issue
    from tests.exchange.notice import NOTICE

    done = issue(NOTICE | {"title": f"中共张掖市委办公室关于{canary}的通知"}, until="submit")
    drafter, outsider = office.browser(), office.browser()
    drafter.login("林晓梅")
    outsider.login("刘志强")
    assert done.document in drafter.get("/search", params={"q": "金丝雀"}).text
    answers = [outsider.get("/search", params={"q": canary[:n]}).text for n in range(1, 6)]
    answers += [
        outsider.get(path).text
        for path in ("/", "/tasks", "/documents/out", "/documents/in", "/exchange/outbox")
    ]
    exported = outsider.get("/documents/out", params={"export": "csv"}).text
    assert [text for text in [*answers, exported] if done.document in text] == []
    assert [text for text in [*answers[5:], exported] if canary in text] == []


def test_row_06_malicious_department_admin(office: Office):
    """Whatever a unit's administrator tries, nobody holds more by it than he could give."""
    luck = random.Random(6)
    with transaction():
        own = office.post("孙倩")
        admin = Post.create(person=own.person, unit=own.unit, title="管理", roles=["unit_admin"])
        posts = list(Post.select())
        before = {post.uid: rights().of(post) for post in posts}
    office_desk = office.desk("孙倩")
    desk = replace(office_desk, post=admin, levels=rights_of(admin))
    levels = sorted(rights().levels)
    for _ in range(60):
        target, level = luck.choice(posts), luck.choice(levels)
        code(lambda t=target, v=level: perform_grant(office, desk, t.uid, v))
    with connection():
        assert Grant.select().count() > 0
        for post in posts:
            gained = rights().of(post) - before[post.uid]
            assert gained <= desk.levels, (post.title, gained)
            assert not gained or post.unit.organ == "620700-CPCO"
            assert not gained or post.person.uid != desk.person.uid


def rights_of(post: Post) -> frozenset[str]:
    with connection():
        return rights().of(post)


def perform_grant(office: Office, desk: object, post: str, level: str) -> None:
    prepared = prepare(desk, grant, post=post, level=level, given=True)  # type: ignore[arg-type]  # a Desk
    perform(desk, prepared, office.sign(desk, prepared))  # type: ignore[arg-type]  # a Desk
