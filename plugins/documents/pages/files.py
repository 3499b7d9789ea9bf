"""The pages of a document as images, as text and as a file."""

from __future__ import annotations

import base64
import json
from functools import lru_cache

from starlette.responses import Response

from kernel.api import (
    Ctx,
    NotFound,
    PageImage,
    Sheet,
    Typeset,
    _,
    blobs,
    canonical,
    download,
    image_answer,
    note_reading,
    page,
    speaking,
    url,
    workshop,
)
from plugins.documents.models import Document
from plugins.documents.sheets import sheet_of

PREVIEW_SCALE = 1.25
"""Enough to read on the screen; a preview carries its images inside the page."""


@lru_cache(maxsize=8)
def _typeset(sheet: str) -> Typeset:
    return workshop().typeset(Sheet.from_json(json.loads(sheet)))


def typeset_draft(document: Document) -> Typeset:
    """A document as it would look now; kept for a while, because its pages are asked for singly."""
    return _typeset(json.dumps(sheet_of(document).to_json(), sort_keys=True))


def pdf_of(document: Document) -> bytes:
    """The sealed file, else the final one, else the draft typeset as it is."""
    digest = document.sealed or document.pdf
    return blobs().get(digest) if digest else typeset_draft(document).pdf


def images(document: Document) -> list[PageImage]:
    """The pages of a stored document."""
    made = None if document.pdf else typeset_draft(document)
    count = document.pages if made is None else made.pages
    # The look of a draft changes with the letterhead, too, and browsers keep the pictures.
    drawn = canonical.digest(made.pdf) if made is not None else document.sealed or document.pdf
    mark = drawn[7:19]
    return [
        PageImage(
            url("documents:page", uid=document.uid, number=number, v=mark),
            alt=_("第 %(n)s 页，共 %(m)s 页", n=number, m=count),
        )
        for number in range(1, count + 1)
    ]


def preview_images(made: Typeset) -> list[PageImage]:
    """The pages of what is being typed: nothing of it is stored, so the images travel along."""
    found = []
    for number in range(1, made.pages + 1):
        png = workshop().page_image(made.pdf, number, PREVIEW_SCALE)
        found.append(PageImage("data:image/png;base64," + base64.b64encode(png).decode("ascii")))
    return found


@page("/out/{uid}/pages/{number:int}", name="page", level="documents.view")
def page_image(ctx: Ctx, uid: str, number: int) -> Response:
    """One page as an image."""
    document = ctx.get(Document, uid)
    data = _image(document.sealed or document.pdf, number) if document.pdf else None
    data = data or workshop().page_image(typeset_draft(document).pdf, number)
    return image_answer(ctx.request, data, "image/png")


@lru_cache(maxsize=128)
def _image(digest: str, number: int) -> bytes:
    return workshop().page_image(blobs().get(digest), number)


@page("/out/{uid}/document.pdf", name="pdf", level="documents.view")
def pdf_file(ctx: Ctx, uid: str) -> Response:
    """The sealed or final PDF, to download; drafts have none."""
    document = ctx.get(Document, uid)
    digest = document.sealed or document.pdf
    if not digest:
        raise NotFound(
            "documents.no_file",
            "此件还没有版式文件。编号、排版后可以下载。",
            "There is no fixed-layout file yet; it is made after the numbering.",
        )
    ctx.require_deliberate()
    note_reading(ctx.desk, f"documents/{uid}.pdf")
    name = f"{document.number} {document.title}".strip()
    return download(blobs().get(digest), f"{name}.pdf", "application/pdf")


@page("/out/{uid}/text", name="text", level="documents.view")
def text_page(ctx: Ctx, uid: str) -> Response:
    """The text of the pages, for screen readers and small screens."""
    document = ctx.get(Document, uid)
    pages = workshop().page_text(pdf_of(document))
    with speaking(ctx.language):
        return ctx.render(
            "documents/text.html",
            title=_("文本：%(title)s", title=document.label()),
            item=document,
            pages=pages,
        )
