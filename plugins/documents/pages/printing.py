"""The handling sheet on paper, to be kept with the file: elements, opinions, handwriting."""

from __future__ import annotations

from starlette.responses import Response

from kernel.api import Ctx, Unit, _, note_reading, now, page, speaking
from plugins.documents.models import Document
from plugins.documents.pages.sheet import cells_of
from plugins.documents.pages.words import state_name
from plugins.documents.sheets import day_text
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
            issued=day_text(document.issued),
            cells=cells_of(document),
            history=workflow.timeline(document),
            state=state_name(document),
            moment=now(),
        )
