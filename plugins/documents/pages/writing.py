"""Drafting: choose a type, write with a live preview, save, submit."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from starlette.responses import Response

from kernel.api import (
    Ctx,
    OfficeError,
    Stale,
    _,
    conflict,
    keeping,
    page,
    speaking,
    stale_form,
    url,
)
from plugins.documents import checking, elements
from plugins.documents.acts import versions
from plugins.documents.acts.writing import draft, save, shortcomings, submit
from plugins.documents.models import Document
from plugins.documents.pages.files import images, preview_images, typeset_draft
from plugins.documents.pages.forms import DraftForm, NewForm, content_from, draft_form
from plugins.documents.pages.sheet import returned
from plugins.documents.relations import relations
from plugins.workflow import face as workflow

NEEDED = ("title", "main", "body", "disclosure", "disclosure_reason")
"""What has to be filled in before a draft is submitted."""


@page("/out/new", name="new", level="documents.draft", methods=("GET", "POST"), weight="draft")
def new_page(ctx: Ctx) -> Response:
    """Choose the type; the document is begun with it."""
    form, status = NewForm(ctx.form, data={"type": "通知"}), 200
    with speaking(ctx.language):
        if ctx.posted and form.validate():
            try:
                content = elements.empty(form.type.data, ctx.desk.organ)
                content["title"] = f"{ctx.desk.organ.name}关于的{form.type.data}"
                made = ctx.do(draft, content=content)
                return ctx.go("documents:edit", uid=made.uid)
            except OfficeError as error:
                form.refuse(error)
                status = error.status
        elif ctx.posted:
            status = 422
        return ctx.render("documents/new.html", status=status, title=_("起草公文"), form=form)


@page(
    "/out/{uid}/edit",
    name="edit",
    level="documents.draft",
    methods=("GET", "POST"),
    weight="recorded",
)
def edit_page(ctx: Ctx, uid: str) -> Response:
    """The editor. Saving weighs nothing, submitting is recorded."""
    document = ctx.get(Document, uid)
    with speaking(ctx.language):
        form = draft_form(ctx.desk, document, ctx.form)
        if not ctx.posted:
            workflow.require(ctx.desk, document, "draft")
            return _editor(ctx, document, form)
        if keeping(ctx):
            return _editor(ctx, document, form)
        if not form.validate():
            return _editor(ctx, document, form, 422)
        try:
            return _take(ctx, document, form)
        except Stale:
            document, seen = ctx.get(Document, uid), str(form.version.data)
            latest = draft_form(ctx.desk, document)
            fresh = url("documents:edit", uid=uid)
            return conflict(ctx, document, seen, form, latest, fresh=fresh)
        except OfficeError as error:
            form.refuse(error)
            document = ctx.get(Document, uid)
            # With the present version, so that a second try is made knowingly.
            form.version.data = str(document.version)
            return _editor(ctx, document, form, error.status)


def _take(ctx: Ctx, document: Document, form: DraftForm) -> Response:
    _store(ctx, document, form)
    if ctx.form.get("do") == "attach":
        return ctx.go("documents:attachments", uid=document.uid)
    if ctx.form.get("do") != "submit":
        ctx.say(_("已保存。"))
        return ctx.go("documents:edit", uid=document.uid)
    stored = ctx.get(Document, document.uid)
    if wrong := list(shortcomings(ctx.desk, stored)):
        return _all_told(ctx, stored, form, wrong)
    ctx.do(submit, stored, next_post=form.next_post.data or "")
    names = "、".join(one.name for one in workflow.who_acts_now(document))
    ctx.say(_("已送核，下一步：%(names)s。对方打开前可撤回。", names=names))
    return ctx.go("documents:document", uid=document.uid)


def _all_told(ctx: Ctx, document: Document, form: DraftForm, wrong: list[OfficeError]) -> Response:
    """All at once: a drafter who mends one thing must not be told of the next only then."""
    for error in wrong:
        form.refuse(error)
    form.version.data = str(document.version)
    return _editor(ctx, document, form, wrong[0].status)


def _store(ctx: Ctx, document: Document, form: DraftForm) -> None:
    """The same text twice is no conflict: a browser that went back, or was left while it saved by
    itself, never saw the first answer."""
    content = content_from(form, document)
    if content == versions.content_of(document):
        workflow.require(ctx.desk, document, "draft")
        return
    if form.version.data != str(document.version):
        raise stale_form(document)
    ctx.do(save, document, expect=document.version, content=content)


@page(
    "/out/{uid}/autosave",
    name="autosave",
    level="documents.draft",
    methods=("POST",),
    weight="draft",
)
def autosave_page(ctx: Ctx, uid: str) -> Response:
    """Save while typing: no page, only the new version for the form that goes on."""
    document = ctx.get(Document, uid)
    with speaking(ctx.language):
        form = draft_form(ctx.desk, document, ctx.form)
        if not form.validate():
            return Response(status_code=422)
        _store(ctx, document, form)
    version = str(ctx.get(Document, uid).version)
    return Response(status_code=204, headers={"x-version": version})


@page(
    "/out/{uid}/preview",
    name="preview",
    level="documents.draft",
    methods=("POST",),
    weight="draft",
)
def preview_page(ctx: Ctx, uid: str) -> Response:
    """The pages of what stands in the form now, with what the rules say. Nothing is stored."""
    document = ctx.get(Document, uid)
    with speaking(ctx.language):
        form = draft_form(ctx.desk, document, ctx.form)
        wrong = [] if form.validate() else form.errors_summary
        try:
            content = content_from(form, document)
            elements.check(content)
        except OfficeError as error:
            form.refuse(error)
            return ctx.render("documents/preview.html", wrong=form.errors_summary, **_nothing())
        typed = Document(organ=document.organ, uid=document.uid, **content)
        return ctx.render("documents/preview.html", wrong=wrong, **_preview(ctx, typed, content))


def _nothing() -> dict[str, Any]:
    empty: dict[str, Any] = {"pages": [], "findings": [], "beside": {}, "blank": False}
    return {**empty, "fallbacks": (), "missing": ()}


def _by_field(hits: list[checking.Finding]) -> dict[str, list[checking.Finding]]:
    """The findings of each field, the severe first."""
    ordered = sorted(hits, key=lambda hit: hit.field)
    return {field: list(found) for field, found in groupby(ordered, lambda hit: hit.field)}


def _preview(ctx: Ctx, typed: Document, content: elements.Content) -> dict[str, Any]:
    hits = _findings(ctx, content)
    told = {"findings": hits, "beside": _by_field(hits), "blank": not content["body"]}
    try:
        made = typeset_draft(typed)
    except OfficeError as error:
        return {**_nothing(), **told, "wrong": [("", error.text(ctx.language))]}
    return {
        **told,
        "pages": preview_images(made),
        "fallbacks": made.fallbacks,
        "missing": made.missing,
    }


def _findings(ctx: Ctx, content: elements.Content) -> list[checking.Finding]:
    organ = ctx.desk.organ
    found = relations(organ.code, content["main"], content["cc"])
    hits = checking.check(content, (organ.name, organ.short_name), found)
    if content["body"]:
        return hits
    # The title of a form that was just opened still waits for its subject: that is no mistake yet.
    return [hit for hit in hits if hit.rule != "R46A"]


def _editor(ctx: Ctx, document: Document, form: DraftForm, status: int = 200) -> Response:
    content = content_from(form, document)
    hits = _findings(ctx, content)
    for name in NEEDED:
        field: Any = form[name]
        field.must = True  # as it is drawn: a draft is saved without them, too
    return ctx.render(
        "documents/edit.html",
        status=status,
        title=_("编辑公文"),
        item=document,
        form=form,
        beside=_by_field(hits),
        findings=hits,
        blank=not content["body"],
        returned=returned(document),
        preview=url("documents:preview", uid=document.uid),
        autosave=url("documents:autosave", uid=document.uid),
        **_first_preview(document),
    )


def _first_preview(document: Document) -> dict[str, Any]:
    """The stored document, whose pages the browser asks for singly."""
    told: dict[str, Any] = {"pages": [], "fallbacks": (), "missing": (), "wrong": []}
    try:
        made = typeset_draft(document)
    except OfficeError:
        return told
    shown = {"fallbacks": made.fallbacks, "missing": made.missing}
    return {**told, "pages": images(document), **shown}
