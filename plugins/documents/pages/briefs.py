"""What a leader reads of documents on his home page, and what he can do there and then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import peewee

from kernel.api import (
    Brief,
    Desk,
    Move,
    Opinion,
    Phrase,
    Ref,
    Subject,
    _,
    apart,
    language,
    local,
    url,
    usual_phrases,
)
from plugins.documents.models import Document, Incoming
from plugins.documents.pages.forms import OpinionForm, ReturnForm
from plugins.documents.pages.sheet import PHRASES, REASONS, text_at
from plugins.workflow import face as workflow

QUICK = 2
"""So many usual sentences are a button each."""
SHOWN = 120
"""Characters of the text."""
LONGEST_LINE = 60
"""Characters of the main recipients that are shown as they are."""
FIRST = 30
"""Characters of the first ones of more."""


def briefs(desk: Desk, refs: Sequence[Ref]) -> Mapping[str, Brief]:
    """Of outgoing documents that wait for an opinion, and of incoming ones to be read."""
    out = [ref.uid for ref in refs if ref.kind == Document.kind]
    coming = [ref.uid for ref in refs if ref.kind == Incoming.kind]
    return {**(_outgoing(desk, out) if out else {}), **(_incoming(desk, coming) if coming else {})}


def _outgoing(desk: Desk, uids: list[str]) -> dict[str, Brief]:
    rows = list(Document.select().where(_among(Document, uids) & Document.visible(desk)))
    said = _said(uids)
    back = workflow.may_return(rows)
    usual = {state: usual_phrases(desk, PHRASES[state]) for state in _shown_states(rows)}
    return {
        one.uid: Brief(_facts(one), _beginning(one.body), said.get(one.uid, ()),
                       _moves(desk, one, back.get(one.uid, []), usual), text_at(one))
        for one in rows
    }  # fmt: skip


def _among(cls: type[Subject], uids: list[str]) -> peewee.Expression:
    """The objects of these uids, looked up first: SQLite would walk along all of the organ's."""
    found: peewee.Expression = cls.id.in_(cls.select(cls.id).where(cls.uid.in_(uids)))
    return found


def _shown_states(rows: Sequence[Document]) -> set[str]:
    return {one.state for one in rows if one.state in _STEPS}


def _facts(document: Document) -> list[tuple[str, str]]:
    found = [
        (_("拟稿"), f"{document.unit_name} {document.drafter_name}"),
        (_("主送"), _recipients(document)),
        (_("附件"), "；".join(document.attachment_note)),
    ]
    return [(label, value) for label, value in found if value]


def _recipients(document: Document) -> str:
    """The first ones of many; all of them stand in the text, one tap away."""
    line: str = document.main_text
    if len(line) <= LONGEST_LINE:
        return line
    end = max(line.rfind(sign, 0, FIRST) for sign in "、，")
    begun = line[: end if end > 0 else FIRST]
    if not all(one.isascii() for one in document.main):  # a group stands for several
        return f"{begun}…"
    return _("%(names)s等 %(n)s 个单位", names=begun, n=len(document.main))


def _beginning(paragraphs: Iterable[str]) -> str:
    text = " ".join(paragraphs)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _said(uids: list[str]) -> dict[str, list[Opinion]]:
    """The last two opinions on each, the older one first."""
    found: dict[str, list[Opinion]] = {}
    for one in Opinion.select().where(Opinion.subject.in_(uids)).order_by(Opinion.id):
        found.setdefault(one.subject, []).append(one)
    return {uid: several[-2:] for uid, several in found.items()}


_STEPS = {
    "section_review": ("documents.review", "review"),
    "office_review": ("documents.office_review", "office_review"),
    "sign": ("documents.sign", "sign_off"),
}
"""Steps that take an opinion: the level that they take, and the verb."""


def _may(desk: Desk, level: str, verb: str) -> bool:
    """Whether it can be done from a card: on paper it takes a scan, and that has a page."""
    if not desk.has(level):
        return False
    acting = desk.acting
    return acting is None or (acting.kind == "delegate" and f"documents.{verb}" in acting.verbs)


def _moves(
    desk: Desk, document: Document, back: list[workflow.Step], usual: Mapping[str, list[Phrase]]
) -> list[Move]:
    level, verb = _STEPS.get(document.state, ("", ""))
    moves = []
    if verb and _may(desk, level, verb):
        moves.append(_agree(document, verb, usual[document.state]))
    if verb and back and _may(desk, "documents.view", "send_back"):
        moves.append(_return(document, back))
    return moves


def _agree(document: Document, verb: str, phrases: list[Phrase]) -> Move:
    labels = {
        "review": _("同意，送办公室核稿"),
        "office_review": _("同意，送领导签发"),
        "sign_off": _("签发"),
    }
    usual = PHRASES[document.state]
    label = labels[verb]
    form = _only(OpinionForm, document, "opinion", "ink")
    return Move(
        label,
        url("documents:act", uid=document.uid, verb=verb),
        "primary",
        "circle-check",
        _seen(document),
        form,
        phrases,
        [Phrase(text, _("%(verb)s：%(words)s", verb=label, words=text)) for text in usual[:QUICK]],
        quick="opinion",
    )


def _return(document: Document, back: list[workflow.Step]) -> Move:
    form = _only(ReturnForm, document, "to", "reason", "reason_ink")
    form.to.choices = [(step.key, step.name(language())) for step in back]
    action = url("documents:act", uid=document.uid, verb="send_back")
    reasons = [Phrase(text) for text in REASONS]
    return Move(_("退回"), action, "danger", "undo-2", _seen(document), form, reasons)


def _seen(document: Document) -> dict[str, str]:
    return {"version": str(document.version)}


def _only(form: type[Any], document: Document, *names: str) -> Any:
    """The form with these fields alone."""
    made = form()
    for name in [one.name for one in made if one.name not in names]:
        del made[name]
    # The end of the uid tells the few cards of a page apart, and stands in it a hundred times.
    return apart(made, f"f-{document.uid[-12:]}")


def _incoming(desk: Desk, uids: list[str]) -> dict[str, Brief]:
    rows = Incoming.select().where(_among(Incoming, uids) & Incoming.visible(desk))
    read = desk.has("documents.receive")
    return {
        one.uid: Brief(
            [
                (_("来文单位"), one.sender_name),
                (_("来文字号"), one.source_number or "—"),
                (_("收文号"), f"{one.number} · {local(one.received):%m-%d %H:%M}"),
            ],
            moves=[_read(one)] if read else [],
        )
        for one in rows
    }


def _read(incoming: Incoming) -> Move:
    return Move(_("已阅"), url("documents:read", uid=incoming.uid), "primary", "check")
