"""How leave notes are shown."""

from __future__ import annotations

from starlette.responses import Response

from kernel.api import (
    SIGNED_IN,
    Ctx,
    Date,
    Form,
    Number,
    Paragraphs,
    _,
    _l,
    opinions,
    page,
    speaking,
    url,
)
from plugins.notes.acts import ask, grant
from plugins.notes.models import Note


class NoteForm(Form):
    """A leave note as it is filled in."""

    first = Date(_l("从哪天起"), required=True)
    days = Number(_l("天数"), least=1, most=60, required=True)
    reason = Paragraphs(_l("事由"), limit=500, required=True)


@page("/new", name="new", level="notes.ask", methods=("GET", "POST"), weight="recorded")
def new(ctx: Ctx) -> Response:
    """Write a leave note."""
    form = NoteForm(ctx.form)
    with speaking(ctx.language):
        if not (ctx.posted and form.validate()):
            status = 422 if ctx.posted else 200
            return ctx.render("notes/new.html", status, title=_("写请假条"), form=form)
        first, days = form.first.data.isoformat(), form.days.data
        note = ctx.do(ask, first=first, days=days, reason=form.reason.data)
        ctx.say(_("已送负责人批准。"))
    return ctx.go("notes:note", uid=note.uid)


@page("/{uid}", name="note", level=SIGNED_IN)
def note(ctx: Ctx, uid: str) -> Response:
    """One leave note, for those who may see it."""
    found = ctx.get(Note, uid)
    may = ctx.desk.has("notes.grant") and found.state == "asked"
    said = opinions.on(found)
    return ctx.render("notes/note.html", title=found.label(), note=found, said=said, may=may)


@page("/{uid}/grant", name="grant", level="notes.grant", methods=("POST",), weight="signed")
def grant_page(ctx: Ctx, uid: str) -> Response:
    """Grant it: shows what is about to be signed."""
    opinion = str(ctx.form.get("opinion", "")).strip()
    return ctx.sign(grant, ctx.get(Note, uid), back=url("notes:note", uid=uid), opinion=opinion)
