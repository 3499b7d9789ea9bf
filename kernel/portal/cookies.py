"""The cookies of the portal: the session's, and the sentence for the next page.

Where people come by https the names begin with ``__Host-``: browsers then take them from this very
host only, never from a neighbour of the same domain (RFC 6265bis, 4.1.3.2).
"""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from kernel.portal.origin import secure

SESSION = "juyan_session"
FLASH = "juyan_flash"
UNIT = "juyan_unit"
"""The code of the organ by whose door this browser came in last; it opens nothing."""
AGE = 12 * 3600
"""Seconds that a browser keeps the session's cookie; the server ends the session by itself."""


def name_of(plain: str) -> str:
    """The cookie's name at this origin."""
    return f"__Host-{plain}" if secure() else plain


def session_of(request: Request) -> str:
    """The session's token; empty where there is none."""
    return request.cookies.get(name_of(SESSION), "")


def give(response: Response, plain: str, value: str, age: int = AGE) -> None:
    """Set a cookie that no script reads and no other site sends along with a form."""
    response.set_cookie(
        name_of(plain),
        value,
        max_age=age,
        httponly=True,
        samesite="lax",
        secure=secure(),
        path="/",
    )


def take(response: Response, plain: str) -> None:
    """Delete a cookie."""
    response.delete_cookie(name_of(plain), path="/", httponly=True, samesite="lax", secure=secure())
