"""What several verbs need: the task slip, the search entry, the next state."""

from __future__ import annotations

from kernel.api import Desk, Invalid, SearchEntry, now, read_ink, search
from plugins.documents.acts import versions
from plugins.documents.models import SENT, Document
from plugins.workflow import face as workflow

MOST_OPINION = 1000


def slip(desk: Desk, document: Document) -> workflow.Slip:
    """What the next task says below its title."""
    parts = ("发文", document.number or document.type, document.unit_name)
    meta = " · ".join(part for part in parts if part)
    return workflow.Slip(meta, document.urgency, desk.name)


def forward(desk: Desk, document: Document, next_post: str = "") -> None:
    """The desk's step is done: the document stands at the next one, and its version is kept."""
    versions.keep(desk, document, step=document.state)
    after = workflow.complete(desk, document, next_post=next_post, slip=slip(desk, document))
    document.change(state=after.key if after is not None else SENT, opened="")


def index(document: Document) -> None:
    """Let the document be found by its organ."""
    search.index(
        SearchEntry(
            plugin="documents",
            kind=document.kind,
            uid=document.uid,
            organ=document.organ,
            title=document.title,
            summary=" · ".join(part for part in (document.type, document.number) if part),
            text="\n".join([document.number, document.main_text, *document.body]),
            time=now(),
            audience=frozenset({f"organ:{document.organ}"}),
        )
    )


def check_ink(ink: str) -> None:
    """Refuse handwriting that cannot be read.

    :raises Invalid: ``acts.ink``.
    """
    if ink:
        read_ink(ink)


def need_opinion(opinion: str, ink: str = "") -> None:
    """Refuse an empty or endless opinion; one written by hand needs no words beside it.

    :raises Invalid: ``documents.no_opinion``, ``documents.long_opinion``, ``acts.ink``.
    """
    check_ink(ink)
    if not (opinion.strip() or ink):
        raise Invalid(
            "documents.no_opinion",
            "请签署意见（可点选常用意见，或手写）。",
            "Please write your opinion; you can choose a usual sentence or write by hand.",
            field="opinion",
        )
    if len(opinion) > MOST_OPINION:
        raise Invalid(
            "documents.long_opinion",
            f"意见不能超过 {MOST_OPINION} 字，现有 {len(opinion)} 字，请精简。",
            f"An opinion may have {MOST_OPINION} characters; it has {len(opinion)}. Shorten it.",
            field="opinion",
        )
