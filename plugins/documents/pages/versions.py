"""The versions of a document, and what changed between two of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from kernel.api import Ctx, NotFound, _, local, page, speaking, url
from plugins.documents.acts import versions
from plugins.documents.acts.writing import outgoing
from plugins.documents.comparing import compare
from plugins.documents.models import Document, Version
from plugins.documents.pages.sheet import forms_for, show

NOW = "now"


class Row(Struct, frozen=True):
    """One version as the list shows it."""

    key: str
    name: str
    action: str
    person: str
    at: datetime
    content: dict[str, Any]


def rows_of(document: Document, language: str) -> list[Row]:
    """The versions, the newest first; above them what stands there now, where that differs."""
    kept = versions.all_of(document)
    found = [_row(one, language) for one in kept]
    present = versions.content_of(document)
    if not kept or kept[-1].content != present:
        at = local(document.changed)
        found.append(Row(NOW, _("现在的稿子"), "", document.drafter_name, at, present))
    return found[::-1]


def _row(one: Version, language: str) -> Row:
    step = outgoing().step(one.step).name(language)
    action = _("%(step)s：退回", step=step) if one.action == "back" else step
    name = _("第%(n)s稿", n=one.number)
    return Row(str(one.number), name, action, one.person, local(one.at), one.content)


@page("/out/{uid}/versions", name="versions", level="documents.view")
def versions_page(ctx: Ctx, uid: str) -> Response:
    """The versions that were kept, with a form that asks what changed between two."""
    document = ctx.get(Document, uid)
    with speaking(ctx.language):
        rows = rows_of(document, ctx.language)
        return show(ctx, document, forms_for(ctx, document), tab="versions", versions=rows)


@page("/out/{uid}/compare", name="compare", level="documents.view")
def compare_page(ctx: Ctx, uid: str) -> Response:
    """花脸稿: what came is underlined, what went is struck through; ``a`` is the older version."""
    document = ctx.get(Document, uid)
    with speaking(ctx.language):
        rows = {row.key: row for row in rows_of(document, ctx.language)}
        keys = list(rows)
        b = ctx.query.get("b") or keys[0]
        a = ctx.query.get("a") or keys[min(1, len(keys) - 1)]
        if a not in rows or b not in rows:
            raise NotFound(
                "documents.no_version",
                "没有这一稿，请从版本列表中选择。",
                "There is no such version; choose one from the list.",
            )
        if keys.index(a) < keys.index(b):
            a, b = b, a
        return ctx.render(
            "documents/compare.html",
            title=_("花脸稿"),
            item=document,
            rows=list(rows.values()),
            before=rows[a],
            after=rows[b],
            changed=compare(rows[a].content, rows[b].content),
            here=url("documents:compare", uid=uid),
        )
