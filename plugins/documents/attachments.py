"""Attachments that are typed, pasted, read from a file or made from the data of the node."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kernel.api import Attachment, Invalid, Unit, units, workshop

FORMS = Path(__file__).parent / "forms"
LARGEST = 5 << 20
"""Bytes of a file that is read in."""
MOST_ROWS = 2000
MOST_COLUMNS = 12
ACCESS = {"single": "单点接入", "section": "接入到科室", "none": ""}

Json = dict[str, Any]


def _plain(attachment: Attachment) -> Json:
    return {
        "title": attachment.title,
        "kind": attachment.kind,
        "columns": list(attachment.columns),
        "rows": [list(row) for row in attachment.rows],
        "paragraphs": list(attachment.paragraphs),
    }


def text(title: str, body: str) -> Json:
    """An attachment of plain paragraphs."""
    lines = tuple(line.strip() for line in body.splitlines() if line.strip())
    return _plain(Attachment(title, "text", paragraphs=lines))


def table(title: str, pasted: str) -> Json:
    """A table from pasted cells: tabs between them (from a spreadsheet), or commas (CSV).

    The first line holds the headings.

    :raises Invalid: ``documents.table``.
    """
    sign = "\t" if "\t" in pasted else ","
    lines = pasted.strip("\n").replace("，", ",") if sign == "," else pasted.strip("\n")
    # As Python's own files are read: a lone carriage return ends a line, too.
    read = csv.reader(io.StringIO(lines, newline=None), delimiter=sign)
    try:
        return _checked(title, [tuple(cell.strip() for cell in line) for line in read])
    except csv.Error as error:  # a cell of more than 131,072 signs
        raise _not_a_table() from error


def from_file(title: str, kind: str, name: str, data: bytes) -> Json:
    """An attachment from an uploaded file; its words alone are kept, never the file.

    :param kind: ``text`` (from .docx, .txt) or ``table`` (from .xlsx, .csv).
    :raises Invalid: what is wrong with the file, or ``documents.table``.
    """
    if kind == "table":
        found = workshop().take(data, name, accept=("xlsx", "csv"), largest=LARGEST)
        return _checked(title, [tuple(row) for row in workshop().rows(data, found.kind)])
    found = workshop().take(data, name, accept=("docx", "txt"), largest=LARGEST)
    return text(title, "\n".join(workshop().paragraphs(data, found.kind)))


def _checked(title: str, given: Sequence[tuple[str, ...]]) -> Json:
    rows = [row for row in given if any(row)]
    if len(rows) < 2 or len(rows) > MOST_ROWS or max(map(len, rows)) > MOST_COLUMNS:
        raise _not_a_table()
    return _table(title, rows)


def _not_a_table() -> Invalid:
    return Invalid(
        "documents.table",
        f"表格至少要有表头和一行内容，最多 {MOST_ROWS} 行、{MOST_COLUMNS} 列。"
        "可从电子表格中复制后直接粘贴。",
        f"A table needs headings and a row, and has {MOST_ROWS} rows and {MOST_COLUMNS} "
        "columns at most. Copy it from a spreadsheet and paste it.",
        field="text",
    )


def _table(title: str, rows: Sequence[tuple[str, ...]]) -> Json:
    width = max(map(len, rows))
    full = [row + ("",) * (width - len(row)) for row in rows]
    return _plain(Attachment(title, "table", full[0], tuple(full[1:])))


def unit_list(title: str, *, phase: int = 0, group: str = "") -> Json:
    """A list of units, made from the data: those of a phase of the rollout, or of a group.

    :raises Invalid: ``documents.unit_list`` when there is nobody to list.
    """
    codes = set(units.expand([group], sender="")) if group else set()
    found = [
        unit
        for unit in Unit.ranked().where(Unit.box)
        if (unit.code in codes if group else unit.rollout == phase)
    ]
    if not found:
        raise Invalid(
            "documents.unit_list",
            "没有符合条件的单位，请另选群组或阶段。",
            "There is no such unit; choose another group or phase.",
            field="group",
        )
    access = [ACCESS.get(unit.access_mode, "") for unit in found]
    names = [str(unit.name) for unit in found]
    rows = tuple((str(n), *pair) for n, pair in enumerate(zip(names, access, strict=True), 1))
    return _plain(Attachment(title, "table", ("序号", "单位名称", "接入方式"), rows))


def forms() -> dict[str, Json]:
    """The blank forms that come with the plugin, by title."""
    found = [json.loads(file.read_text("utf-8")) for file in sorted(FORMS.glob("*.json"))]
    return {one["title"]: one for one in found}


def for_note(names: list[str]) -> list[Json]:
    """The attachments that a list of names asks for, where the node can make them itself.

    :raises Invalid: ``documents.no_attachment`` names one that is neither a blank form nor a list.
    """
    return [_for_name(name) for name in names]


def _for_name(name: str) -> Json:
    if name in forms():
        return forms()[name]
    if name.endswith("单位名单"):
        return unit_list(name, phase=1)
    raise Invalid(
        "documents.no_attachment",
        f"附件“{name}”没有内容，请在文稿数据中提供。",
        f"The attachment {name!r} has no content; give it in the data of the document.",
        field="attachments",
    )
