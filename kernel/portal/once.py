"""Forms that can be sent again: a double click or a retry shows the result of the first time.

What is sent with the same token (:mod:`kernel.portal.form_tokens`) and the same content is the same
intention; changed content, or the form drawn anew, is another one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from starlette.datastructures import UploadFile
from starlette.responses import Response

from kernel.acts import answers
from kernel.acts.models import Answer
from kernel.errors import OfficeError
from kernel.portal.ctx import Ctx
from kernel.portal.form_tokens import FIELD
from kernel.portal.i18n import _, speaking
from kernel.portal.items import href_of
from kernel.portal.urls import url


def once(ctx: Ctx, view: Callable[[], Response]) -> Response:
    """Answer a request; one that was answered before is sent where the first one was."""
    form = _form_of(ctx)
    if form is None:
        return view()
    before = answers.find(form)
    if before is not None:
        return _again(ctx, before)
    try:
        with answers.sent_with(form):
            response = view()
    except (OfficeError, answers.Answered):
        before = _elsewhere(form)
        if before is None:
            raise
        return _again(ctx, before)
    if form.taken and response.status_code == 303:
        answers.leads_to(form, response.headers["location"])
    elif (before := _elsewhere(form)) is not None:
        return _again(ctx, before)
    return response


def _elsewhere(form: answers.Form) -> Answer | None:
    """After a refusal: what the same form did in another process meanwhile. What it did here counts
    for nothing then, so that it may be sent again."""
    if form.taken:
        answers.forget(form)
        return None
    return answers.find(form)


def _form_of(ctx: Ctx) -> answers.Form | None:
    """The form that a person sent from a page; None for what scripts send while he types."""
    token = ctx.form.get(FIELD, "") if ctx.posted and ctx.form is not None else ""
    typed = ctx.request.headers.get("sec-fetch-mode", "navigate") == "navigate"
    if not token or not typed or ctx.partial or ctx.desk_or_none is None:
        return None
    said = hashlib.sha256(f"{ctx.desk.session}\n{ctx.path}\n".encode())
    for name, value in ctx.form.multi_items():
        said.update(f"{name}\n{_digest(value)}\n".encode())
    return answers.Form(said.hexdigest(), ctx.desk.session)


def _digest(value: str | UploadFile) -> str:
    if isinstance(value, str):
        return hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
    value.file.seek(0)
    found = hashlib.sha256(value.file.read()).hexdigest()
    value.file.seek(0)
    return f"{value.filename} {found}"


def _again(ctx: Ctx, before: Answer) -> Response:
    with speaking(ctx.language):
        ctx.say(_("刚才的提交已经办理，没有重复办理。"), "info")
    fallback = href_of(before.kind, before.subject) if before.kind else url("home")
    return ctx.go_to(before.place or fallback)
