"""Search over everything that this desk may see."""

from __future__ import annotations

from functools import reduce
from operator import and_
from typing import NamedTuple

import peewee
from starlette.responses import Response

from kernel.exchange.models import Delivery
from kernel.identity.models import Unit
from kernel.plugins.bus import bus
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.frame import drawable
from kernel.portal.i18n import _, speaking
from kernel.portal.items import href_of
from kernel.portal.page import MenuItem
from kernel.portal.pinyin import spelled
from kernel.portal.urls import url
from kernel.portal.views.boxes import state_of, tags_of
from kernel.storage import search as index

MOST = 20
MEANT = 6
"""So many units are offered for a few letters."""
_UNSETTLED = ("delivered", "returned", "recalled", "failed")


class Waiting(NamedTuple):
    """A delivery that is in no index. :ivar state: in words."""

    row: Delivery
    href: str
    state: str
    tags: list[str]


def search(ctx: Ctx) -> Response:
    """Titles first, then newest first; the audience is part of the query.

    Before them, on the first page, where else to look, and what lies in the organ's box.
    """
    text = ctx.query.get("q", "").strip()[:100]
    before = ctx.query.get("before") or None
    with speaking(ctx.language):
        found = index.find(
            text,
            principals=set(ctx.desk.principals),
            plugins=set(ctx.plugins | ROOMS),
            limit=MOST,
            before=before,
        )
        hits = [(hit, href_of(hit.kind, hit.uid)) for hit in found.hits]
        first = bool(text) and before is None
        return ctx.render(
            "home/search.html",
            title=_("搜索"),
            text=text,
            hits=hits,
            next=found.next,
            links=[*_units(text), *_links(ctx, text)] if first else [],
            box=_in_box(ctx, text) if first else [],
        )


def _units(text: str) -> list[MenuItem]:
    """The units that letters may mean: titles are found by their signs alone, but a clerk who
    finds units by 拼音首字母 everywhere else begins so here as well."""
    letters = text.lower().replace(" ", "")
    if len(letters) < 2 or not (letters.isascii() and letters.isalpha()):
        return []
    names = [unit.short_name or unit.name for unit in Unit.ranked()]
    meant = [name for name in dict.fromkeys(names) if letters in spelled(name)]
    return [
        MenuItem(_("查找“%(words)s”", words=name), url("search", q=name), "search")
        for name in sorted(meant, key=lambda name: spelled(name).find(letters))[:MEANT]
    ]


def _links(ctx: Ctx, text: str) -> list[MenuItem]:
    answers = bus().gather("search_links", among=ctx.plugins, desk=ctx.desk, text=text)
    return [drawable(item) for _name, answer in answers for item in answer]


def _in_box(ctx: Ctx, text: str) -> list[Waiting]:
    """What nobody signed for: it is indexed only then, because it may come to a thousand boxes.

    A query over what is not settled in one box, which is little, instead.
    """
    if not ctx.desk.has("exchange.view"):
        return []
    open_ = Delivery.visible(ctx.desk) & Delivery.state.in_(_UNSETTLED)
    where = reduce(and_, map(_says, text.split()), open_)
    rows = Delivery.select().where(where).order_by(Delivery.id.desc()).limit(MOST)
    return [
        Waiting(row, url("exchange:delivery", uid=row.uid), state_of(row), tags_of(row))
        for row in rows
    ]


def _says(word: str) -> peewee.Expression:
    found: peewee.Expression = (
        Delivery.title.contains(word)
        | Delivery.number.contains(word)
        | Delivery.sender_name.contains(word)
    )
    return found
