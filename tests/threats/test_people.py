"""Rows 1 to 6: sessions, keys, replays, other units, side channels, administrators."""

from __future__ import annotations

import random
from datetime import timedelta

from kernel.acts.gate import perform, prepare
from kernel.acts.house.grants import grant
from kernel.acts.house.keys import revoke_key
from kernel.crypto.ids import now, set_clock
from kernel.exchange.models import Delivery, Package
from kernel.identity.models import Grant, Post, Session
from kernel.identity.rights import rights
from kernel.portal import cookies
from kernel.portal.app import register
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser, Office
from plugins.documents.models import Document
from tests.threats.attacks import a_grant, attempt, code, key_of, signed_in, with_token
from tests.webauthn.conftest import issue as issue_key
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
    moment = now() + timedelta(minutes=31)
    try:
        set_clock(lambda: moment)
        assert not signed_in(browser)
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
    waiting = a_grant(office, desk)
    signature = office.sign(desk, waiting)
    system = office.desk("杨帆")
    office.act(system, revoke_key, credential=desk.credential, reason="遗失")
    assert attempt(desk, waiting, signature) == "keys.revoked"


def test_row_03_replayed_challenge(office: Office):
    """One prepared act, performed a hundred times: once. Not in another session, not later."""
    desk, again = office.desk("何静"), office.desk("何静")
    stolen = a_grant(office, desk, "孙倩")
    assert attempt(again, stolen, office.sign(desk, stolen)) == "acts.used"
    prepared = a_grant(office, desk)
    signature = office.sign(desk, prepared)
    answers = [attempt(desk, prepared, signature) for _ in range(100)]
    assert answers == ["", *["acts.used"] * 99]
    late = a_grant(office, desk, "孙倩")
    signature = office.sign(desk, late)
    moment = now() + timedelta(minutes=3)
    try:
        set_clock(lambda: moment)
        assert attempt(desk, late, signature) == "acts.used"
    finally:
        set_clock(None)


def test_row_04_another_units_objects(office: Office):
    """Nobody reaches a page without its level, nor an object of another unit by its address."""
    outsider = office.browser()
    outsider.login("陈静")
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
    assert [(path, outsider.get(path).status_code) for path in paths] == [(p, 404) for p in paths]
    assert code(lambda: prepare(office.desk("陈静"), _sign_for(), delivery)) == "acts.not_found"
    desk = office.desk("陈静")
    closed = [
        path
        for path, route in register(office.node.routes)
        if "." in route.level and not desk.has(route.level) and "GET" in route.methods
    ]
    assert len(closed) > 3
    for path in closed:
        address = path.replace("{uid}", "x").replace("{name}", "x").replace("{number:int}", "1")
        assert outsider.get(address).status_code == 403, path


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
    desk = type(office_desk)(**{**vars(office_desk), "post": admin, "levels": rights_of(admin)})
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
