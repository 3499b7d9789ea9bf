"""One outgoing document: the drafting sheet (发文稿纸), its pages, its way, and what to do now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct
from starlette.responses import Response

from kernel.api import (
    Ctx,
    OfficeError,
    Opinion,
    Package,
    Phrase,
    SealLine,
    Tab,
    Tally,
    Unit,
    _,
    ended_word,
    opinions,
    page,
    report_of,
    seal_line,
    speaking,
    star_of,
    tallies,
    url,
    usual_phrases,
)
from plugins.documents import elements
from plugins.documents.acts.issuing import next_number
from plugins.documents.acts.writing import findings, may_withdraw, open_
from plugins.documents.models import Document
from plugins.documents.pages.files import images, typeset_draft
from plugins.documents.pages.forms import (
    DeclaredForm,
    DispatchForm,
    OpinionForm,
    ReturnForm,
    choices_of,
)
from plugins.documents.pages.words import issued_on, state_name
from plugins.workflow import face as workflow

_VERBS = (
    *("review", "office_review", "sign_off", "send_back", "assign_number", "typeset"),
    *("seal", "dispatch", "discard", "withdraw"),
)
LOOKED_AT = ("typeset", "seal")
"""Steps whose person has to look at the pages: they are what he finds open."""

TABS = ("sheet", "body", "attachments", "flow", "versions")
PHRASES = {
    "section_review": ("同意。", "同意，请办公室核稿。", "已核，内容属实。"),
    "office_review": ("内容、格式符合要求，请审签。", "同意，请领导签发。"),
    "sign": ("同意印发。", "同意。", "印发。"),
}

REASONS = ("请按要求修改后再报。", "请补充依据材料后再报。", "请征求有关单位意见后再报。")
"""Usual reasons for sending a draft back."""


class Forms(Struct):
    """The forms in the action column; the one that was refused comes back with its input."""

    opinion: OpinionForm
    back: ReturnForm
    declared: DeclaredForm
    sending: DispatchForm

    @property
    def every(self) -> tuple[OpinionForm | ReturnForm | DeclaredForm | DispatchForm, ...]:
        """All of them."""
        return (self.opinion, self.back, self.declared, self.sending)

    @property
    def wrong(self) -> list[tuple[str, str]]:
        """What is wrong with any of them."""
        return [one for form in self.every for one in form.errors_summary]


def forms_for(ctx: Ctx, document: Document, posted: Any = None) -> Forms:  # form data
    """The forms of this document for this desk; posted input is kept."""
    data = {"version": str(document.version)}
    found = Forms(
        OpinionForm(posted, data=data),
        ReturnForm(posted, data=data),
        DeclaredForm(posted, data=data),
        DispatchForm(posted, data=data),
    )
    if document.submitted:
        found.opinion.next_post.choices = choices_of(workflow.who_acts_next(ctx.desk, document))
        steps = workflow.may_return_to(document)
        found.back.to.choices = [(step.key, step.name(ctx.language)) for step in steps]
    return found


@page("/out/{uid}", name="document", level="documents.view")
def document_page(ctx: Ctx, uid: str) -> Response:
    """The document with exactly what this desk can do with it now."""
    document = ctx.get(Document, uid)
    _opened(ctx, document)
    if ctx.query.get("tab") == "versions":
        return ctx.go("documents:versions", uid=uid)
    with speaking(ctx.language):
        return show(ctx, document, forms_for(ctx, document))


def _opened(ctx: Ctx, document: Document) -> None:
    """Note the first opening by somebody for whom it waits: the sender cannot take it back then."""
    if document.opened or document.state == "draft" or not ctx.deliberate or ctx.desk.acting:
        return
    if workflow.can_act(ctx.desk, document) is not None:
        ctx.do(open_, document)


def show(
    ctx: Ctx,
    document: Document,
    forms: Forms,
    status: int = 200,
    tab: str = "",
    versions: Sequence[Any] = (),
) -> Response:
    """Draw the page; *forms* may carry refusals and what was typed.

    :param versions: the rows of the tab of that name, where it is the one that is shown.
    """
    step = workflow.can_act(ctx.desk, document)
    first = "body" if step is not None and step.key in LOOKED_AT else "sheet"
    asked = tab or ctx.query.get("tab", first)
    tab = asked if asked in TABS else first
    return ctx.render(
        "documents/document.html",
        status=status,
        title=document.label(),
        item=document,
        star=star_of(ctx, document),
        state=state_name(document),
        tab=tab,
        tabs=_tabs(document, tab),
        steps=workflow.step_row(document),
        step=step.key if step is not None and not document.claim else "",
        forms=forms,
        versions=versions,
        may_withdraw=document.submitted and may_withdraw(ctx.desk, document),
        picture=ctx.query.get("view") == "picture",
        phrases=usual_phrases(ctx.desk, PHRASES.get(step.key if step else "", ())),
        reasons=[Phrase(text) for text in REASONS],
        **_facts(ctx, document),
        **_tab(ctx, document, tab),
        **_help(ctx, document, step.key if step is not None else ""),
    )


def text_at(document: Document) -> str:
    """Where its text is read: the page, scrolled to the paper (a phone has the actions above)."""
    return f"{url('documents:document', uid=document.uid, tab='body')}#paper"


def _tabs(document: Document, current: str) -> list[Tab]:
    here = url("documents:document", uid=document.uid)
    names = {
        "sheet": _("稿纸"),
        "body": _("正文"),
        "attachments": _("附件"),
        "flow": _("流程"),
        "versions": _("版本"),
    }
    counts = {"attachments": len(document.attachments) or None}
    return [
        Tab(name, f"{here}?tab={key}#paper", key == current, counts.get(key))
        for key, name in names.items()
    ]


def _facts(ctx: Ctx, document: Document) -> dict[str, Any]:
    package = Package.get_or_none(Package.uid == document.package)
    return {
        "organ": Unit.by_code(document.organ),
        "issued": issued_on(document),
        "waiting": workflow.who_acts_now(document),
        **_sent(package),
        "seal": _seal(document, package),
        "urls": _urls(document),
        "returned": returned(document),
        "onward": ctx.onward(""),
    }


def _sent(package: Package | None) -> dict[str, Any]:
    """What became of it after it was sent."""
    if package is None or package.state == "planned":
        return {"package": None, "ended": ""}
    count = tallies([package.uid]).get(package.uid, Tally())
    told = {"signed": count.signed, "recalled": count.recalled}
    return {"package": package, "ended": ended_word(package.ended), **told}


def returned(document: Document) -> Opinion | None:
    """Why it came back to the step at which it stands; None if it did not."""
    moves = workflow.trail(document)
    if not moves or (moves[-1].action, moves[-1].to) != ("back", document.state):
        return None
    found: Opinion | None = Opinion.get_or_none(Opinion.act == moves[-1].act)
    return found


def _urls(document: Document) -> dict[str, str]:
    return {name: url("documents:act", uid=document.uid, verb=name) for name in _VERBS}


def _seal(document: Document, package: Package | None) -> SealLine | None:
    if package is None or package.state != "sent":
        return None
    return seal_line(report_of(package))


def _tab(ctx: Ctx, document: Document, tab: str) -> dict[str, Any]:
    if tab == "body":
        return {"pages": images(document), "history": [], "cells": {}}
    if tab == "flow":
        return {"pages": [], "history": workflow.timeline(document), "cells": {}}
    return {"pages": [], "history": [], "cells": cells_of(document)}


def cells_of(document: Document) -> dict[str, list[Opinion]]:
    """The opinions by the box of the sheet in which they stand."""
    found: dict[str, list[Opinion]] = {}
    for one in opinions.on(document):
        found.setdefault(one.step.partition("：")[0], []).append(one)
    return found


def _help(ctx: Ctx, document: Document, step: str) -> dict[str, Any]:
    """What the person needs to see before he does this step."""
    told: dict[str, Any] = {"free": None, "findings": [], "missing": (), "receivers": []}
    if step in ("draft", "section_review", "office_review", "sign"):
        told["findings"] = findings(document, ctx.desk)
    if step == "number" and document.series:
        told["free"] = next_number(document)
    if step == "typeset":
        told["missing"] = _missing(document)
    if step == "dispatch":
        told["receivers"] = _receivers(document)
    return told


def _receivers(document: Document) -> list[tuple[str, str]]:
    """Name and role of every unit that it will go to."""
    try:
        boxes = elements.recipients(document.main, document.cc, document.organ)
    except OfficeError:
        return []
    return [(Unit.by_code(code).name, role) for code, role in boxes]


def _missing(document: Document) -> tuple[str, ...]:
    try:
        return typeset_draft(document).missing
    except OfficeError:
        return ()
