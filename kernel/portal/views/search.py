"""Search over everything that this desk may see."""

from __future__ import annotations

from starlette.responses import Response

from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.items import href_of
from kernel.storage import search as index


def search(ctx: Ctx) -> Response:
    """Titles first, then newest first; the audience is part of the query."""
    text = ctx.query.get("q", "").strip()[:100]
    with speaking(ctx.language):
        found = index.find(
            text,
            principals=set(ctx.desk.principals),
            plugins=set(ctx.plugins | ROOMS),
            limit=20,
            before=ctx.query.get("before") or None,
        )
        hits = [(hit, href_of(hit.kind, hit.uid)) for hit in found.hits]
        return ctx.render(
            "home/search.html", title=_("搜索"), text=text, hits=hits, next=found.next
        )
