"""Text and tables out of uploaded files. Runs in the workshop's child only."""

from __future__ import annotations

import csv
import io
from datetime import date, datetime
from typing import Any

from openpyxl import load_workbook

from kernel.errors import Invalid
from kernel.work import markup, uploads, zips

MOST_ROWS = 5000
MOST_COLUMNS = 100
_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"


def paragraphs(data: bytes, kind: str) -> list[str]:
    """The paragraphs of a ``docx`` or ``txt``, without those that are empty.

    :raises Invalid: ``uploads.unreadable``.
    """
    if kind == "docx":
        root = markup.parse(zips.members(data)["word/document.xml"])
        lines = ["".join(_run(one) for one in p.iter()) for p in root.iter(f"{_W}p")]
    else:
        lines = (uploads.text_of(data) or "").splitlines()
    return [line.strip() for line in lines if line.strip()]


def _run(element: Any) -> str:
    if element.tag == f"{_W}t":
        return element.text or ""
    return " " if element.tag in (f"{_W}tab", f"{_W}br") else ""


def rows(data: bytes, kind: str) -> list[list[str]]:
    """The cells of the first sheet of an ``xlsx``, or of a ``csv``; empty rows are left out.

    :raises Invalid: ``uploads.unreadable``, ``uploads.cells`` where there are too many.
    """
    found = _sheet(data) if kind == "xlsx" else _csv(data)
    full = [row for row in found if any(row)]
    if len(full) > MOST_ROWS or max(map(len, full), default=0) > MOST_COLUMNS:
        raise Invalid(
            "uploads.cells",
            f"表格太大，最多 {MOST_ROWS} 行、{MOST_COLUMNS} 列。请拆成几个表格。",
            f"The table is too large: {MOST_ROWS} rows, {MOST_COLUMNS} columns at most. Split it.",
            field="file",
        )
    return full


def _sheet(data: bytes) -> list[list[str]]:
    try:
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
        sheet: Any = book.worksheets[0]
        # What the file says about its size may be a lie; so many rows are read and no more.
        sheet.reset_dimensions()
        cells = sheet.iter_rows(max_row=MOST_ROWS + 1, max_col=MOST_COLUMNS + 1, values_only=True)
        return [_trimmed([_text(cell) for cell in row]) for row in cells]
    except Exception as error:
        # openpyxl has no error class of its own: a broken sheet raises whatever it stumbles over.
        raise _unreadable() from error


def _csv(data: bytes) -> list[list[str]]:
    text = uploads.text_of(data) or ""
    try:
        return [[cell.strip() for cell in row] for row in csv.reader(io.StringIO(text))]
    except csv.Error as error:
        raise _unreadable() from error


def _trimmed(row: list[str]) -> list[str]:
    while row and not row[-1]:
        row.pop()
    return row


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}" if value.hour or value.minute else f"{value:%Y-%m-%d}"
    if isinstance(value, date):
        return value.isoformat()
    return str(value).strip()


def _unreadable() -> Invalid:
    return Invalid(
        "uploads.unreadable",
        "文件内容读不出来，请用原来的软件重新保存后再上传。",
        "The file cannot be read; save it again in its own program and upload that.",
        field="file",
    )
