"""Typesetting inside the workshop's child process: a sheet becomes a PDF.

The parent never imports this: Typst and the fonts take memory that only the child should hold.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import typst

from kernel.errors import Invalid
from kernel.work.fonts import FOLDERS, LOCK, lacking
from kernel.work.page_data import page_data
from kernel.work.sheet import Sheet

HERE = Path(__file__).parent
_SOURCES = (
    "typesetter.py",
    "page_data.py",
    "levels.py",
    "title.py",
    "typeset/words.txt",
    "typeset/general.typ",
)
_TOP = 37
_LEVEL_FACES = ("fang", "hei", "kai", "fang", "fang")


def typeset(sheet: Sheet) -> tuple[dict[str, Any], bytes]:
    """The sheet as PDF/A-2b, and what is known about it (see :class:`workshop.Typeset`)."""
    data = page_data(sheet)
    texts = list(_texts(data))
    fallbacks, missing = lacking(texts)
    thin = lacking(each for each in texts if each[0] == "heavy")[0]
    data["thin"] = "".join(char for char in thin if char.isalpha())
    pdf = _compile(sheet.layout, data, archival=not missing)
    if _lonely_signature(sheet.layout):
        name = "hold" if _can_part(data) else "tight"
        pdf = _compile(sheet.layout, data | {name: True}, archival=not missing)
    facts = {
        "pages": _query(sheet.layout, "<pages>")[0],
        "placement": next(iter(_query(sheet.layout, "<seal>")), None),
        "fallbacks": fallbacks,
        "missing": missing,
        "typesetter": typesetter_version(),
    }
    return facts, pdf


def _lonely_signature(layout: str) -> bool:
    """Whether the page of the signature has fewer than two lines of text (此页无正文)."""
    ends, seals = _query(layout, "<end>"), _query(layout, "<seal>")
    if not ends or not seals:
        return False
    second_line = _TOP + 225 / 22
    return bool(
        seals[0]["page"] > ends[0]["page"] or seals[0]["page"] > 1 and ends[0]["y"] < second_line
    )


def _can_part(data: dict[str, Any]) -> bool:
    """Whether one line of the text can stay on the first page when another moves on.

    Otherwise the head gives up two blank lines: 7.3.5.4 allows to tighten the lines for that.
    """
    body = data["body"]
    return len(body) > 1 or sum(len(each["head"] + each["rest"]) for each in body) > 52


@cache
def typesetter_version() -> str:
    """Names the template, the words, the fonts and Typst together: ``general-typst0.15.2-…``."""
    digest = hashlib.sha256(LOCK.read_bytes())
    for name in _SOURCES:
        digest.update((HERE / name).read_bytes())
    return f"general-typst{version('typst')}-{digest.hexdigest()[:16]}"


@cache
def _compiler(layout: str) -> typst.Compiler:
    return typst.Compiler(
        str(HERE / "typeset" / f"{layout}.typ"),
        font_paths=[str(folder) for folder in FOLDERS],
        ignore_system_fonts=True,
    )


def _compile(layout: str, data: dict[str, Any], *, archival: bool) -> bytes:
    inputs = {"sheet": json.dumps(data, ensure_ascii=False)}
    standards: list[Any] = ["a-2b"] if archival else []
    try:
        pdf = _compiler(layout).compile(format="pdf", sys_inputs=inputs, pdf_standards=standards)
    except typst.TypstError as error:
        raise Invalid(
            "workshop.typeset",
            f"这份文稿无法排版（{error.message}），请检查表格和特殊内容。",
            f"This document cannot be typeset ({error.message}); check tables and unusual content.",
        ) from error
    return bytes(pdf)  # type: ignore[arg-type]  # format pdf gives one bytes object


def _query(layout: str, label: str) -> list[Any]:
    return list(json.loads(_compiler(layout).query(label, field="value")))


def _texts(data: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every text that is printed, with the face that should draw it."""
    yield "heavy", data["issuer_banner"] + "".join(data["title_lines"])
    yield "hei", data["urgency"]
    yield "kai", "".join(data["signers"])
    names = ("number", "copy_number", "main_recipients", "issue_date", "annotation", "cc")
    yield "fang", "".join(data[name] for name in (*names, "printing_organ", "printing_date"))
    yield "fang", "".join((*data["attachment_note"], *data["signature"]))
    for each in data["attachments"]:
        yield "heavy", "".join(each["title_lines"])
        yield "hei", "".join(each["columns"])
        yield "fang", "".join(cell for row in each["rows"] for cell in row)
    for paragraph in _paragraphs(data):
        yield _LEVEL_FACES[paragraph["level"]], paragraph["head"]
        yield "fang", paragraph["rest"]


def _paragraphs(data: dict[str, Any]) -> list[dict[str, Any]]:
    return [*data["body"], *(p for each in data["attachments"] for p in each["paragraphs"])]
