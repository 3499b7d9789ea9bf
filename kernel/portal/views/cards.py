"""The cards of a leader's home page: the most urgent first, each with what he can do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import replace

from kernel.acts import agenda
from kernel.acts.subjects import Ref
from kernel.acts.tasks import Row
from kernel.plugins.bus import bus
from kernel.portal.brief import Brief, Move
from kernel.portal.ctx import ROOMS, Ctx
from kernel.portal.i18n import _
from kernel.portal.items import href_of
from kernel.portal.urls import url
from kernel.portal.views.batches import reading_verb
from kernel.portal.words import marks_of

MOST = 5
"""So many cards: what does not fit on two screens of a phone is a list."""
FORMS = ("todo", "toread")


class Card(Struct, frozen=True):
    """One matter. :ivar brief: what its plugin says of it; empty where it says nothing."""

    line: Row
    href: str
    brief: Brief
    tags: tuple[str, ...] = ()


def cards(ctx: Ctx) -> list[Card]:
    """The most urgent of what waits at this desk."""
    lines = agenda.soonest(ctx.desk, ctx.plugins | ROOMS, FORMS, MOST)
    briefs = _briefs(ctx, lines)
    return [
        Card(
            line,
            href_of(line.kind, line.subject),
            briefs.get(line.subject) or Brief(moves=_reading(line)),
            marks_of(line),
        )
        for line in lines
    ]


def draw(ctx: Ctx, card: Card, back: str) -> Markup:
    """A card as HTML; without what its plugin says of it, where that cannot be drawn.

    :param back: where a form on it goes on to.
    """
    drawn: list[Markup] = []
    with bus().isolated(card.line.plugin, "brief"):
        drawn.append(ctx.fragment("home/matter.html", card=card, back=back))
    if drawn:
        return drawn[0]
    plain = replace(card, brief=Brief(moves=_reading(card.line)))
    return ctx.fragment("home/matter.html", card=plain, back=back)


def _briefs(ctx: Ctx, lines: Sequence[Row]) -> dict[str, Brief]:
    found: dict[str, Brief] = {}
    for plugin in dict.fromkeys(line.plugin for line in lines if line.plugin in ctx.plugins):
        refs = [Ref(line.kind, line.subject) for line in lines if line.plugin == plugin]
        asked: dict[str, Any] = {"desk": ctx.desk, "refs": refs}
        for _name, answer in bus().gather("brief", among=(plugin,), **asked):
            with bus().isolated(plugin, "brief"):
                found |= {ref.uid: answer[ref.uid] for ref in refs if ref.uid in answer}
    return found


def _reading(line: Row) -> Sequence[Move]:
    """Marking as read needs no help of a plugin."""
    if line.form != "toread" or reading_verb(line.kind) is None:
        return ()
    sent = {"t": line.uid}
    return (Move(_("已阅"), url("tasks:read"), "primary", "check", hidden=sent),)
