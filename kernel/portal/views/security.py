"""One's own keys, open sessions and latest acts: whoever watches them notices a stranger."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kernel.acts.house.presence import end_session
from kernel.acts.models import Act
from kernel.acts.verbs import verbs
from kernel.errors import OfficeError
from kernel.identity import sessions
from kernel.identity.models import Credential, Post, Session
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.page import Message
from kernel.portal.urls import url
from kernel.portal.views.keys import shown

LATEST = 20


def security_page(ctx: Ctx) -> Response:
    """My keys, my sessions, what was done in my name."""
    mine = Credential.select().where(Credential.person == ctx.desk.person.uid)
    with speaking(ctx.language):
        return ctx.render(
            "account/security.html",
            title=_("登录与安全"),
            keys=[shown(row) for row in mine.order_by(Credential.id.desc())],
            sessions=[_session(ctx, row) for row in sessions.open_of(ctx.desk.person.uid)],
            acts=_acts(ctx),
        )


def _session(ctx: Ctx, row: Session) -> dict[str, Any]:
    post = Post.get_or_none(Post.uid == row.post)
    where = f"{post.unit.short_name} {post.title}" if post is not None else ""
    return {"row": row, "where": where, "here": row.uid == ctx.desk.session}


def _acts(ctx: Ctx) -> list[dict[str, Any]]:
    rows = Act.select(Act.verb, Act.at, Act.weight).where(Act.person == ctx.desk.person.uid)
    return [
        {
            "title": verbs().title_of(row.verb, ctx.language),
            "at": row.at,
            "signed": row.weight == "signed",
        }
        for row in rows.order_by(Act.id.desc()).limit(LATEST)
    ]


def end_page(ctx: Ctx) -> Response:
    """End one of my other sessions."""
    try:
        ctx.do(end_session, session=str(ctx.form.get("session", "")))
    except OfficeError as error:
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go_to(url("security"))
    with speaking(ctx.language):
        ctx.say(_("已结束那次登录。"))
    return ctx.go_to(url("security"))
