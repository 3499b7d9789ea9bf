"""From the sign-off to the door (条例 art. 25): number, final layout, dispatch."""

from __future__ import annotations

from datetime import date
from typing import Any

from kernel.api import (
    Conflict,
    Desk,
    DocNumber,
    Invalid,
    Letter,
    Package,
    Recipient,
    Stale,
    _,
    act,
    date_cn,
    end_of,
    local,
    now,
    numbers,
    plan,
    release,
    this_act,
)
from plugins.documents import elements
from plugins.documents.acts.common import forward, index
from plugins.documents.models import Document
from plugins.documents.sheets import day_text, office_of, stored_sheet
from plugins.workflow import face as workflow

KIND = "documents.document"


def next_number(document: Document) -> DocNumber:
    """The number that the document would get now; its year is that of the issue date."""
    year = date.fromisoformat(document.issued).year
    return numbers.peek(document.organ, document.series, year)


def _numbering(desk: Desk, document: Document, *, number: str, seq: int) -> None:
    workflow.require(desk, document, "number")
    if not document.series:
        raise Invalid(
            "documents.no_series",
            "此件没有选定机关代字，不能编号。请退回拟稿人补充。",
            "No series was chosen for its number; have the drafter add it.",
        )
    free = next_number(document)
    if (str(free), free.value) != (number, seq):
        raise Conflict(
            "numbers.taken",
            f"{number} 已被使用，下一个号是 {free}。请重新确认编号。",
            f"{number} was taken meanwhile; the next one is {free}. Confirm it again.",
        )


def _for_good(desk: Desk, document: Document, *, number: str, seq: int) -> str:
    return _("发文字号 %(number)s 编定后不能改作他用。", number=number)


@act(
    "documents.assign_number",
    title="编号",
    title_en="Assign number",
    level="number",
    weight="signed",
    check=_numbering,
    confirm=_for_good,
)
def assign_number(desk: Desk, document: Document, *, number: str, seq: int) -> None:
    """Give the document the next number of its series: gapless, never reused."""
    year = date.fromisoformat(document.issued).year
    taken = numbers.take(document.organ, document.series, year, document, expected=seq)
    document.change(number=str(taken), number_act=this_act())
    forward(desk, document)
    index(document)


def _typesetting(desk: Desk, document: Document, **values: Any) -> None:
    workflow.require(desk, document, "typeset")


@act(
    "documents.typeset",
    title="排版校对",
    title_en="Typeset",
    level="number",
    weight="recorded",
    check=_typesetting,
)
def typeset(
    desk: Desk,
    document: Document,
    *,
    sheet: str,
    pdf: str,
    pdf_size: int,
    pages: int,
    page: int,
    x_um: int,
    y_um: int,
) -> None:
    """Take the final fixed-layout file, checked by the clerk, to the keeper of the seal.

    :param sheet, pdf: blob digests. :param page, x_um, y_um: where the seal will stand, in
        micrometres from the page's top left corner.
    """
    place = {"page": page, "x_um": x_um, "y_um": y_um}
    document.change(
        sheet=sheet, pdf=pdf, pdf_size=pdf_size, pages=pages, placement=place, trouble=""
    )
    forward(desk, document)


def _planning(desk: Desk, document: Document, *, until: str = "") -> None:
    workflow.require(desk, document, "dispatch")
    if until and end_of(date.fromisoformat(until)) <= now():
        raise Invalid(
            "documents.sign_by",
            "签收时限不能早于今天。请改选日期，或留空不设时限。",
            "The deadline for signing lies in the past: choose another day, or leave it empty.",
            field="until",
        )


@act(
    "documents.plan_dispatch",
    title="核对分发名单",
    title_en="Plan the dispatch",
    level="dispatch",
    weight="draft",
    check=_planning,
)
def plan_dispatch(desk: Desk, document: Document, *, until: str = "") -> Package:
    """Write the envelope: every recipient by its box. Nothing leaves yet.

    :param until: the day, ``2026-11-25``, by whose end it has to be signed for; empty for none.
    """
    planned = (Package.uid == document.package) & (Package.state == "planned")
    Package.delete().where(planned).execute()
    boxes = elements.recipients(document.main, document.cc, document.organ)
    letter = Letter(
        type=KIND,
        title=document.title,
        number=document.number,
        urgency=document.urgency,
        body=document.sealed,
        metadata=metadata_of(document, desk),
        sign_by=end_of(date.fromisoformat(until)) if until else None,
    )
    package = plan(desk, document, letter, [Recipient(code, role) for code, role in boxes])
    document.change(package=package.uid)
    return package


def metadata_of(document: Document, desk: Desk) -> dict[str, str]:
    """The core elements of GB/T 33480-2016."""
    sheet = stored_sheet(document)
    found = {
        "公文标识": document.uid,
        "文种": document.type,
        "紧急程度": document.urgency,
        "发文机关标志": sheet["issuer_banner"],
        "发文字号": document.number,
        "签发人": document.signer_name,
        "标题": document.title,
        "主送机关": document.main_text,
        "附件说明": "；".join(document.attachment_note),
        "发文机关或签发人署名": "、".join(sheet["signature"]),
        "成文日期": day_text(document.issued),
        "附注": document.annotation,
        "抄送机关": "，".join(document.cc),
        "印发机关": office_of(desk.organ),
        "印发日期": sheet["printing_date"],
    }
    return {name: value for name, value in found.items() if value}


def _dispatching(
    desk: Desk, document: Document, *, package: str, envelope: str, sealed: str
) -> None:
    workflow.require(desk, document, "dispatch")
    if (package, sealed) != (document.package, document.sealed) or not sealed:
        raise Stale(
            "documents.changed",
            "版式文件或分发名单已有变化，请重新核对后再发出。",
            "The file or the list of recipients has changed; check it again before you send.",
        )


def _far(desk: Desk, document: Document, *, package: str, **values: Any) -> str:
    planned = Package.get(Package.uid == package)
    told = _("将发往 %(n)s 个单位，发出后各单位立即收到。", n=planned.total)
    if planned.sign_by is None:
        return told
    return told + _("签收时限为%(day)s。", day=date_cn(local(planned.sign_by)))


@act(
    "documents.dispatch",
    title="分发",
    title_en="Dispatch",
    level="dispatch",
    weight="signed",
    check=_dispatching,
    confirm=_far,
)
def dispatch(desk: Desk, document: Document, *, package: str, envelope: str, sealed: str) -> None:
    """Send it to every recipient, with the acts that led to it.

    :param envelope, sealed: digests of the envelope and of the sealed file.
    """
    before = [document.sign_off_act, document.number_act, document.seal_act]
    release(desk, package, document, envelope=envelope, acts=before)
    forward(desk, document)
    index(document)
