"""The rollout: which phase the city is in, how many units each phase connects, the next step."""

from __future__ import annotations

from starlette.responses import Response

from kernel.acts.house.rollout import advance
from kernel.errors import OfficeError
from kernel.identity.models import Unit
from kernel.identity.phases import TITLES, node_phase
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.page import Message
from kernel.portal.urls import url
from kernel.portal.words import whole


def rollout_page(ctx: Ctx) -> Response:
    """See the phases; propose the next one, which another administrator confirms."""
    if ctx.posted:
        try:
            return ctx.sign(
                advance, None, back=url("admin:rollout"), phase=_phase(ctx.form.get("phase", ""))
            )
        except OfficeError as error:
            ctx.said.append(Message("danger", error.text(ctx.language)))
            return ctx.go("admin:rollout")
    current, english = node_phase(), ctx.language == "en"
    with speaking(ctx.language):
        rows = [
            {
                "phase": phase,
                "title": titles[1] if english else titles[0],
                "boxes": Unit.select().where(Unit.box & (Unit.rollout == phase)).count(),
                "reached": phase <= current,
                "next": phase == current + 1,
            }
            for phase, titles in TITLES.items()
        ]
        return ctx.render("admin/rollout.html", title=_("接入阶段"), rows=rows)


def _phase(text: str) -> int:
    return whole(text) or 0
