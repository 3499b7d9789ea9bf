"""The document workshop: typesetting, page images and uploads in warm child processes.

A child keeps Typst and the fonts in memory, so a preview takes tenths of a second, and whatever a
strange document does to it ends there: the child is stopped at its limits and started again.
Uploads have a child of their own, without fonts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from msgspec import Struct

from kernel.errors import Invalid, OfficeError, Unavailable
from kernel.settings import ROOT
from kernel.slots import Slot
from kernel.work.sheet import Sheet
from kernel.work.uploads import LARGEST, Upload
from kernel.work.workshop_wire import receive, send

LONGEST_TEXT = 1_000_000
"""Characters of one sheet; about 1,600 pages of text."""
UPLOADS = 6
"""Uploads that are looked into or in line: a quarter of the places at the door of the portal."""
BUSY = "workshop.busy"


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
    """The parent's side of the children. Safe to use from many threads.

    One child typesets and shows pages, one reads what people upload, so that readers never wait
    for a strange file. Each does one job at a time and is started with its first one.

    :param seconds: the longest that one job may take before its child is stopped.
    :param upload_seconds: the same for uploads; a document of 300 pages takes one or two.
    :param patience: seconds that a job waits for its turn at most.
    """

    def __init__(
        self, *, seconds: float = 60.0, upload_seconds: float = 20.0, patience: float = 15.0
    ) -> None:
        self._pages = _Bench(seconds, patience, _stopped)
        self._uploads = _Bench(upload_seconds, patience, _slow, places=UPLOADS)

    def typeset(self, sheet: Sheet) -> Typeset:
        """Typeset a sheet; the same sheet gives the same bytes in every process.

        :raises Invalid: ``workshop.too_long``.
        :raises Unavailable: ``workshop.stopped``, when the child failed or took too long;
            ``workshop.busy``, when others had it for too long (so may every job).
        """
        value = sheet.to_json()
        if len(json.dumps(value, ensure_ascii=False)) > LONGEST_TEXT:
            raise Invalid(
                "workshop.too_long",
                "文稿太长，无法排版，请将部分内容改为附件文件。",
                "The document is too long to typeset; move parts of it into attached files.",
            )
        facts, pdf = self._pages.ask({"job": "typeset", "sheet": value})
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
        return self._pages.ask({"job": "page_image", "page": page, "scale": scale}, pdf)[1]

    def page_text(self, pdf: bytes) -> list[str]:
        """The text of each page, for search and for reading aloud.

        :raises Invalid: ``workshop.pdf``.
        """
        return list(self._pages.ask({"job": "page_text"}, pdf)[0]["pages"])

    def take(
        self, data: bytes, name: str, *, accept: Collection[str], largest: int = LARGEST
    ) -> Upload:
        """Look into an uploaded file and say what it is (:func:`kernel.work.uploads.take`).

        :param accept: the kinds that this place takes, as in ``uploads.MEDIA``.
        :raises Invalid: ``uploads.*``, ``zip.*``, ``xml.*``, with a sentence for the form;
            ``uploads.slow`` where it takes too long (so may every job about an upload).
        """
        job = {"job": "take", "name": name, "accept": list(accept), "largest": largest}
        return Upload(**self._uploads.ask(job, data)[0])

    def paragraphs(self, data: bytes, kind: str) -> list[str]:
        """The paragraphs of a ``docx`` or ``txt`` that was taken.

        :raises Invalid: ``uploads.unreadable``.
        """
        return list(self._uploads.ask({"job": "paragraphs", "kind": kind}, data)[0]["paragraphs"])

    def rows(self, data: bytes, kind: str) -> list[list[str]]:
        """The cells of an ``xlsx`` (its first sheet) or ``csv`` that was taken.

        :raises Invalid: ``uploads.unreadable``, ``uploads.cells``.
        """
        return list(self._uploads.ask({"job": "rows", "kind": kind}, data)[0]["rows"])

    def word(self, data: bytes) -> dict[str, Any]:
        """The lines and tables of a ``docx`` that was taken, and what is not among them.

        ``{"blocks": [{"text", "align", "numbered"} | {"rows", "merged"}], "dropped": {what: n}}``:
        automatic numbers are written out, tracked changes accepted; ``dropped`` counts images,
        boxes, comments, notes, objects, formulas, signs, hidden runs and changes.

        :raises Invalid: ``uploads.unreadable``, ``uploads.blocks``.
        """
        return self._uploads.ask({"job": "word"}, data)[0]

    @property
    def child_pid(self) -> int | None:
        """The process id of the child that typesets, where there is one."""
        return self._pages.pid

    @property
    def upload_pid(self) -> int | None:
        """The process id of the child that reads uploads, where there is one."""
        return self._uploads.pid

    def close(self) -> None:
        """Stop the children; the next job would start a new one."""
        self._pages.close()
        self._uploads.close()


class _Bench:
    """One child, and the line before it.

    :param late: the refusal of a job that took too long.
    :param places: how many may be at it or in line.
    """

    def __init__(
        self,
        seconds: float,
        patience: float,
        late: Callable[[], OfficeError],
        places: int = sys.maxsize,
    ) -> None:
        self._seconds, self._patience, self._late = seconds, patience, late
        self._places = threading.Semaphore(places)
        self._lock = threading.Lock()
        self._begun: float | None = None
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        return self._child.pid if self._child else None

    def close(self) -> None:
        with self._lock:
            self._stop()

    def ask(self, job: dict[str, Any], blob: bytes = b"") -> tuple[dict[str, Any], bytes]:
        with self._turn():
            begun = time.monotonic()
            try:
                head, out = self._exchange(self._started(), job, blob)
            except (OSError, EOFError) as error:
                self._stop()
                late = time.monotonic() - begun >= self._seconds
                raise (self._late() if late else _stopped()) from error
        if "error" in head:
            *said, field = head["error"]
            raise Invalid(*said, field=field)
        return head, out

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """A turn at the child; ``workshop.busy`` soon, because who waits holds a place at the door.

        Who comes while one job takes too long is told at once, or all places would be held again
        and again until it ends.
        """
        begun = self._begun
        stuck = begun is not None and time.monotonic() - begun > self._patience
        if not self._places.acquire(blocking=False):
            raise _busy()
        try:
            if not self._lock.acquire(timeout=0 if stuck else self._patience):
                raise _busy()
            try:
                self._begun = time.monotonic()
                yield
            finally:
                self._begun = None
                self._lock.release()
        finally:
            self._places.release()

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


def _slow() -> Invalid:
    return Invalid(
        "uploads.slow",
        "没有收下：文件内容过于复杂，检查用时太长，已经停止。请拆成几份，或用原来的软件另存后再上传。",
        "Not taken: the file is too complex, and looking into it took too long. "
        "Split it, or save it again in its own program and upload that.",
        field="file",
    )


def _busy() -> Unavailable:
    return Unavailable(
        BUSY,
        "现在处理文件的人较多，这次没有办理。请稍等几秒后重试。",
        "Many files are being worked on; this one was not. Please try again in a few seconds.",
    )
