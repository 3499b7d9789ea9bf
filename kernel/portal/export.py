"""Lists as files: CSV that spreadsheet programs open in Chinese, and XLSX."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from kernel.deferred import pattern
from kernel.errors import Invalid
from kernel.portal.cursor import Cursor
from kernel.portal.lists import Fetch, ListSpec, parse, read
from kernel.portal.words import local

MOST_ROWS = 20_000
_UNWRITABLE = pattern("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no cell of a spreadsheet can hold; what comes from outside may bring it."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""How a cell begins that a spreadsheet program would run; the full-width signs, because programs
with an East Asian input take them for the narrow ones."""
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


class File(Struct, frozen=True):
    """A file to be sent."""

    name: str
    media_type: str
    content: bytes


def export(spec: ListSpec, params: Mapping[str, str], *, fetch: Fetch, kind: str) -> File:
    """The whole list, as searched and filtered, at most 20,000 rows.

    :param kind: ``csv`` or ``xlsx``.
    :raises Invalid: ``lists.format``.
    """
    rows = _rows(spec, params, fetch)
    if kind == "csv":
        return File(f"{spec.title}.csv", "text/csv; charset=utf-8", _csv(rows))
    if kind == "xlsx":
        return File(f"{spec.title}.xlsx", XLSX, _xlsx(str(spec.title), rows))
    raise Invalid(
        "lists.format",
        "只能导出为 CSV 或 XLSX，请重新选择。",
        "A list can be exported as CSV or XLSX; choose one of them.",
    )


def _rows(spec: ListSpec, params: Mapping[str, str], fetch: Fetch) -> Iterator[list[object]]:
    yield [str(column.label) for column in spec.columns]
    query = replace(parse(spec, params), cursor=None)
    sort = spec.sort(query.sort)
    sent = 0
    while sent < MOST_ROWS:
        found = fetch(query, 500)
        for item in found:
            yield [_cell(column.of(item)) for column in spec.columns]
        sent += len(found)
        if len(found) < 500:
            return
        last = found[-1]
        query = replace(query, cursor=Cursor(sort.name, read(last, sort.key), read(last, spec.uid)))


def _cell(value: object) -> object:
    if value is None:
        return ""
    if isinstance(value, bool | int | float):
        return value
    if isinstance(value, datetime):
        return f"{local(value):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    text = _UNWRITABLE.sub("", str(value))
    # A spreadsheet program would run what begins like a formula; the apostrophe makes it text.
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(rows: Iterator[list[object]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    return b"\xef\xbb\xbf" + out.getvalue().encode()


def _xlsx(title: str, rows: Iterator[list[object]]) -> bytes:
    from openpyxl import Workbook  # large, and wanted by few: not at the start

    book = Workbook(write_only=True)
    sheet: Any = book.create_sheet("".join(sign for sign in title if sign not in r"[]:*?/\ ")[:31])
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
