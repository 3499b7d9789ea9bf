"""From a document to its printed page: the sheet, and the final fixed-layout file."""

from __future__ import annotations

from datetime import date
from typing import Any

from kernel.api import (
    Attachment,
    Invalid,
    Sheet,
    Unit,
    blobs,
    canonical,
    local,
    now,
    settings,
    units,
    workshop,
)
from plugins.documents.checking import check_register
from plugins.documents.models import Document


def day_text(iso: str) -> str:
    """``2026年11月22日`` for ``2026-11-22``, without leading zeros (GB/T 9704-2012, 7.3.5.4)."""
    if not iso:
        return ""
    day = date.fromisoformat(iso)
    return f"{day.year}年{day.month}月{day.day}日"


def today() -> str:
    """Today in Zhangye, ISO."""
    return local(now()).date().isoformat()


def office_of(organ: Unit) -> str:
    """Who prints an organ's documents: the office itself, or the organ's office."""
    name = str(organ.name)
    return name if name.endswith("办公室") else f"{name}办公室"


def sheet_of(document: Document, *, upward: bool = False, printed: str = "") -> Sheet:
    """Everything that is printed.

    :param upward: upward documents show who signed them (条例 art. 9(6)).
    :param printed: the day of printing, ISO; not printed where empty.
    """
    organ = Unit.by_code(document.organ)
    return Sheet(
        title=document.title,
        body=tuple(document.body),
        issuer_banner=units.letterhead(organ),
        number=document.number,
        urgency=document.urgency,
        signer_name=document.signer_name if upward else "",
        main_recipients=document.main_text,
        attachment_note=tuple(document.attachment_note),
        signature=(organ.name,),
        issue_date=day_text(document.issued),
        annotation=document.annotation,
        attachments=tuple(Attachment.from_json(one) for one in document.attachments),
        cc=tuple(document.cc),
        printing_organ=office_of(organ),
        printing_date=day_text(printed or document.issued),
        demo=settings().demo,
    )


def fix_layout(document: Document, *, upward: bool) -> dict[str, Any]:
    """Make the final file and keep it and its sheet as blobs; the arguments of the act.

    Call it outside any transaction, because it takes a second.

    :raises Invalid: ``documents.glyphs`` names characters that no font has; ``documents.r43`` …
        for a number or date that is not as the standard wants it.
    """
    for hit in check_register(document.number, day_text(document.issued)):
        raise Invalid(f"documents.{hit.rule.lower()}", hit.zh, hit.en)
    sheet = sheet_of(document, upward=upward, printed=today())
    made = workshop().typeset(sheet)
    if made.missing or made.placement is None:
        raise _no_glyphs(made.missing)
    return {
        "sheet": blobs().put(canonical.dumps(sheet.to_json())),
        "pdf": blobs().put(made.pdf),
        "pdf_size": len(made.pdf),
        "pages": made.pages,
        "page": made.placement.page,
        "x_um": round(made.placement.x_mm * 1000),
        "y_um": round(made.placement.y_mm * 1000),
    }


def stored_sheet(document: Document) -> dict[str, Any]:
    """The sheet of the final file, as JSON."""
    found: dict[str, Any] = canonical.loads(blobs().get(document.sheet))
    return found


def _no_glyphs(missing: tuple[str, ...]) -> Invalid:
    signs = "、".join(missing)
    return Invalid(
        "documents.glyphs",
        f"这些字没有可用的字体，不能印发：{signs}。请退回修改，换用规范字。",
        f"No font has these characters, so it cannot be issued: {signs}. Replace them.",
    )
