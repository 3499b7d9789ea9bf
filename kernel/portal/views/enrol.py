"""Registering one's own key: with the code that an administrator told, before any sign-in."""

from __future__ import annotations

import json

from starlette.responses import Response

from kernel.errors import OfficeError, Unavailable
from kernel.identity import credentials, enrolments
from kernel.identity.authenticators import BrowserAuthenticator, authenticators
from kernel.identity.models import Enrolment, Person
from kernel.portal.asking import Ask
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.storage.database import transaction


def enrol(ctx: Ctx) -> Response:
    """The code; then the key; then the short code to tell the administrator.

    What is kept here has no weight: two administrators decide whether the key is his.
    """
    code = str(ctx.form.get("code", ""))[:40] if ctx.posted else ""
    if not ctx.posted:
        return _show(ctx, code)
    try:
        with transaction():
            slot = enrolments.by_code(code)
            if ctx.form.get("answer"):
                return _done(ctx, slot)
    except OfficeError as error:
        return _again(ctx, code, error)
    return _ask(ctx, slot, code)


def _again(ctx: Ctx, code: str, error: OfficeError) -> Response:
    """Say what was wrong; where the code still holds, let the key be tried again."""
    wrong = error.text(ctx.language)
    try:
        slot = enrolments.by_code(code)
    except OfficeError:
        return _show(ctx, code, wrong)
    return _ask(ctx, slot, code, wrong)


def _ask(ctx: Ctx, slot: Enrolment, code: str, wrong: str = "") -> Response:
    with transaction():
        challenge = enrolments.begin(slot)
    method, person = _method(slot), Person.get(Person.uid == slot.person)
    known = credentials.in_use(person.uid, slot.kind)
    options = method.creation(person.uid, person.name, challenge, known)
    ask = Ask(method.template, "create", json.dumps(options))
    return _show(ctx, code, wrong, ask=ask, person=person, slot=slot)


def _done(ctx: Ctx, slot: Enrolment) -> Response:
    answer = str(ctx.form.get("answer", ""))
    key = _method(slot).register(answer, enrolments.challenge_of(slot))
    enrolments.offer(slot, key)
    person = Person.get(Person.uid == slot.person)
    return _show(ctx, "", person=person, short=credentials.short_code(key.public_key))


def _method(slot: Enrolment) -> BrowserAuthenticator:
    method = authenticators().in_browser(slot.kind)
    if method is None:
        raise Unavailable(
            "keys.none",
            "本平台现在不能登记这种插件，请联系系统管理员。",
            "This node cannot register that kind of key now; ask its administrator.",
        )
    return method


def _show(
    ctx: Ctx,
    code: str,
    wrong: str = "",
    *,
    ask: Ask | None = None,
    person: Person | None = None,
    slot: Enrolment | None = None,
    short: str = "",
) -> Response:
    with speaking(ctx.language):
        title = _("登记我的插件")
    return ctx.render(
        "account/enrol.html",
        status=403 if wrong else 200,
        title=title,
        code=code,
        wrong=wrong,
        ask=ask,
        person=person,
        slot=slot,
        short=short,
    )
