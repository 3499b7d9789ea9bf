"""Scans of what was decided on paper: taken in with a transcribed opinion, shown beside it."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kernel.api import (
    Ctx,
    Invalid,
    NotFound,
    blobs,
    canonical,
    download,
    note_reading,
    opinions,
    page,
)
from plugins.documents.models import Document
from plugins.workflow import face as workflow

_KINDS = {
    b"%PDF-": ("pdf", "application/pdf"),
    b"\x89PNG\r\n\x1a\n": ("png", "image/png"),
    b"\xff\xd8\xff": ("jpg", "image/jpeg"),
}
"""How the kinds that are taken begin; the name of a file proves nothing."""


def _kind(data: bytes) -> tuple[str, str]:
    for start, kind in _KINDS.items():
        if data.startswith(start):
            return kind
    raise Invalid(
        "documents.scan",
        "扫描件应为 PDF、PNG 或 JPG 文件，请重新选择。",
        "The scan has to be a PDF, PNG or JPG file; choose another one.",
        field="scan",
    )


def keep(ctx: Ctx, document: Document, files: list[Any]) -> str:
    """Store the scan that was sent, and give its digest; nothing for none.

    Only for who transcribes at the step that the document is at: of anybody else the digest alone
    goes on to the gate, which refuses it, and nothing is left on the disk.
    """
    if not files:
        return ""
    data = files[0].file.read()
    _kind(data)
    acting = ctx.desk.acting
    if acting is None or acting.kind != "transcribe" or not workflow.can_act(ctx.desk, document):
        return canonical.digest(data)
    return blobs().put(data)


@page("/out/{uid}/scans/{digest}", name="scan", level="documents.view")
def scan_page(ctx: Ctx, uid: str, digest: str) -> Response:
    """The scan beside an opinion on this document, to download."""
    document = ctx.get(Document, uid)
    if digest not in {one.scan for one in opinions.on(document) if one.scan}:
        raise NotFound(
            "documents.no_scan",
            "没有这个扫描件，或者您无权查看。请从公文页面重新打开。",
            "There is no such scan for you; open it again from the page of its document.",
        )
    ctx.require_deliberate()
    note_reading(ctx.desk, f"scan {digest[7:19]}")
    data = blobs().get(digest)
    ending, kind = _kind(data)
    return download(data, f"{document.label()} 签批页.{ending}", kind)
