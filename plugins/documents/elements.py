"""The elements that a drafter fills in, and what they may hold (条例 art. 8 and 9)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from kernel.api import Attachment, Invalid, Lazy, Unit, _l, units
from plugins.documents import classes

TYPES: dict[str, Lazy] = {
    "通知": _l("通知"),
    "函": _l("函"),
    "请示": _l("请示"),
    "报告": _l("报告"),
    "意见": _l("意见"),
    "批复": _l("批复"),
    "通报": _l("通报"),
    "决定": _l("决定"),
    "纪要": _l("纪要"),
    "通告": _l("通告"),
    "公告": _l("公告"),
    "公报": _l("公报"),
    "决议": _l("决议"),
    "命令": _l("命令"),
    "议案": _l("议案"),
}
"""The fifteen types of article 8, the usual ones first."""
URGENCIES = ("", "加急", "特急")
DISCLOSURES: dict[str, Lazy] = {
    "主动公开": _l("主动公开"),
    "依申请公开": _l("依申请公开"),
    "不予公开": _l("不予公开"),
}
LONGEST_BODY = 100_000
LONGEST = {
    "type": 10,
    "series": 30,
    "title": 200,
    "main_text": 1000,
    "annotation": 200,
    "urgency": 10,
    "disclosure": 10,
    "disclosure_reason": 200,
}
MOST_ATTACHMENTS = 20
LONGEST_ATTACHMENTS = 300_000
_LISTS = ("main", "cc", "body", "attachment_note", "attachments")

Content = dict[str, Any]
"""The columns of a document that its drafter writes."""


def empty(type_: str, organ: Unit) -> Content:
    """What a new document starts with."""
    texts = dict.fromkeys(LONGEST, "")
    lists: Content = {name: [] for name in _LISTS}
    return {**texts, **lists, "type": type_, "series": str(organ.doc_prefix)}


def names() -> tuple[str, ...]:
    """The columns of a document that its drafter writes."""
    return (*LONGEST, *_LISTS)


def check(content: Mapping[str, Any]) -> None:
    """Refuse what cannot be an element of a document, naming the field.

    :raises Invalid: ``documents.element``, ``documents.long``, ``documents.attachments``,
        ``workshop.sheet``.
    """
    if content.keys() != {*LONGEST, *_LISTS}:
        raise _wrong("、".join({*LONGEST, *_LISTS} ^ content.keys()))
    for name, limit in LONGEST.items():
        _check_length(name, content[name], limit)
    for name in ("main", "cc", "body", "attachment_note"):
        if not all(isinstance(one, str) for one in content[name]):
            raise _wrong(name)
    _check_length("body", "".join(content["body"]), LONGEST_BODY)
    _check_attachments(content["attachments"])


def _check_attachments(attachments: list[Any]) -> None:
    for one in attachments:
        Attachment.from_json(one)
    size = len(json.dumps(attachments, ensure_ascii=False))
    if len(attachments) > MOST_ATTACHMENTS or size > LONGEST_ATTACHMENTS:
        raise Invalid(
            "documents.attachments",
            f"附件最多 {MOST_ATTACHMENTS} 个、合计不超过 30 万字，请精简，或另行报送。",
            f"At most {MOST_ATTACHMENTS} attachments with 300,000 characters in all; shorten them.",
            field="attachments",
        )


def _check_length(name: str, value: object, limit: int) -> None:
    if not isinstance(value, str):
        raise _wrong(name)
    if len(value) > limit:
        raise Invalid(
            "documents.long",
            f"内容不能超过 {limit} 字，现有 {len(value)} 字。请精简，或将部分内容改为附件。",
            f"At most {limit} characters; it has {len(value)}. Shorten it or use an attachment.",
            field=name,
        )


def _wrong(name: str) -> Invalid:
    return Invalid(
        "documents.element",
        f"公文要素“{name}”填写有误，请按表单重新填写。",
        f"The element {name!r} is not as it should be; fill it in again.",
    )


def texts_of(content: Mapping[str, Any]) -> list[str]:
    """Every text that will be stored, for the scanners."""
    found = [str(content[name]) for name in LONGEST]
    found += [*content["cc"], *content["attachment_note"]]
    found.append("\n".join(content["body"]))
    for one in content["attachments"]:
        cells = [cell for row in (one.get("columns", ()), *one.get("rows", ())) for cell in row]
        found += [one["title"], "\n".join([*cells, *one.get("paragraphs", ())])]
    return found


def printed_name(value: str) -> str:
    """How a chosen recipient is printed: a group by its name, a unit by its short name."""
    unit = Unit.get_or_none(Unit.code == value)
    return value if unit is None else str(unit.short_name)


def recipients_line(values: list[str]) -> str:
    """The line of main recipients for what was chosen; empty for nothing."""
    line = classes.joined([(value, printed_name(value)) for value in values])
    return f"{line}：" if line else ""


def recipients(main: list[str], cc: list[str], sender: str) -> list[tuple[str, str]]:
    """The boxes that receive it, each once: ``(code, "main" | "cc")``.

    :raises Invalid: ``units.no_recipient`` names what is no unit, no group or has no box.
    """
    first = units.expand(main, sender=sender, field="main")
    second = units.expand(cc, sender=sender, field="cc")
    return [(code, "main") for code in first] + [
        (code, "cc") for code in second if code not in first
    ]
