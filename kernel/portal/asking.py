"""Asking a person's key: what a page needs for it, and the signature that comes back.

Soft keys of a demo sign on the server, nothing is asked; keys that speak to the browser draw their
piece of the form (``BrowserAuthenticator.template``), which posts the field ``answer``.
"""

from __future__ import annotations

import json
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from kernel.errors import Refused
from kernel.identity import credentials, sessions
from kernel.identity.authenticators import Signature, authenticators
from kernel.portal import cookies
from kernel.portal.ctx import Ctx
from kernel.storage.database import transaction

PATIENCE = 110
"""Seconds that a page waits for a key: a confirmation holds for two minutes."""


class Ask(Struct, frozen=True):
    """What the template of an authenticator is drawn with, as ``ask``.

    :ivar action: ``get`` (sign) or ``create`` (register). :ivar options: JSON for the browser.
    :ivar source: where the script fetches the options first, instead.
    """

    template: str
    action: str
    options: str = ""
    source: str = ""


def to_sign(ctx: Ctx, data: bytes) -> Ask | None:
    """What a page needs that lets this desk sign the bytes; None where the server signs."""
    facts = credentials.active(ctx.desk.credential, ctx.desk.person.uid)
    method = authenticators().in_browser(facts["kind"])
    if method is None:
        return None
    options = method.request(method.challenge(data), [facts], seconds=PATIENCE)
    return Ask(method.template, "get", json.dumps(options))


def signature_over(ctx: Ctx, data: bytes) -> Signature:
    """The desk's signature over the bytes: the one that was posted, or made on the server.

    :raises Refused: ``acts.no_signature``, and as :func:`kernel.identity.credentials.active`.
    :raises Unverified: the answer of the key is malformed.
    """
    facts: dict[str, Any] = credentials.active(ctx.desk.credential, ctx.desk.person.uid)
    answer = str(ctx.form.get("answer", ""))
    browser = authenticators().in_browser(facts["kind"])
    if browser is not None and answer:
        return browser.signature(answer)
    method = authenticators().get(facts["kind"])
    signature = method.sign(ctx.desk.credential, data) if method else None
    if signature is None:
        raise Refused(
            "acts.no_signature",
            "没有收到安全认证插件的签名，请插好插件后重试。",
            "No signature of your key arrived; please try again with it.",
        )
    return signature


def renewed(ctx: Ctx, response: Response) -> Response:
    """Give the browser a new session token: the person has just proved himself anew."""
    with transaction():
        token = sessions.renew(ctx.desk)
    cookies.give(response, cookies.SESSION, token)
    return response
