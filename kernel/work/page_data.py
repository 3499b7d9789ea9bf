"""A sheet as the templates want it: levels found, title broken, columns weighed."""

from __future__ import annotations

import re
import unicodedata
from typing import Any

from kernel.deferred import pattern
from kernel.work.levels import is_heading_line, level_of
from kernel.work.sheet import Attachment, Sheet
from kernel.work.title import break_title

_DATE = pattern(r"(\d{4})年(\d{1,2})月(\d{1,2})日")
_STAGE = pattern(r"第[一二三四五六七八九十]{1,3}(?:阶段|步|部分|章|节|条)")
_ONE_LINE = 26
"""Characters of a first line: 28 less the indent."""


def page_data(sheet: Sheet) -> dict[str, Any]:
    """The JSON value that ``general.typ`` reads."""
    return sheet.to_json() | {
        "title_lines": break_title(sheet.title, names=_names(sheet)),
        "date": _date(sheet.issue_date),
        "author": "、".join(sheet.signature) or sheet.issuer_banner,
        "signers": [name for name in re.split(r"[\s、，]+", sheet.signer_name) if name],
        "main_recipients": _with_end(sheet.main_recipients, "：", ":："),
        "body": [_paragraph(text) for text in sheet.body if text.strip()],
        "hold": False,
        "tight": False,
        "annotation": sheet.annotation.strip("（）()"),
        "attachments": [_attachment(each) for each in sheet.attachments],
        "cc": _with_end("，".join(sheet.cc), "。", "。."),
    }


def _names(sheet: Sheet) -> list[str]:
    """Names that a title may hold and that are never broken."""
    return [*sheet.signature, sheet.printing_organ, sheet.issuer_banner.removesuffix("文件")]


def _date(text: str) -> tuple[int, int, int]:
    """The document's own date, so that the same sheet gives the same bytes on every day."""
    found = _DATE.search(text)
    year, month, day = map(int, found.groups()) if found else (2000, 1, 1)
    return year, min(max(month, 1), 12), min(max(day, 1), 28 if month == 2 else 30)


def _with_end(text: str, end: str, others: str) -> str:
    return text.rstrip(others) + end if text else ""


def _paragraph(text: str) -> dict[str, Any]:
    level, end = level_of(text)
    return {"level": level, "head": text[:end], "rest": text[end:], "keep": _keeps(text)}


def _keeps(text: str) -> bool:
    """Whether it announces what follows and so never stands alone at the end of a page."""
    short = len(text) <= _ONE_LINE
    return is_heading_line(text) or (short and (bool(_STAGE.match(text)) or text[-1:] == "："))


def _attachment(each: Attachment) -> dict[str, Any]:
    lines = [each.columns, *each.rows]
    width = max(map(len, lines), default=1) or 1
    return {
        "title_lines": break_title(each.title),
        "kind": each.kind,
        "columns": each.columns,
        "rows": each.rows,
        "paragraphs": [_paragraph(text) for text in each.paragraphs],
        "width": width,
        **_columns(each, width),
    }


def _columns(each: Attachment, width: int) -> dict[str, Any]:
    """Shares of the columns by their longest cell, and which are read from the left.

    A table without a header is a form: its empty columns leave room for handwriting.
    """
    full = [row for row in (each.columns, *each.rows) if len(row) == width] or [("",) * width]
    longest = [max(map(_breadth, column)) for column in zip(*full, strict=True)]
    least, spare = (4.0, 2.0) if each.columns else (7.0, 3.0)
    return {
        "weights": [min(max(size + spare, least), 24.0) for size in longest],
        "left": [bool(each.columns) and size > 10 for size in longest],
    }


def _breadth(cell: str) -> float:
    """Characters of its longest line; a Latin letter is half a character wide."""
    return max(sum(map(_character, line)) for line in cell.split("\n"))


def _character(char: str) -> float:
    return 1.0 if unicodedata.east_asian_width(char) in "WFA" else 0.5
