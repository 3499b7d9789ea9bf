"""Signing in with a key that speaks to the browser."""

from __future__ import annotations

import secrets

from starlette.responses import JSONResponse, Response

from kernel.errors import Invalid, Unavailable
from kernel.identity import challenges, credentials
from kernel.identity.authenticators import BrowserAuthenticator, authenticators
from kernel.identity.models import Person
from kernel.portal import cookies
from kernel.portal.asking import PATIENCE, Ask
from kernel.portal.ctx import Ctx
from kernel.portal.entering import enter, first_post, open_session
from kernel.portal.urls import url
from kernel.storage.database import transaction

BROWSER = "juyan_login"
"""The cookie to which a login challenge is bound, before there is a session."""
_SAME_NAME = 10


def to_log_in() -> Ask | None:
    """What the login page needs to ask a key; None where the node has no such keys."""
    method = authenticators().in_browser()
    return None if method is None else Ask(method.template, "get", source=url("login_challenge"))


def _method() -> BrowserAuthenticator:
    method = authenticators().in_browser()
    if method is None:
        raise Unavailable(
            "keys.none",
            "本平台没有安装安全认证插件的支持，请联系系统管理员。",
            "This node does not work with security keys; ask its administrator.",
        )
    return method


def login_challenge(ctx: Ctx) -> Response:
    """The options for the browser's key, as JSON; the challenge is bound to this browser.

    Without a name any key may answer that keeps its holder itself; with one, his keys.
    """
    method, name = _method(), str(ctx.form.get("who", "")).strip()[:50]
    people = _named(name) if name else []
    browser = secrets.token_urlsafe(32)
    statements = [said for one in people for said in credentials.in_use(one, method.kind)]
    with transaction():
        value = challenges.new(browser, " ".join(people))
    response = JSONResponse(method.request(value, statements, seconds=PATIENCE))
    cookies.give(response, BROWSER, browser, age=120)
    return response


def _named(name: str) -> list[str]:
    query = Person.select().where(((Person.name == name) | (Person.uid == name)) & Person.active)
    people = [str(one.uid) for one in query.limit(_SAME_NAME)]
    if not people:
        raise Invalid(
            "identity.no_such_person",
            f"没有叫“{name}”的人员，请检查姓名。",
            f"Nobody here is called {name!r}; check the name.",
            field="who",
        )
    return people


def log_in(ctx: Ctx, target: str) -> Response:
    """Check the answer of the key and open a session for its holder.

    :raises OfficeError: what is wrong with it, and what to do.
    """
    method = _method()
    with transaction():
        challenge, asked = challenges.take(ctx.request.cookies.get(cookies.name_of(BROWSER), ""))

    def keys_of(person: str) -> list[dict[str, object]]:
        people = [person] if person else asked.split()
        return [said for one in people for said in credentials.in_use(one, method.kind)]

    with transaction():
        statement = method.recognise(str(ctx.form.get("answer", "")), challenge, keys_of)
        person = Person.get(Person.uid == statement["person"])
        token = open_session(ctx, first_post(person), statement["credential"])
    response = enter(ctx, token, target)
    cookies.take(response, BROWSER)
    return response
