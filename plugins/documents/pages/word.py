"""A Word file becomes a draft: uploaded, looked at, and only then stored."""

from __future__ import annotations

import json
from typing import Any

from starlette.responses import Response

from kernel.api import Attachment, Ctx, Invalid, OfficeError, _, page, speaking, stale_form
from plugins.documents import elements, word
from plugins.documents.acts.versions import content_of
from plugins.documents.acts.writing import save
from plugins.documents.models import Document
from plugins.documents.pages.forms import WordFileForm, WordForm
from plugins.documents.pages.words import offered
from plugins.workflow import face as workflow


@page(
    "/out/{uid}/word",
    name="word",
    level="documents.draft",
    methods=("GET", "POST"),
    weight="draft",
)
def word_page(ctx: Ctx, uid: str) -> Response:
    """The upload; then what was recognised; then, accepted, the draft in the editor."""
    document = ctx.get(Document, uid)
    workflow.require(ctx.desk, document, "draft")
    with speaking(ctx.language):
        if ctx.posted and ctx.form.get("do") == "accept":
            return _accept(ctx, document)
        form, status = WordFileForm(ctx.form), 200
        if ctx.posted:
            try:
                return _review(ctx, document, form)
            except OfficeError as error:
                form.refuse(error)
                status = error.status
        return ctx.render(
            "documents/word_file.html",
            status=status,
            title=_("导入 Word 稿"),
            item=document,
            form=form,
        )


def _review(ctx: Ctx, document: Document, form: WordFileForm) -> Response:
    if not form.validate():
        raise Invalid(
            "documents.word_file", "请选择要导入的文件。", "Choose the file to take over."
        )
    sent = form.file.data[0]
    data = sent.file.read(word.LARGEST + 1)
    found = word.read(data, str(sent.filename), ctx.desk.organ, offered())
    content = {**content_of(document), **found.found}
    values = {name: content[name] for name in ("title", "type", "main_text", "annotation")}
    values |= {name: content[name] for name in ("urgency", "disclosure")}
    asked = WordForm(
        None,
        data={
            **values,
            "version": str(document.version),
            "body": "\n".join(content["body"]),
            "attachments": json.dumps(found.attachments, ensure_ascii=False),
        },
    )
    return _shown(
        ctx,
        document,
        asked,
        found.attachments,
        chosen=(content["main"], found.found.get("cc", document.cc)),
        told=found.told,
        name=str(sent.filename),
    )


def _shown(
    ctx: Ctx,
    document: Document,
    form: WordForm,
    attached: list[dict[str, Any]],
    *,
    chosen: tuple[list[str], list[str]],
    told: list[str],
    name: str = "",
    status: int = 200,
) -> Response:
    names = offered()
    return ctx.render(
        "documents/word.html",
        status=status,
        title=_("核对导入的内容"),
        item=document,
        form=form,
        attached=attached,
        main=[(value, names.get(value, value)) for value in chosen[0]],
        cc=chosen[1],
        told=told,
        name=name,
        replaced=bool(document.body),
    )


def _accept(ctx: Ctx, document: Document) -> Response:
    form = WordForm(ctx.form)
    attached = _attached(form)
    names = offered()
    main = [value for value in map(str, ctx.form.getlist("main")) if value in names]
    cc = [str(value) for value in ctx.form.getlist("cc")]
    told = [str(one) for one in ctx.form.getlist("told")]
    error: OfficeError | None = None
    if form.validate():
        try:
            return _store(ctx, document, form, attached, main, cc)
        except OfficeError as refused:
            error = refused
            form.refuse(refused)
    fresh = ctx.get(Document, document.uid)
    form.version.data = str(fresh.version)
    return _shown(
        ctx,
        fresh,
        form,
        attached,
        chosen=(main, cc),
        told=told,
        status=error.status if error else 422,
    )


def _attached(form: WordForm) -> list[dict[str, Any]]:
    """The attachments that came along with the form.

    :raises Invalid: ``documents.word_form``, or what is wrong with one of them.
    """
    try:
        found = json.loads(form.attachments.data or "[]")
        for one in found:
            Attachment.from_json(one)
    except (ValueError, TypeError, AttributeError, KeyError, RecursionError) as error:
        raise Invalid(
            "documents.word_form",
            "表单内容不完整，请重新导入文件。",
            "The form is not complete; take the file over again.",
        ) from error
    return list(found)


def _store(
    ctx: Ctx,
    document: Document,
    form: WordForm,
    attached: list[dict[str, Any]],
    main: list[str],
    cc: list[str],
) -> Response:
    if form.version.data != str(document.version):
        raise stale_form(document)
    kept = {str(one) for one in ctx.form.getlist("keep")}
    more = [one for n, one in enumerate(attached) if str(n) in kept]
    content = content_of(document)
    for name in ("title", "type", "main_text", "annotation", "urgency", "disclosure"):
        content[name] = getattr(form, name).data or ""
    content["body"] = [line.strip() for line in (form.body.data or "").split("\n") if line.strip()]
    content |= {"main": main, "cc": cc, "attachments": [*document.attachments, *more]}
    content["main_text"] = content["main_text"] or elements.recipients_line(main)
    content["attachment_note"] = [str(one.get("title", "")) for one in content["attachments"]]
    ctx.do(save, document, expect=document.version, content=content)
    ctx.say(_("已存入草稿，请继续核对、修改。"))
    return ctx.go("documents:edit", uid=document.uid)
