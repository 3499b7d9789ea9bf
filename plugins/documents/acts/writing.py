"""Drafting (条例 art. 19): begin, save, discard, submit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

from kernel.api import (
    Conflict,
    Desk,
    Invalid,
    OfficeError,
    Recipient,
    Refused,
    act,
    check_recipients,
    scan,
    search,
    tasks,
)
from plugins.documents import checking, elements
from plugins.documents.acts import versions
from plugins.documents.acts.common import forward, index, slip
from plugins.documents.models import DISCARDED, Document
from plugins.documents.relations import relations
from plugins.workflow import face as workflow


@cache
def outgoing() -> workflow.Flow:
    """The way of an outgoing document."""
    return workflow.read_flow(_FLOWS / "outgoing.toml")


def every_outgoing() -> list[workflow.Flow]:
    """All versions of it, the oldest first: documents go on as they began."""
    return [workflow.read_flow(file) for file in sorted(_FLOWS.glob("outgoing-*.toml"))] + [
        outgoing()
    ]


_FLOWS = Path(__file__).parent.parent / "flows"


def check_content(content: dict[str, Any]) -> None:
    """Refuse what cannot be stored: wrong elements, and anything that a scanner refuses."""
    elements.check(content)
    if content["type"] not in elements.TYPES:
        hit = checking.finding("R01", {"t": content["type"]})
        raise Invalid("documents.r01", hit.zh, hit.en, field="type")
    scan(*elements.texts_of(content), of=Document(**content).digest())


def _may_begin(desk: Desk, *, content: dict[str, Any]) -> None:
    if not desk.organ.doc_prefix:
        raise Refused(
            "documents.r28",
            "本单位没有机关代字，未办理发文立户，不能制发正式公文。请联系信息化工作办公室。",
            "This organ has no document prefix and is not registered as an issuer.",
        )
    check_content(content)


@act(
    "documents.draft",
    title="拟稿",
    title_en="Draft",
    level="draft",
    weight="draft",
    check=_may_begin,
)
def draft(desk: Desk, *, content: dict[str, Any]) -> Document:
    """Begin a document; it belongs to the drafter's section until it is submitted."""
    document: Document = Document.create(
        organ=desk.organ_code,
        drafter=desk.person.uid,
        drafter_name=desk.person.name,
        drafter_post=desk.post.uid,
        unit=desk.unit.code,
        unit_name=desk.unit.short_name,
        **content,
    )
    workflow.start(desk, document, outgoing(), slip(desk, document))
    return document


def _may_write(desk: Desk, document: Document, *, content: dict[str, Any]) -> None:
    workflow.require(desk, document, "draft")
    check_content(content)


@act(
    "documents.save",
    title="保存",
    title_en="Save",
    level="draft",
    weight="draft",
    check=_may_write,
)
def save(desk: Desk, document: Document, *, content: dict[str, Any]) -> None:
    """Save what the drafter wrote; scanned first, so that nothing classified is ever kept."""
    document.change(**content)
    tasks.rename(document, document.label())


def _at_draft(desk: Desk, document: Document, **_: Any) -> None:
    workflow.require(desk, document, "draft")


@act(
    "documents.discard",
    title="作废草稿",
    title_en="Discard",
    level="draft",
    weight="recorded",
    check=_at_draft,
)
def discard(desk: Desk, document: Document) -> None:
    """Give a draft up. The row stays, nothing of it is shown in the lists any more."""
    tasks.finish(document, by=desk.post.uid, organ=document.organ)
    document.change(state=DISCARDED)


def _complete(desk: Desk, document: Document, **_: Any) -> None:
    workflow.require(desk, document, "draft")
    for wrong in shortcomings(desk, document):
        raise wrong


def shortcomings(desk: Desk, document: Document) -> Iterator[OfficeError]:
    """Everything that keeps a draft from being submitted, each with the field that it is about."""
    empty = {
        name: zh for name, zh in _FILLED.items() if not "".join(getattr(document, name)).strip()
    }
    for name, zh in empty.items():
        yield Invalid(
            "documents.empty",
            f"{zh}不能为空，请填写后再送核。",
            f"The {name} is empty; fill it in before you submit.",
            field=name,
        )
    for hit in findings(document, desk):
        if hit.severity == "block" and hit.field not in empty:
            yield Invalid(f"documents.{hit.rule.lower()}", hit.zh, hit.en, field=hit.field)
    yield from _raised(_check_boxes, document)
    yield from _raised(need_disclosure, document)


_FILLED = {"title": "标题", "body": "正文"}


def _check_boxes(document: Document) -> None:
    boxes = elements.recipients(document.main, document.cc, document.organ)
    check_recipients([Recipient(code, role) for code, role in boxes])


def _raised(check: Callable[[Document], None], document: Document) -> Iterator[OfficeError]:
    try:
        check(document)
    except OfficeError as error:
        yield error


def findings(document: Document, desk: Desk) -> list[checking.Finding]:
    """What the rules say about a document as it is stored."""
    content = versions.content_of(document)
    issuer = (desk.organ.name, desk.organ.short_name)
    return checking.check(content, issuer, relations(document.organ, document.main, document.cc))


def need_disclosure(document: Document) -> None:
    """Refuse until it is said whether the document is public (R87).

    :raises Invalid: ``documents.r87``.
    """
    reason = document.disclosure != "不予公开" or document.disclosure_reason.strip()
    if document.disclosure not in elements.DISCLOSURES or not reason:
        raise Invalid(
            "documents.r87",
            "送核前须确定公开属性；不予公开的应说明理由。",
            "Say whether the document is public; where it is not, say why.",
            field="disclosure" if reason else "disclosure_reason",
        )


@act(
    "documents.submit",
    title="送核",
    title_en="Submit",
    level="draft",
    weight="recorded",
    check=_complete,
)
def submit(desk: Desk, document: Document, *, next_post: str = "") -> None:
    """Hand the draft to the section head. Rules of severity ``block`` have to be kept."""
    document.change(submitted=True)
    forward(desk, document, next_post)
    index(document)


def _waits_for_me(desk: Desk, document: Document) -> None:
    step = workflow.current(document)
    workflow.require(desk, document, step.key if step is not None else "")


@act(
    "documents.open",
    title="打开公文",
    title_en="Open",
    level="view",
    weight="recorded",
    touches=False,
    check=_waits_for_me,
)
def open_(desk: Desk, document: Document) -> None:
    """Note who of those that it waits for opened it first; from now on it is not taken back."""
    if not document.opened:
        # Whoever looks at it changes nothing: it keeps its place among what was changed last.
        document.change(opened=desk.name, changed=document.changed)


def may_withdraw(desk: Desk, document: Document) -> bool:
    """Whether this desk submitted it last and nobody has opened it since."""
    step = workflow.current(document)
    waits = step is not None and step.key == "section_review" and not document.opened
    return waits and workflow.may_take_back(desk, document)


def _unopened(desk: Desk, document: Document) -> None:
    if not may_withdraw(desk, document):
        who = f"，已由{document.opened}打开" if document.opened else ""
        raise Conflict(
            "documents.no_withdrawal",
            f"此件现在不能撤回{who}。如需修改，请与对方联系，由其退回。",
            "It cannot be withdrawn any more; ask whoever has it to send it back.",
        )


@act(
    "documents.withdraw",
    title="撤回送核",
    title_en="Withdraw",
    level="draft",
    weight="recorded",
    check=_unopened,
)
def withdraw(desk: Desk, document: Document) -> None:
    """Take a submitted draft back before the next person has opened it."""
    workflow.take_back(desk, document, slip=slip(desk, document))
    # What nobody else has ever handled is its section's alone again.
    seen = any(move.action == "back" for move in workflow.trail(document))
    document.change(state="draft", submitted=seen, opened="")
    if not seen:
        search.remove(document.kind, document.uid)
