"""Signing in and out, the desk in use, how pages look, feedback."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from starlette.responses import Response

from kernel.acts.house.presence import sign_out
from kernel.errors import OfficeError, Refused
from kernel.identity import sessions
from kernel.identity.authenticators import authenticators
from kernel.identity.models import Credential, Person, Post, Unit
from kernel.identity.phases import connected
from kernel.portal import cookies
from kernel.portal.ctx import Ctx, settings
from kernel.portal.entering import enter, open_session
from kernel.portal.i18n import _, speaking
from kernel.portal.urls import safe_path
from kernel.portal.views.key_login import log_in, to_log_in
from kernel.storage.database import transaction


def _choices(text: str) -> list[dict[str, Any]]:
    """The people of the demo, the named ones first, found by name, post, unit or pinyin."""
    query = (
        Post.select(Post, Person, Unit)
        .join(Person)
        .switch(Post)
        .join(Unit)
        .where(Post.active & Person.active)
        .order_by(Post.rank, Unit.rank, Post.id)
    )
    if text:
        query = query.where(
            Person.name.contains(text)
            | Post.title.contains(text)
            | Unit.name.contains(text)
            | Person.pinyin.contains(text.lower())
        )
    rows = []
    for post in query.limit(60):
        unit = post.unit if post.unit.is_organ else Unit.by_code(post.unit.organ)
        rows.append({"post": post, "organ": unit, "open": connected(unit)})
    return rows


def login(ctx: Ctx) -> Response:
    """Sign in with a key; on a demo node also by choosing a person whose soft key lives here."""
    target = safe_path(str((ctx.form or ctx.query).get("next", "/")))
    wrong = ""
    if not ctx.posted and ctx.desk_or_none is not None and "next" in ctx.query:
        # Another tab signed an act meanwhile, which gave this browser a new session token.
        return ctx.go_to(target)
    if ctx.posted:
        try:
            if ctx.form.get("answer"):
                return log_in(ctx, target)
            return _start(ctx, str(ctx.form.get("post", "")), target)
        except OfficeError as error:
            wrong = error.text(ctx.language)
    text = ctx.query.get("q", "").strip()[:50]
    return ctx.render(
        "account/login.html",
        status=403 if wrong else 200,
        title=_login_title(ctx),
        rows=_choices(text) if settings().demo else [],
        text=text,
        who=str(ctx.form.get("who", "")) if ctx.posted else "",
        target=target,
        wrong=wrong or _why_out(ctx),
        ask=to_log_in(),
        notice=ctx.look.notice,
    )


def _why_out(ctx: Ctx) -> str:
    """The sentence for who was just thrown out: his key was revoked."""
    revoked = sessions.revoked(cookies.session_of(ctx.request))
    return revoked.text(ctx.language) if revoked is not None else ""


def _login_title(ctx: Ctx) -> str:
    with speaking(ctx.language):
        return _("登录")


def _start(ctx: Ctx, post_uid: str, target: str) -> Response:
    post = Post.get_or_none(Post.uid == post_uid)
    soft = authenticators().get("soft")
    if post is None or soft is None or not settings().demo:
        raise Refused(
            "identity.no_login",
            "不能这样登录。请插入安全认证插件，或在演示环境中选择一个人员。",
            "You cannot sign in this way. Use your key, or choose a person on a demo node.",
        )
    credential = Credential.get_or_none(
        (Credential.person == post.person.uid)
        & (Credential.kind == "soft")
        & Credential.revoked.is_null()
    )
    if credential is None:
        raise Refused(
            "keys.revoked",
            f"{post.person.name}的安全认证插件已停用，请联系信息化工作办公室换发。",
            f"The key of {post.person.name} was revoked; ask for another one.",
        )
    with transaction():
        token = open_session(ctx, post, credential.uid)
    return enter(ctx, token, target)


def logout(ctx: Ctx) -> Response:
    """Sign out."""
    ctx.do(sign_out)
    with transaction():
        sessions.end(cookies.session_of(ctx.request))
    with speaking(ctx.language):
        ctx.say(_("已退出登录。继续办公请重新登录；公用电脑请同时关闭浏览器。"))
    response = ctx.go("login")
    cookies.take(response, cookies.SESSION)
    return response


def switch(ctx: Ctx) -> Response:
    """Go on at another post of the same person, or at the desk of whoever delegated to him."""
    kind, _colon, uid = str(ctx.form.get("post", "")).rpartition(":")
    with transaction():
        token = (sessions.move_to if kind == "delegation" else sessions.move)(ctx.desk, uid)
    with speaking(ctx.language):
        # Not as something done: what was typed at that desk still waits for its form.
        ctx.say(_("已切换办公身份，以下是该身份的事项。"), "info")
    response = ctx.go("home")
    cookies.give(response, cookies.SESSION, token)
    return response


def display(ctx: Ctx) -> Response:
    """Choose the size of the text and the language; kept for the person and in a cookie."""
    size, language = ctx.form.get("size"), ctx.form.get("language")
    response = ctx.go_to(safe_path(str(ctx.form.get("next", "/"))))
    if size in ("normal", "large"):
        response.set_cookie("size", size, max_age=31536000, samesite="lax")
    if language in ("zh", "en"):
        response.set_cookie("lang", language, max_age=31536000, samesite="lax")
    if ctx.desk_or_none is not None:
        person = ctx.desk.person
        with transaction():
            Person.update(
                text_size=size if size in ("normal", "large") else person.text_size,
                language=language if language in ("zh", "en") else person.language,
            ).where(Person.id == person.id).execute()
    return response


def me(ctx: Ctx) -> Response:
    """Who am I: person, posts, rights, key."""
    with speaking(ctx.language):
        title = _("我的")
    return ctx.render("account/me.html", title=title, posts=sessions.posts_of(ctx.desk.person))


def feedback(ctx: Ctx) -> Response:
    """Whom to tell what could be better: its plugin, or a sentence where that is off."""
    if "feedback" in ctx.plugins:
        came = urlsplit(ctx.request.headers.get("referer", ""))
        return ctx.go(
            "feedback:mine", place=came.path if came.netloc == ctx.request.url.netloc else ""
        )
    with speaking(ctx.language):
        title = _("意见建议")
    return ctx.render("account/feedback.html", title=title)
