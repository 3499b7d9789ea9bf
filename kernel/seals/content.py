"""The content of a document: what the signature of the person who signs it off covers.

Title, recipients, text, attachments, notes and urgency; never number, dates, signer or copy
number, so that numbering does not stale a sign-off (条例 art. 9, 22).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec.structs import asdict

from kernel.crypto.canonical import digest, dumps, loads
from kernel.errors import Unverified
from kernel.work.sheet import Attachment, Sheet

FORMAT = "juyan-content-1"

_PRINTED = {
    "title": ("title", "标题"),
    "main_text": ("main_recipients", "主送机关"),
    "cc": ("cc", "抄送机关"),
    "body": ("body", "正文"),
    "attachment_note": ("attachment_note", "附件说明"),
    "attachments": ("attachments", "附件"),
    "annotation": ("annotation", "附注"),
    "urgency": ("urgency", "紧急程度"),
}
"""Element of the content → element of the sheet and its name for people."""


def content_of(
    *,
    title: str,
    main: Sequence[str],
    main_text: str,
    body: Sequence[str],
    cc: Sequence[str] = (),
    attachment_note: Sequence[str] = (),
    attachments: Sequence[Attachment] = (),
    annotation: str = "",
    urgency: str = "",
) -> dict[str, Any]:
    """The content as JSON; its digest (:func:`digest_of`) is the one of the document.

    :param main: codes of units and names of groups; :param main_text: the line as printed.
    :param cc: the names as printed. :param attachments: as they will stand on the sheet.
    """
    value = {
        "format": FORMAT,
        "title": title,
        "main": list(main),
        "main_text": main_text,
        "cc": list(cc),
        "body": list(body),
        "attachment_note": list(attachment_note),
        "attachments": [asdict(each) for each in attachments],
        "annotation": annotation,
        "urgency": urgency,
    }
    plain: dict[str, Any] = loads(dumps(value))
    return plain


def digest_of(content: Mapping[str, Any]) -> str:
    """``sha256:<hex>`` of the canonical JSON of the content."""
    return digest(dumps(dict(content)))


def matches(content: Mapping[str, Any], sheet: Sheet) -> None:
    """Check that a sheet prints exactly this content.

    :raises Unverified: ``seals.content``, naming the element that differs.
    """
    if content.keys() != {"format", "main", *_PRINTED} or content["format"] != FORMAT:
        raise _differs("格式", "format")
    printed = sheet.to_json()
    for name, (element, zh) in _PRINTED.items():
        if content[name] != printed[element]:
            raise _differs(zh, name)


def _differs(zh: str, en: str) -> Unverified:
    return Unverified(
        "seals.content",
        f"版面与签发的内容不一致（{zh}），不能用印。请重新排版，内容有改动的须重新签发。",
        f"The sheet is not what was signed off ({en}), so it cannot be sealed. Typeset it again; "
        "if the content changed, have it signed off again.",
    )
