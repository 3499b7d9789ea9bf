"""The attachments of a draft: texts, tables, generated lists of units, blank forms."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kernel.api import Ctx, Invalid, OfficeError, UnitGroup, _, page, speaking, url, whole
from plugins.documents import attachments, elements
from plugins.documents.acts.writing import save
from plugins.documents.models import Document
from plugins.documents.pages.forms import PHASES, AttachmentForm
from plugins.workflow import face as workflow


def _form(posted: object, document: Document) -> AttachmentForm:
    form = AttachmentForm(posted, data={"version": str(document.version)})
    groups = [(one.name, one.name) for one in UnitGroup.select().order_by(UnitGroup.id)]
    form.group.choices = [(value, str(label)) for value, label in PHASES] + groups
    form.blank.choices = [("", _("请选择")), *((name, name) for name in attachments.forms())]
    return form


@page(
    "/out/{uid}/attachments",
    name="attachments",
    level="documents.draft",
    methods=("GET", "POST"),
    weight="draft",
)
def attachments_page(ctx: Ctx, uid: str) -> Response:
    """What is attached, and a form for one more."""
    document = ctx.get(Document, uid)
    workflow.require(ctx.desk, document, "draft")
    with speaking(ctx.language):
        form, status = _form(ctx.form, document), 200
        if ctx.posted:
            try:
                return _add(ctx, document, form)
            except OfficeError as error:
                form.refuse(error)
                status = error.status
        return ctx.render(
            "documents/attachments.html",
            status=status,
            title=_("附件"),
            item=document,
            form=form,
        )


def _add(ctx: Ctx, document: Document, form: AttachmentForm) -> Response:
    if not form.validate():
        raise Invalid(
            "documents.attachment",
            "附件没有添加。请按各栏的提示改正后再提交。",
            "Nothing was added yet; correct what the fields say and send it again.",
        )
    made = _made(form)
    if not made["title"]:
        raise Invalid(
            "documents.attachment_title",
            "请填写附件名称。",
            "Please give the attachment a name.",
            field="title",
        )
    _store(ctx, document, [*document.attachments, made])
    ctx.say(_("已添加附件：%(name)s", name=made["title"]))
    return ctx.go("documents:attachments", uid=document.uid)


def _made(form: AttachmentForm) -> dict[str, Any]:
    title, text, kind = form.title.data or "", form.text.data or "", form.kind.data
    if kind == "form":
        return attachments.forms().get(form.blank.data or "", {"title": ""})
    if kind == "units":
        chosen = form.group.data or ""
        if phase := whole(chosen):
            return attachments.unit_list(title, phase=phase)
        return attachments.unit_list(title, group=chosen)
    for file in form.file.data or []:
        return _from_file(title, kind, file)
    if kind == "table":
        return attachments.table(title, text)
    return attachments.text(title, text)


def _from_file(title: str, kind: str, file: Any) -> dict[str, Any]:
    data = file.file.read(attachments.LARGEST + 1)
    if str(file.filename).lower().endswith((".xlsx", ".csv")):
        kind = "table"  # whatever stands above it: such a file is nothing else
    name = title or str(file.filename).rpartition(".")[0][:100]
    return attachments.from_file(name, kind, str(file.filename), data)


def _store(ctx: Ctx, document: Document, found: list[dict[str, Any]]) -> None:
    content = {name: getattr(document, name) for name in elements.names()}
    content["attachments"] = found
    content["attachment_note"] = [one["title"] for one in found]
    ctx.do(save, document, content=content)


@page(
    "/out/{uid}/attachments/remove",
    name="detach",
    level="documents.draft",
    methods=("POST",),
    weight="draft",
)
def remove_page(ctx: Ctx, uid: str) -> Response:
    """Take an attachment away, or move it up."""
    document = ctx.get(Document, uid)
    index = whole(str(ctx.form.get("number", "")))
    found = list(document.attachments)
    # By its title as well: another window may have taken away one that stood before it.
    if index is not None and index < len(found) and ctx.form.get("title") == found[index]["title"]:
        one = found.pop(index)
        if ctx.form.get("do") == "up":
            found.insert(max(index - 1, 0), one)
        _store(ctx, document, found)
        with speaking(ctx.language):
            moved = ctx.form.get("do") == "up"
            said = _("已上移：%(title)s", title=one["title"])
            ctx.say(said if moved else _("已删除附件：%(title)s", title=one["title"]))
    else:
        with speaking(ctx.language):
            ctx.say(_("附件已有变化，没有办理，请核对后再试。"), "warn")
    return ctx.go_to(url("documents:attachments", uid=uid))
