"""The workshop's child: ``python -m kernel.work.workshop_child``, jobs on stdin, answers on stdout.

It opens no network, no database and no keys; it ends when its parent does.
"""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable
from typing import Any

from msgspec.structs import asdict

from kernel.errors import OfficeError
from kernel.work import imports, page_view, typesetter, uploads, word_import
from kernel.work.sheet import Sheet
from kernel.work.workshop_wire import receive, send

MEMORY = 2 << 30
"""Bytes of address space: a document that wants more ends the child, not the machine."""

Answer = tuple[dict[str, Any], bytes]


def _typeset(job: dict[str, Any], _: bytes) -> Answer:
    return typesetter.typeset(Sheet.from_json(job["sheet"]))


def _page_image(job: dict[str, Any], pdf: bytes) -> Answer:
    return {}, page_view.image(pdf, job["page"], job["scale"])


def _page_text(_: dict[str, Any], pdf: bytes) -> Answer:
    return {"pages": page_view.texts(pdf)}, b""


def _take(job: dict[str, Any], data: bytes) -> Answer:
    found = uploads.take(data, job["name"], accept=job["accept"], largest=job["largest"])
    return asdict(found), b""


def _paragraphs(job: dict[str, Any], data: bytes) -> Answer:
    return {"paragraphs": imports.paragraphs(data, job["kind"])}, b""


def _rows(job: dict[str, Any], data: bytes) -> Answer:
    return {"rows": imports.rows(data, job["kind"])}, b""


def _word(_: dict[str, Any], data: bytes) -> Answer:
    return word_import.read(data), b""


JOBS: dict[str, Callable[[dict[str, Any], bytes], Answer]] = {
    "typeset": _typeset,
    "page_image": _page_image,
    "page_text": _page_text,
    "take": _take,
    "paragraphs": _paragraphs,
    "rows": _rows,
    "word": _word,
}


def main() -> None:
    """Answer jobs until stdin ends."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # because a library that prints would otherwise break the answers
    while True:
        try:
            job, blob = receive(sys.stdin.buffer)
        except EOFError:
            return
        try:
            head, out = JOBS[job["job"]](job, blob)
        except OfficeError as error:
            head, out = {"error": [error.code, error.zh, error.en, error.field]}, b""
        send(answers, head, out)


if __name__ == "__main__":
    main()
