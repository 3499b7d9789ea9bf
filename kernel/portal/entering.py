"""Coming in: a new session for a person who has proved himself, and its leaf in the log."""

from __future__ import annotations

from starlette.responses import Response

from kernel.acts.gate import do
from kernel.acts.house.presence import sign_in
from kernel.errors import OfficeError, Refused
from kernel.identity import sessions
from kernel.identity.desk import desk_of, require
from kernel.identity.models import Person, Post
from kernel.portal import cookies
from kernel.portal.ctx import Ctx, settings


def open_session(ctx: Ctx, post: Post, credential: str) -> str:
    """Begin a session in place of the browser's old one; gives its token. In a transaction."""
    return sessions.start(post, credential, instead=cookies.session_of(ctx.request))


def enter(ctx: Ctx, token: str, target: str) -> Response:
    """Note the sign-in and send the browser on with its new cookie."""
    desk = require(sessions.find(token, settings().public_origin))
    do(desk, sign_in)
    response = ctx.go_to(target)
    cookies.give(response, cookies.SESSION, token)
    cookies.give(response, cookies.UNIT, desk.organ_code, age=365 * 24 * 3600)
    return response


def first_post(person: Person) -> Post:
    """The post at which a person begins: his first one that he can work at.

    :raises Refused: ``identity.no_desk``, or why he cannot work at the only one he has.
    """
    found = sessions.posts_of(person)
    for post in found:
        try:
            desk_of(post)
        except OfficeError:
            if len(found) == 1:
                raise
            continue
        return post
    raise Refused(
        "identity.no_desk",
        f"{person.name}目前没有可以办公的岗位，请联系本单位部门管理员。",
        f"{person.name} holds no post to work at now; ask the unit's administrator.",
    )
