"""Where this portal lives: its origin, the hosts that it answers to, and what came from elsewhere.

Pure: nothing here touches the database.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from functools import lru_cache
from urllib.parse import urlsplit

from kernel.deferred import pattern
from kernel.settings import Settings
from kernel.slots import Slot

settings: Slot[Settings] = Slot("settings")
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
TOKEN = "_token"  # noqa: S105  # the name of a form field
_POST_FORM = pattern(r"<form\b[^>]*\bmethod=\"post\"[^>]*>", re.IGNORECASE)


def secure() -> bool:
    """Whether people reach the portal by https."""
    return settings().public_origin.startswith("https:")


def host_allowed(host: str) -> bool:
    """Whether a Host header names this portal: by its origin, its settings, or as loopback.

    A name that somebody else pointed at our address (DNS rebinding) is none of these.
    """
    name = _hostname(host)
    return name in LOOPBACK or name in _own_names()


def _own_names() -> frozenset[str]:
    here = settings()
    return _names_of(here.public_origin, here.host, here.hosts)


@lru_cache(maxsize=8)
def _names_of(origin: str, host: str, hosts: str) -> frozenset[str]:
    own = _hostname(urlsplit(origin).netloc)
    named = {own, host.lower(), *hosts.lower().split()}
    return frozenset(named - {"", "0.0.0.0", "::"})  # noqa: S104  # left out


@lru_cache(maxsize=64)  # asked for each request, and nearly always the same one
def _hostname(host: str) -> str:
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request that changes something came from our own pages.

    Browsers say so in Sec-Fetch-Site, which then decides alone; older ones, and all of them where
    the portal is reached by plain http, send Origin. Who sends neither needs the token of the form
    (:func:`token_due`).
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    return origin is None or _is_ours(origin, headers.get("host", ""))


def _is_ours(origin: str, host: str) -> bool:
    if origin == settings().public_origin:
        return True
    try:
        asked = urlsplit(origin).netloc
    except ValueError:
        return False
    # By its own name the portal has one scheme; http beside https would be somebody in between.
    named = _hostname(host) == _hostname(urlsplit(settings().public_origin).netloc)
    return asked == host and asked != "" and not (named and secure())


def deliberate(headers: Mapping[str, str]) -> bool:
    """Whether a person asked for it on our own pages: not another site, and no prefetch.

    Browsers that send no Sec-Fetch-Site name our page as Referer; who names none is not believed.
    """
    ahead = [headers.get(name, "") for name in ("sec-purpose", "purpose", "x-moz", "x-purpose")]
    if any("prefetch" in one or "preview" in one for one in ahead):
        return False
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    return _is_ours(_origin_of(headers.get("referer", "")), headers.get("host", ""))


def _origin_of(address: str) -> str:
    try:
        parts = urlsplit(address)
    except ValueError:
        return ""
    return f"{parts.scheme}://{parts.netloc}"


def token_for(session: str) -> str:
    """The token that the forms of a session carry: derived, so that nothing has to be stored."""
    return hashlib.sha256(b"juyan-form\0" + session.encode()).hexdigest()


def token_due(headers: Mapping[str, str], session: str) -> bool:
    """Whether a form has to carry the token: a browser that names neither site nor origin."""
    return bool(session) and "sec-fetch-site" not in headers and "origin" not in headers


def token_holds(given: object, session: str) -> bool:
    """Whether that is the token of this session."""
    return isinstance(given, str) and hmac.compare_digest(
        given.encode("utf-8", "replace"), token_for(session).encode()
    )


def with_token(html: str, session: str) -> str:
    """The page with the token in each form that is posted.

    Put in here, once for all templates, because a form that forgets it would fail in old browsers
    only, where nobody of us looks.
    """
    field = f'<input type="hidden" name="{TOKEN}" value="{token_for(session)}">'
    return _POST_FORM.sub(lambda found: found.group() + field, html)
