"""Two-person acts that wait for the second person."""

from __future__ import annotations

from starlette.responses import Response

from kernel.acts.house.confirm import confirm, consequence_of, decline
from kernel.acts.models import Act, Proposal
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.identity.models import Person
from kernel.portal.ctx import Ctx
from kernel.portal.i18n import _, speaking
from kernel.portal.page import Message
from kernel.portal.routing import page
from kernel.portal.urls import url


@page("/admin/proposals", name="admin:proposals", level="house.confirm")
def proposals_page(ctx: Ctx) -> Response:
    """What was proposed and waits for another person."""
    waiting = Proposal.select().where(Proposal.visible(ctx.desk) & (Proposal.state == "open"))
    rows = []
    for one in waiting.order_by(Proposal.id).limit(100):
        said = canonical.loads(bytes(Act.get(Act.uid == one.act).bytes))
        proposer = Person.get_or_none(Person.uid == one.proposer)
        rows.append(
            {
                "item": one,
                "by": proposer.name if proposer else "",
                "params": said["params"],
                "consequence": _consequence(ctx, one),
            }
        )
    with speaking(ctx.language):
        return ctx.render("admin/proposals.html", title=_("双人复核"), rows=rows)


def _consequence(ctx: Ctx, proposal: Proposal) -> str:
    try:
        return consequence_of(ctx.desk, proposal)
    except OfficeError as error:
        return error.text(ctx.language)


@page(
    "/admin/proposals/{uid}",
    name="admin:confirm",
    level="house.confirm",
    methods=("POST",),
    weight="signed",
)
def confirm_page(ctx: Ctx, uid: str) -> Response:
    """Confirm or decline."""
    found, back = ctx.get(Proposal, uid), url("admin:proposals")
    try:
        if ctx.form.get("answer") == "no":
            return ctx.sign(decline, found, back=back, reason=str(ctx.form.get("reason", "")))
        return ctx.sign(confirm, found, back=back)
    except OfficeError as error:
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go("admin:proposals")
