"""Where a matter stands and what happened to it, for ``ui.timeline`` and ``ui.steps``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

State = Literal["done", "now", "future", "back"]


class Entry(Struct, frozen=True):
    """One thing that somebody did, has to do, or will do."""

    action: str
    person: str
    post: str = ""
    opinion: str = ""
    ink: str = ""
    """Its strokes, where it was written by hand."""
    note: str = ""
    """A second person, a delegation, a transcription (王芳代李建国)."""
    received: datetime | None = None
    handled: datetime | None = None
    limit: datetime | None = None
    state: State = "done"
    stay: timedelta | None = None
    overdue: bool = False


class Step(Struct, frozen=True):
    """One step of a flow in the compact row; the note says where and how long."""

    label: str
    state: State = "future"
    note: str = ""


def with_stays(entries: Sequence[Entry], now: datetime) -> list[Entry]:
    """The entries with the time that each stayed, and whether it was too long.

    A stay runs from *received* to *handled*, or to *now* while nothing is done; less than a minute
    is not shown.
    """
    return [_with_stay(entry, now) for entry in entries]


def _with_stay(entry: Entry, now: datetime) -> Entry:
    if entry.received is None or entry.state == "future":
        return entry
    end = entry.handled or now
    stay = end - entry.received
    return replace(
        entry,
        stay=stay if stay >= timedelta(minutes=1) else None,
        overdue=entry.limit is not None and end > entry.limit,
    )


def row_of_steps(labels: Sequence[str], current: int, note: str = "") -> list[Step]:
    """Steps in a row, of which *current* (from 0) is at work; past the end all are done."""

    def state(index: int) -> State:
        return "done" if index < current else "now" if index == current else "future"

    return [
        Step(label, state(index), note if index == current else "")
        for index, label in enumerate(labels)
    ]
