"""What can be done on the page of a document: each verb behind one address."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.responses import Response

from kernel.api import (
    Ctx,
    Form,
    Invalid,
    NotFound,
    OfficeError,
    Stale,
    _,
    conflict,
    keeping,
    page,
    rest_day_note,
    speaking,
    stale_form,
    url,
)
from plugins.documents.acts import approving, issuing, sealing, writing
from plugins.documents.models import Document
from plugins.documents.pages import scans
from plugins.documents.pages.sheet import Forms, forms_for, show
from plugins.documents.relations import relations
from plugins.documents.sheets import fix_layout
from plugins.workflow import face as workflow

Run = Callable[[Ctx, Document, Forms], Response]


@page(
    "/out/{uid}/actions/{verb}",
    name="act",
    level="documents.view",
    methods=("POST",),
    weight="signed",
)
def act_page(ctx: Ctx, uid: str, verb: str) -> Response:
    """Do it, or show what has to be signed first. A refusal comes back with what was typed."""
    document = ctx.get(Document, uid)
    run = _RUNS.get(verb)
    if run is None:
        raise NotFound(
            "documents.no_act",
            "没有这个操作。请返回公文页面，从页面上的按钮重新办理。",
            "There is no such action; go back to the document and use the buttons on its page.",
        )
    with speaking(ctx.language):
        forms = forms_for(ctx, document, ctx.form)
        if keeping(ctx):
            return show(ctx, document, forms)
        try:
            _same_version(ctx, document)
            if verb in _TYPED and not _TYPED[verb](forms).validate():
                return show(ctx, document, forms, 422)
            return run(ctx, document, forms)
        except Stale:
            seen = str(ctx.form.get("version", ""))
            typed = forms.back if verb == "send_back" else forms.opinion
            return conflict(ctx, ctx.get(Document, uid), seen, typed, fresh=_back(document))
        except OfficeError as error:
            document = ctx.get(Document, uid)
            fresh = forms_for(ctx, document, ctx.form)
            _tell(fresh, verb, error, str(document.version))
            return show(ctx, document, fresh, error.status)


def _same_version(ctx: Ctx, document: Document) -> None:
    if str(ctx.form.get("version", "")) != str(document.version):
        raise stale_form(document)


def _tell(forms: Forms, verb: str, error: OfficeError, version: str) -> None:
    """Put the refusal where it belongs; a second try is made knowing the present version."""
    form = {"send_back": forms.back, "dispatch": forms.sending}.get(verb, forms.opinion)
    form.refuse(error)
    for one in forms.every:
        one.version.data = version


def _back(document: Document) -> str:
    return url("documents:document", uid=document.uid)


def _said(ctx: Ctx, document: Document, forms: Forms) -> dict[str, Any]:
    form = forms.opinion
    return {
        "opinion": form.opinion.data,
        "ink": form.ink.data or "",
        "next_post": form.next_post.data or "",
        "scan": scans.keep(ctx, document, form.scan.data or []),
    }


def _gone_on(ctx: Ctx, document: Document, *, back: bool = False) -> Response:
    names = "、".join(one.name for one in workflow.who_acts_now(document))
    step = workflow.current(document)
    title = step.name(ctx.language) if step is not None else ""
    text = (
        _("已退回，现在“%(step)s”：%(names)s。", step=title, names=names)
        if back
        else _("已办理，下一步“%(step)s”：%(names)s。", step=title, names=names)
    )
    here = _back(document)
    onward = ctx.onward(here)
    # Elsewhere than on its own page it has to be said which one of several it was.
    ctx.say_done(text if onward == here else f"{text}{document.label()}", onward)
    return ctx.go_to(onward)


def _review(ctx: Ctx, document: Document, forms: Forms) -> Response:
    ctx.do(approving.review, document, **_said(ctx, document, forms))
    return _gone_on(ctx, document)


def _office_review(ctx: Ctx, document: Document, forms: Forms) -> Response:
    ctx.do(approving.office_review, document, **_said(ctx, document, forms))
    return _gone_on(ctx, document)


def _sign_off(ctx: Ctx, document: Document, forms: Forms) -> Response:
    return ctx.sign(
        approving.sign_off,
        document,
        back=ctx.onward(_back(document)),
        **_said(ctx, document, forms),
    )


def _send_back(ctx: Ctx, document: Document, forms: Forms) -> Response:
    form = forms.back
    said = {"reason": form.reason.data, "ink": form.reason_ink.data or ""}
    ctx.do(approving.send_back, document, to=form.to.data or "", **said)
    return _gone_on(ctx, document, back=True)


def _assign_number(ctx: Ctx, document: Document, forms: Forms) -> Response:
    free = issuing.next_number(document)
    back = _back(document)
    return ctx.sign(issuing.assign_number, document, back=back, number=str(free), seq=free.value)


def _typeset(ctx: Ctx, document: Document, forms: Forms) -> Response:
    if not forms.declared.checked.data:
        raise Invalid(
            "documents.r39",
            "请先核对页面，并勾选“已核对”，再送用印。",
            "Look at the pages first and tick that you did.",
        )
    upward = bool(relations(document.organ, document.main, document.cc).upward)
    ctx.do(issuing.typeset, document, **fix_layout(document, upward=upward))
    return _gone_on(ctx, document)


def _seal(ctx: Ctx, document: Document, forms: Forms) -> Response:
    given = sealing.seal_arguments(document)
    return ctx.sign(sealing.seal, document, back=_back(document), **given)


def _dispatch(ctx: Ctx, document: Document, forms: Forms) -> Response:
    form = forms.sending
    if not form.validate():
        raise Invalid(
            "documents.until",
            "签收时限写得不对，请改正后再提交。",
            "The deadline cannot be taken as it is; correct it and send it again.",
        )
    until = form.until.data.isoformat() if form.until.data else ""
    if form.until.data and (note := rest_day_note(form.until.data)):
        ctx.say(note, "warn")
    package = ctx.do(issuing.plan_dispatch, document, until=until)
    document = ctx.get(Document, document.uid)
    return ctx.sign(
        issuing.dispatch,
        document,
        back=_back(document),
        package=package.uid,
        envelope=package.digest(),
        sealed=document.sealed,
    )


def _discard(ctx: Ctx, document: Document, forms: Forms) -> Response:
    ctx.do(writing.discard, document)
    ctx.say(_("草稿已作废。"))
    return ctx.go("documents:out")


def _withdraw(ctx: Ctx, document: Document, forms: Forms) -> Response:
    ctx.do(writing.withdraw, document)
    ctx.say(_("已撤回，可以修改后重新送核。"))
    return ctx.go("documents:edit", uid=document.uid)


_RUNS: dict[str, Run] = {
    "review": _review,
    "office_review": _office_review,
    "sign_off": _sign_off,
    "send_back": _send_back,
    "assign_number": _assign_number,
    "typeset": _typeset,
    "seal": _seal,
    "dispatch": _dispatch,
    "discard": _discard,
    "withdraw": _withdraw,
}
_TYPED: dict[str, Callable[[Forms], Form]] = {
    "review": lambda forms: forms.opinion,
    "office_review": lambda forms: forms.opinion,
    "sign_off": lambda forms: forms.opinion,
    "send_back": lambda forms: forms.back,
}
"""The form of what is typed for a step: too long, or with signs that cannot be signed, it is shown
again."""
