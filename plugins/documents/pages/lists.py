"""The two lists: what this organ issues, what it received."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kernel.api import (
    Column,
    Ctx,
    Filter,
    ListSpec,
    Sort,
    Tab,
    _,
    _l,
    from_query,
    page,
    speaking,
    url,
)
from plugins.documents import elements
from plugins.documents.models import DISCARDED, SENT, Document, Incoming
from plugins.documents.pages.words import state_name

TABS = {"doing": _l("在办"), "drafts": _l("待发（草稿）"), "sent": _l("已发出"), "all": _l("全部")}
_SHOWN = (
    *(Document.id, Document.uid, Document.title, Document.number, Document.type, Document.state),
    *(Document.claim, Document.urgency, Document.drafter_name, Document.unit_name),
    Document.changed,
)
_TYPES = Filter("type", _l("文种"), tuple(elements.TYPES.items()), _l("全部文种"))


def _out_spec() -> ListSpec:
    return ListSpec(
        title=_l("发文办理"),
        columns=(
            Column("title", _l("标题"), "title", value=lambda row: row.label()),
            Column("state", _l("环节"), "tag", value=state_name),
            Column("drafter_name", _l("拟稿人"), "person"),
            Column("changed", _l("更新时间"), "time"),
        ),
        sorts=(
            Sort("new", _l("按更新时间"), "changed", descending=True, field=Document.changed),
            Sort("begun", _l("按起草时间"), "id", descending=True, field=Document.id),
        ),
        default_sort="new",
        filters=(_TYPES,),
        search_hint=_l("按标题、文号、拟稿人查找"),
        empty=_l("还没有发文。起草的公文会出现在这里。"),
        href=lambda row: url("documents:document", uid=row.uid),
        meta=lambda row: " · ".join(
            part for part in (row.number, _(row.type), row.unit_name) if part
        ),
        tags=lambda row: (row.urgency,) if row.urgency else (),
    )


def _in_tab(tab: str) -> Any:  # a peewee condition
    return {
        "doing": Document.state.not_in(["draft", SENT, DISCARDED]),
        "drafts": Document.state == "draft",
        "sent": Document.state == SENT,
    }.get(tab, Document.state != DISCARDED)


@page("/out", name="out", level="documents.view")
def out_page(ctx: Ctx) -> Response:
    """What this organ issues: in hand, drafts, sent."""
    asked = ctx.query.get("tab", "doing")
    tab = asked if asked in TABS else "doing"
    here = url("documents:out")
    with speaking(ctx.language):
        spec = _out_spec()
        fetch = from_query(
            Document.select(*_SHOWN).where(Document.visible(ctx.desk) & _in_tab(tab)),
            spec,
            ident=Document.uid,
            filters={"type": lambda value: Document.type == value},
            search=lambda text: (
                Document.title.contains(text)
                | Document.number.contains(text)
                | Document.drafter_name.contains(text)
            ),
        )
        return ctx.show_list(
            "documents/out.html",
            spec,
            fetch,
            here,
            tabs=[Tab(str(name), f"{here}?tab={key}", key == tab) for key, name in TABS.items()],
            may_draft=ctx.desk.has("documents.draft"),
        )


def _in_spec() -> ListSpec:
    return ListSpec(
        title=_l("收文办理"),
        columns=(
            Column("title", _l("标题"), "title"),
            Column("number", _l("收文号")),
            Column("received", _l("登记时间"), "time"),
        ),
        sorts=(Sort("new", _l("按登记时间"), "id", descending=True, field=Incoming.id),),
        default_sort="new",
        filters=(_TYPES,),
        search_hint=_l("按标题、文号、来文单位查找"),
        empty=_l("还没有收文。签收的公文会自动登记在这里。"),
        href=lambda row: url("documents:incoming", uid=row.uid),
        meta=lambda row: " · ".join(p for p in (row.source_number, row.sender_name) if p),
        tags=lambda row: (row.urgency,) if row.urgency else (),
    )


@page("/in", name="in", level="documents.view")
def in_page(ctx: Ctx) -> Response:
    """What this organ signed for and registered."""
    with speaking(ctx.language):
        spec = _in_spec()
        fetch = from_query(
            Incoming.select().where(Incoming.visible(ctx.desk)),
            spec,
            ident=Incoming.uid,
            filters={"type": lambda value: Incoming.type == value},
            search=lambda text: (
                Incoming.title.contains(text)
                | Incoming.number.contains(text)
                | Incoming.source_number.contains(text)
                | Incoming.sender_name.contains(text)
            ),
        )
        return ctx.show_list("documents/in.html", spec, fetch, url("documents:in"))
