"""收藏: starring a matter on its page, and the tab of the task centre that lists them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from starlette.responses import HTMLResponse, Response

from kernel.acts import stars
from kernel.acts.stars import Starred
from kernel.acts.subjects import kinds, missing
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.cursor import lost
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.items import href_of, page_of
from kernel.portal.lists import Column, Filter, ListQuery, ListSpec, Sort
from kernel.portal.routing import SIGNED_IN
from kernel.portal.starring import star_of
from kernel.portal.topics import topics
from kernel.portal.urls import url, urls
from kernel.portal.views.batches import chosen
from kernel.portal.words import step_of
from kernel.storage.database import transaction

SORTS = (
    Sort("new", _l("按收藏时间，新的在前"), "id", descending=True),
    Sort("old", _l("按收藏时间，旧的在前"), "id"),
)


def star_page(ctx: Ctx) -> Response:
    """Star an object (``kind``, ``uid``, ``on=1``), or take the star from it or from what is
    ticked. A script gets the button anew, so that what is being typed beside it stays."""
    kind, uid = str(ctx.form.get("kind", "")), str(ctx.form.get("uid", ""))
    on = ctx.form.get("on") == "1"
    with speaking(ctx.language):
        if on:
            _put(ctx, kind, uid)
        else:
            gone = chosen(ctx) or [uid]
            with transaction():
                stars.take(ctx.desk.person, gone)
        if ctx.partial:
            return HTMLResponse(ctx.fragment("home/star.html", star=_again(ctx, kind, uid)))
        ctx.say(_("已收藏，可在待办中心的“收藏”中找到。") if on else _("已取消收藏。"))
    return ctx.go_to(ctx.onward(url("tasks", tab="starred")))


def _put(ctx: Ctx, kind: str, uid: str) -> None:
    if kind not in open_kinds(ctx):
        raise missing()
    subject = ctx.get(kinds().get(kind), uid)
    with transaction():
        stars.put(ctx.desk.person, subject)


def _again(ctx: Ctx, kind: str, uid: str) -> Any:
    return star_of(ctx, ctx.get(kinds().get(kind), uid), back=ctx.onward(url("home")))


def open_kinds(ctx: Ctx) -> frozenset[str]:
    """The kinds of objects whose pages this desk may open."""
    rooms = ctx.plugins | ROOMS
    names = [one.kind for one in kinds().all()]
    return frozenset(one for one in names if one.partition(".")[0] in rooms and _may(ctx, one))


def _may(ctx: Ctx, kind: str) -> bool:
    level = topics().level(urls().pattern(page_of(kind)))
    return level == SIGNED_IN or bool(level and ctx.desk.has(level))


def spec(sources: tuple[tuple[str, str], ...]) -> ListSpec:
    """The list of what was starred.

    :param sources: the rooms and plugins to choose from, with their names.
    """
    names = dict(sources)
    return ListSpec(
        title=_l("待办中心"),
        columns=(
            Column("title", _l("事项"), "title"),
            Column("step", _l("现在环节"), value=lambda one: step_of(one) if one.step else ""),
            Column("at", _l("收藏时间"), "time"),
        ),
        sorts=SORTS,
        default_sort="new",
        filters=(Filter("type", _l("事项类型"), sources, _l("全部类型")),),
        search_hint=_l("按标题查找"),
        empty=_l(
            "还没有收藏。打开公文或来件，点标题旁的“加入收藏”，就会列在这里，只有您自己看得到。"
        ),
        href=lambda one: href_of(one.kind, one.uid),
        meta=lambda one: names.get(one.plugin, ""),
    )


class Shelf:
    """What a person has starred, as a list asks for it: few enough to be narrowed here."""

    def __init__(self, ctx: Ctx) -> None:
        self._all = stars.of(ctx.desk, open_kinds(ctx))

    def fetch(self, query: ListQuery, limit: int) -> Sequence[Starred]:
        """The rows after the cursor, in the order asked for."""
        rows = self._narrowed(query)
        if query.sort == "old":
            rows.reverse()
        if query.cursor:
            at = query.cursor.key
            if not isinstance(at, int):
                raise lost()
            rows = [one for one in rows if (one.id > at if query.sort == "old" else one.id < at)]
        return rows[:limit]

    def count(self, query: ListQuery) -> int:
        """How many there are."""
        return len(self._narrowed(query))

    def _narrowed(self, query: ListQuery) -> list[Starred]:
        kind = query.filters.get("type", "")
        text = query.text.lower()
        return [
            one
            for one in self._all
            if kind in ("", one.plugin) and (not text or text in one.title.lower())
        ]
