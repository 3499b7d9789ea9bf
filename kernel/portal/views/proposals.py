"""Two-person acts that wait for the second person."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response

from kernel.acts.house.confirm import confirm, consequence_of, decline
from kernel.acts.models import Act, Proposal
from kernel.acts.verbs import verbs
from kernel.crypto import canonical
from kernel.errors import OfficeError
from kernel.identity.models import Person
from kernel.portal.ctx import Ctx
from kernel.portal.fields import Paragraphs
from kernel.portal.forms import Form
from kernel.portal.i18n import _, _l, speaking
from kernel.portal.page import Message
from kernel.portal.urls import url
from kernel.portal.views.signing import in_words

_SAID = {
    "phase": _l("阶段"),
    "person": _l("人员"),
    "kind": _l("种类"),
    "public_key": _l("公钥"),
    "label": _l("插件名称"),
    "name": _l("名称"),
    "reason": _l("理由"),
}
"""The parameters of two-person acts as people call them; of others the name in the act."""


class DeclineForm(Form):
    """Why somebody does not agree to what another person proposed."""

    reason = Paragraphs(_l("理由"), limit=300, rows=3)


def proposals_page(ctx: Ctx) -> Response:
    """What was proposed and waits for another person."""
    return _show(ctx)


def _show(
    ctx: Ctx, status: int = 200, uid: str = "", refused: DeclineForm | None = None
) -> Response:
    """Draw the page. :param refused: what was said against the proposal *uid*, and not taken."""
    blank = DeclineForm()
    waiting = Proposal.select().where(Proposal.visible(ctx.desk) & (Proposal.state == "open"))
    rows = []
    for one in waiting.order_by(Proposal.id).limit(100):
        consequence = _consequence(ctx, one)
        said = canonical.loads(bytes(Act.get(Act.uid == one.act).bytes))
        proposer = Person.get_or_none(Person.uid == one.proposer)
        with speaking(ctx.language):
            params = _params(said["params"], consequence)
        rows.append(
            {
                "item": one,
                "by": proposer.name if proposer else "",
                "title": verbs().title_of(one.verb, ctx.language),
                "params": params,
                "consequence": consequence,
                "form": refused if refused is not None and one.uid == uid else blank,
            }
        )
    with speaking(ctx.language):
        title = _("双人复核")
        return ctx.render(
            "admin/proposals.html", status=status, title=title, rows=rows, refused=refused
        )


def _params(said: dict[str, Any], consequence: str) -> dict[str, Any]:
    """The parameters; of a table the consequence says in words what it holds."""
    told = dict if consequence else ()
    return {
        str(_SAID.get(name, name)): value
        for name, value in said.items()
        if not isinstance(value, told)
    }


def _consequence(ctx: Ctx, proposal: Proposal) -> str:
    try:
        return in_words(ctx, consequence_of(ctx.desk, proposal))
    except OfficeError as error:
        return error.text(ctx.language)


def confirm_page(ctx: Ctx, uid: str) -> Response:
    """Confirm or decline."""
    found, back = ctx.get(Proposal, uid), url("admin:proposals")
    if ctx.form.get("answer") == "no":
        return _declined(ctx, found, back)
    try:
        return ctx.sign(confirm, found, back=back)
    except OfficeError as error:
        ctx.said.append(Message("danger", error.text(ctx.language)))
        return ctx.go("admin:proposals")


def _declined(ctx: Ctx, found: Proposal, back: str) -> Response:
    form = DeclineForm(ctx.form)
    with speaking(ctx.language):
        if not form.validate():
            return _show(ctx, 422, found.uid, form)
    try:
        return ctx.sign(decline, found, back=back, reason=form.reason.data or "")
    except OfficeError as error:
        form.refuse(error)
        return _show(ctx, error.status, found.uid, form)
