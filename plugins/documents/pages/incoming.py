"""One registered document: its pages, its seal, its receipts."""

from __future__ import annotations

from starlette.responses import Response

from kernel.api import (
    Ctx,
    Delivery,
    _,
    evidence_of,
    page,
    page_images,
    report_of,
    seal_line,
    speaking,
    star_of,
    tasks,
    url,
)
from plugins.documents.acts.receiving import read
from plugins.documents.models import Incoming


@page("/in/{uid}", name="incoming", level="documents.view")
def incoming_page(ctx: Ctx, uid: str) -> Response:
    """The document as it was received, with the proof that it is genuine."""
    found = ctx.get(Incoming, uid)
    delivery = ctx.get(Delivery, found.delivery)
    package = delivery.package
    body = "" if delivery.state == "recalled" else package.body
    with speaking(ctx.language):
        return ctx.render(
            "documents/incoming.html",
            title=found.title,
            item=found,
            star=star_of(ctx, found),
            delivery=delivery,
            seal=seal_line(report_of(package)),
            pages=page_images(body, found.title, "delivery", delivery.uid),
            evidence=evidence_of(package, organ=found.organ),
            unread=ctx.desk.has("documents.receive")
            and tasks.open_for(ctx.desk, found) is not None,
        )


@page(
    "/in/{uid}/read",
    name="read",
    level="documents.receive",
    methods=("POST",),
    weight="recorded",
)
def read_page(ctx: Ctx, uid: str) -> Response:
    """Note that the office has read it."""
    ctx.do(read, ctx.get(Incoming, uid))
    with speaking(ctx.language):
        ctx.say(_("已阅，不再提醒。"))
    return ctx.go_to(ctx.onward(url("documents:incoming", uid=uid)))
