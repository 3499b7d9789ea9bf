"""The document workshop: typesetting and page images in a warm child process.

A child keeps Typst and the fonts in memory, so a preview takes tenths of a second, and whatever a
strange document does to it ends there: the child is stopped at its limits and started again.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Collection
from contextlib import suppress
from typing import Any

from msgspec import Struct

from kernel.errors import Invalid, Unavailable
from kernel.settings import ROOT
from kernel.slots import Slot
from kernel.work.sheet import Sheet
from kernel.work.uploads import LARGEST, Upload
from kernel.work.workshop_wire import receive, send

LONGEST_TEXT = 1_000_000
"""Characters of one sheet; about 1,600 pages of text."""


class Placement(Struct, frozen=True):
    """Where the seal stands: page from 1, its centre in mm from the page's top left corner."""

    page: int
    x_mm: float
    y_mm: float


class Typeset(Struct, frozen=True):
    """A document as it will be printed."""

    pdf: bytes
    pages: int
    placement: Placement | None
    """``None`` where nothing is to be sealed (no signature or no date)."""
    fallbacks: tuple[str, ...]
    """Characters that the proper font lacks; they stand in Noto and should be shown to the user."""
    missing: tuple[str, ...]
    """Characters that no font has; the document cannot be issued with them."""
    typesetter: str
    """Version of template, fonts and Typst together: another one may give other bytes."""


class Workshop:
    """The parent's side of the child. Safe to use from many threads; one job runs at a time.

    :param seconds: the longest that one job may take before its child is stopped.
    """

    def __init__(self, *, seconds: float = 60.0) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def typeset(self, sheet: Sheet) -> Typeset:
        """Typeset a sheet; the same sheet gives the same bytes in every process.

        :raises Invalid: ``workshop.too_long``.
        :raises Unavailable: ``workshop.stopped``, when the child failed or took too long.
        """
        value = sheet.to_json()
        if len(json.dumps(value, ensure_ascii=False)) > LONGEST_TEXT:
            raise Invalid(
                "workshop.too_long",
                "文稿太长，无法排版，请将部分内容改为附件文件。",
                "The document is too long to typeset; move parts of it into attached files.",
            )
        facts, pdf = self._ask({"job": "typeset", "sheet": value})
        place = facts["placement"]
        return Typeset(
            pdf=pdf,
            pages=facts["pages"],
            placement=Placement(place["page"], place["x"], place["y"]) if place else None,
            fallbacks=tuple(facts["fallbacks"]),
            missing=tuple(facts["missing"]),
            typesetter=facts["typesetter"],
        )

    def page_image(self, pdf: bytes, page: int, scale: float = 2.0) -> bytes:
        """One page (from 1) as PNG, seals included; scale 2 gives 1190 × 1684 pixels for A4.

        :raises Invalid: ``workshop.pdf`` or ``workshop.page``.
        """
        return self._ask({"job": "page_image", "page": page, "scale": scale}, pdf)[1]

    def page_text(self, pdf: bytes) -> list[str]:
        """The text of each page, for search and for reading aloud.

        :raises Invalid: ``workshop.pdf``.
        """
        return list(self._ask({"job": "page_text"}, pdf)[0]["pages"])

    def take(
        self, data: bytes, name: str, *, accept: Collection[str], largest: int = LARGEST
    ) -> Upload:
        """Look into an uploaded file and say what it is (:func:`kernel.work.uploads.take`).

        :param accept: the kinds that this place takes, as in ``uploads.MEDIA``.
        :raises Invalid: ``uploads.*``, ``zip.*``, ``xml.*``, with a sentence for the form.
        """
        job = {"job": "take", "name": name, "accept": list(accept), "largest": largest}
        return Upload(**self._ask(job, data)[0])

    def paragraphs(self, data: bytes, kind: str) -> list[str]:
        """The paragraphs of a ``docx`` or ``txt`` that was taken.

        :raises Invalid: ``uploads.unreadable``.
        """
        return list(self._ask({"job": "paragraphs", "kind": kind}, data)[0]["paragraphs"])

    def rows(self, data: bytes, kind: str) -> list[list[str]]:
        """The cells of an ``xlsx`` (its first sheet) or ``csv`` that was taken.

        :raises Invalid: ``uploads.unreadable``, ``uploads.cells``.
        """
        return list(self._ask({"job": "rows", "kind": kind}, data)[0]["rows"])

    def word(self, data: bytes) -> dict[str, Any]:
        """The lines and tables of a ``docx`` that was taken, and what is not among them.

        ``{"blocks": [{"text", "align", "numbered"} | {"rows", "merged"}], "dropped": {what: n}}``:
        automatic numbers are written out, tracked changes accepted; ``dropped`` counts images,
        boxes, comments, notes, objects, formulas, signs, hidden runs and changes.

        :raises Invalid: ``uploads.unreadable``, ``uploads.blocks``.
        """
        return self._ask({"job": "word"}, data)[0]

    @property
    def child_pid(self) -> int | None:
        """The process id of the running child, where there is one."""
        return self._child.pid if self._child else None

    def close(self) -> None:
        """Stop the child; the next job would start a new one."""
        with self._lock:
            self._stop()

    def _ask(self, job: dict[str, Any], blob: bytes = b"") -> tuple[dict[str, Any], bytes]:
        with self._lock:
            try:
                head, out = self._exchange(self._started(), job, blob)
            except (OSError, EOFError) as error:
                self._stop()
                raise _stopped() from error
        if "error" in head:
            *said, field = head["error"]
            raise Invalid(*said, field=field)
        return head, out

    def _exchange(
        self, child: subprocess.Popen[bytes], job: dict[str, Any], blob: bytes
    ) -> tuple[dict[str, Any], bytes]:
        if child.stdin is None or child.stdout is None:
            raise EOFError
        limit = threading.Timer(self._seconds, child.kill)
        limit.start()
        try:
            send(child.stdin, job, blob)
            return receive(child.stdout)
        finally:
            limit.cancel()

    def _started(self) -> subprocess.Popen[bytes]:
        if self._child is None or self._child.poll() is not None:
            self._stop()
            self._child = _spawn()
        return self._child

    def _stop(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.wait()
            for pipe in (child.stdin, child.stdout):
                if pipe:
                    with suppress(OSError):  # what a dead child was still to be told
                        pipe.close()


def _spawn() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "kernel.work.workshop_child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )


workshop = Slot[Workshop]("workshop")
"""The workshop of the open node."""


def _stopped() -> Unavailable:
    return Unavailable(
        "workshop.stopped",
        "排版程序中断，已自动重启，请再试一次；如仍不行，请检查文稿中的特殊内容。",
        "The typesetter stopped and was started again. Try once more; "
        "if it stops again, look for unusual content in the document.",
    )
