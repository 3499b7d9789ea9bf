"""Challenges of the login page: random, for one browser, one use and two minutes."""

from __future__ import annotations

import hashlib
import secrets
from datetime import timedelta

from kernel.crypto import canonical
from kernel.crypto.ids import now
from kernel.errors import Conflict
from kernel.identity.models import LoginChallenge

LIFETIME = timedelta(minutes=2)


def _hash(browser: str) -> str:
    return hashlib.sha256(browser.encode()).hexdigest()


def new(browser: str, person: str = "") -> bytes:
    """A challenge for this browser; an earlier one of it no longer counts.

    :param browser: the random token in the cookie that the browser has before it signs in.
    :param person: whose keys are asked; empty where any may answer.
    """
    value, mine = secrets.token_bytes(32), LoginChallenge.browser_hash == _hash(browser)
    LoginChallenge.delete().where(mine | (LoginChallenge.expires < now())).execute()
    LoginChallenge.create(
        value=canonical.b64(value),
        browser_hash=_hash(browser),
        person=person,
        expires=now() + LIFETIME,
    )
    return value


def take(browser: str) -> tuple[bytes, str]:
    """Use the browser's challenge up, whatever comes of it, and give it with its person.

    Commit this before anything else is looked at, so that a wrong answer uses it up, too.

    :raises Conflict: ``keys.challenge``: used, too late, or another browser's.
    """
    mine = LoginChallenge.browser_hash == _hash(browser)
    row = LoginChallenge.get_or_none(mine & (LoginChallenge.expires >= now()))
    used = LoginChallenge.delete().where(LoginChallenge.id == row.id).execute() if row else 0
    if row is None or used != 1:
        raise Conflict(
            "keys.challenge",
            "登录请求已过期（两分钟内有效）或已用过，请重新点击登录。",
            "This request to sign in ran out (it holds for two minutes) or was used; press the "
            "button again.",
        )
    return canonical.unb64(row.value), str(row.person)
