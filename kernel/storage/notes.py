"""Checkpoints noted outside the database, so that an older database put in its place is noticed.

``checkpoints.log`` in the instance folder, and the same lines in a second place where the setting
``witness`` names one. Each line is a JSON object: the signed note, and how far number series had
come that moved since the line before. Lines are only added.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from kernel.crypto.ids import now, stamp
from kernel.crypto.keyfile import write_private
from kernel.crypto.note import Checkpoint, read_checkpoint
from kernel.errors import OfficeError
from kernel.slots import Slot
from kernel.storage import instance

FILE = "checkpoints.log"
LONGEST = 1024 * 1024
"""Bytes after which a file begins anew with one line for each epoch."""
Marks = dict[str, int]
"""How far number series have come: ``<organ>/<name>/<year>`` to the highest number taken."""
_log = logging.getLogger("juyan.storage")


class Notebook:
    """The notes of the open node.

    :param files: where they are kept; the first is the node's own, the others are witnesses.
    :param key: of the log; what it did not sign is no note.
    :param marks: gives how far all number series have come.
    :ivar longest: the longest checkpoint noted of each epoch, by the log's name.
    :ivar numbers: how far number series had come, by what was noted.
    """

    def __init__(
        self, files: list[Path], key: Ed25519PublicKey, marks: Callable[[], Marks] = dict
    ) -> None:
        self._files, self._key, self._marks = files, key, marks
        self.longest: dict[str, Checkpoint] = {}
        self.numbers: Marks = {}
        found = [line for file in files for line in lines(file)]
        # The longest first: of each epoch only one signature has to be checked.
        for note, _ in sorted(found, key=_by_size, reverse=True):
            self._take(note)
        for _, numbers in found:
            self._count(numbers)

    @property
    def newest(self) -> Checkpoint | None:
        """The longest checkpoint of the latest epoch that was noted."""
        found = sorted(self.longest.values(), key=lambda one: epoch_of(one.origin))
        return found[-1] if found else None

    def notes(self) -> list[str]:
        """All notes as they lie in the files now; whether they hold was not checked."""
        return [note for file in self._files for note, _ in lines(file)]

    def beyond(self, origin: str, size: int) -> bool:
        """Whether a longer log of this name was noted."""
        return origin in self.longest and self.longest[origin].size > size

    def knows(self, checkpoint: Checkpoint) -> bool:
        """Whether it, or a longer one of this name, was noted."""
        return self.beyond(checkpoint.origin, checkpoint.size - 1)

    def ahead(self) -> Marks:
        """The series whose numbers were noted further than they have come in the database."""
        there = self._marks()
        return {key: value for key, value in self.numbers.items() if value > there.get(key, 0)}

    def add(self, note: str) -> None:
        """Add a line to each file. A place that cannot be written to is logged, not waited for."""
        marks = self._marks()
        moved = {key: value for key, value in marks.items() if value > self.numbers.get(key, 0)}
        self._take(note)
        self._count(moved)
        line = json.dumps({"at": stamp(now()), "note": note, "numbers": moved}, ensure_ascii=False)
        for file in self._files:
            try:
                self._append(file, line)
            except OSError as error:
                _log.warning("the checkpoint could not be noted in %s: %s", file, error)

    def _take(self, note: str) -> None:
        origin = note.partition("\n")[0]
        if origin in self.longest and self.longest[origin].size >= size_of(note):
            return
        try:
            self.longest[origin] = read_checkpoint(note, origin, self._key)
        except OfficeError as error:
            _log.error("a noted checkpoint does not hold: %s", error.en)

    def _count(self, numbers: Marks) -> None:
        for series, value in numbers.items():
            self.numbers[series] = max(value, self.numbers.get(series, 0))

    def _append(self, file: Path, line: str) -> None:
        if file.exists() and file.stat().st_size > LONGEST:
            self._begin_anew(file)
        fresh = not file.exists()
        handle = os.open(file, os.O_CREAT | os.O_APPEND | os.O_RDWR, instance.PRIVATE_FILE)
        with os.fdopen(handle, "r+b", buffering=0) as stream:
            size = os.fstat(handle).st_size
            # A power cut can leave half a line.
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            stream.write((b"\n" if torn else b"") + line.encode() + b"\n")
            os.fsync(handle)
        if fresh:
            instance.sync_folder(file.parent)

    def _begin_anew(self, file: Path) -> None:
        """Keep the longest note of each epoch, and how far all series had come."""
        kept = {note.partition("\n")[0]: note for note, _ in sorted(lines(file), key=_by_size)}
        rows = [{"at": stamp(now()), "note": note, "numbers": {}} for note in kept.values()]
        if rows:
            rows[-1]["numbers"] = self.numbers
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        write_private(file, text.encode())


notebook = Slot[Notebook]("notebook")
"""The notes of the open node."""


def epoch_of(origin: str) -> int:
    """The epoch in a log's name, ``juyan/<node>/<epoch>``; 0 where there is none."""
    return max(_number(origin.rpartition("/")[2]), 0)


def size_of(note: str) -> int:
    """How many leaves a note speaks of, by its second line; -1 where there is no number."""
    return _number(note.partition("\n")[2].partition("\n")[0])


def _number(text: str) -> int:
    """A number as we write it; -1 for anything else, such as ² or 5000 digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 20 else -1


def _by_size(line: tuple[str, Marks]) -> int:
    return size_of(line[0])


def lines(file: Path) -> Iterator[tuple[str, Marks]]:
    """The notes in a file, with their numbers: lines as written here, or one note as it is."""
    text = file.read_text("utf-8", "replace") if file.is_file() else ""
    if text and not text.lstrip().startswith("{"):
        yield text, {}
        return
    for line in text.splitlines():
        try:
            said = json.loads(line)
            numbers = {str(key): int(value) for key, value in said["numbers"].items()}
            yield str(said["note"]), numbers
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
            continue  # half a line, after a power cut
