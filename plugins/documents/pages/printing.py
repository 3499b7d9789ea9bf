"""On paper: the handling sheet with its opinions, to be kept with the file; and the pages."""

from __future__ import annotations

from starlette.responses import Response

from kernel.api import Ctx, Unit, _, note_reading, now, page, speaking, url
from plugins.documents.models import Document
from plugins.documents.pages.files import images
from plugins.documents.pages.sheet import cells_of
from plugins.documents.pages.words import issued_on, state_name
from plugins.workflow import face as workflow


@page("/out/{uid}/print", name="print", level="documents.view")
def print_page(ctx: Ctx, uid: str) -> Response:
    """One sheet as it stands now. That it was taken out of the system is noted."""
    document = ctx.get(Document, uid)
    if ctx.deliberate:
        note_reading(ctx.desk, f"打印：{uid}")
    with speaking(ctx.language):
        return ctx.render(
            "documents/print.html",
            title=_("处理单：%(title)s", title=document.label()),
            item=document,
            organ=Unit.by_code(document.organ),
            issued=issued_on(document),
            cells=cells_of(document),
            history=workflow.timeline(document),
            state=state_name(document),
            moment=now(),
        )


@page("/out/{uid}/print/body", name="print_body", level="documents.view")
def print_body_page(ctx: Ctx, uid: str) -> Response:
    """The pages as they stand now, sealed or not. That they were taken out is noted, too."""
    document = ctx.get(Document, uid)
    if ctx.deliberate:
        note_reading(ctx.desk, f"打印正文：{uid}")
    with speaking(ctx.language):
        return ctx.render(
            "layout/print_pages.html",
            title=_("打印：%(title)s", title=document.label()),
            of=document.label(),
            pages=images(document),
            back=f"{url('documents:document', uid=uid, tab='body')}#paper",
            pdf=url("documents:pdf", uid=uid) if document.pdf else "",
            moment=now(),
        )
