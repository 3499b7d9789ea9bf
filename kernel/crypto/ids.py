"""Identifiers and times: UUIDv7 for what leaves the node, UTC with milliseconds for when."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

from kernel.deferred import pattern
from kernel.errors import Invalid

_STAMP = pattern(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
_lock = threading.Lock()
_last = 0


def _system_clock() -> datetime:
    return datetime.now(UTC)


_clock: Callable[[], datetime] = _system_clock


def set_clock(clock: Callable[[], datetime] | None) -> None:
    """Replace the clock of this process (tests with a given time); ``None`` puts it back."""
    global _clock
    _clock = clock or _system_clock


def now() -> datetime:
    """The present moment in UTC, cut to milliseconds."""
    moment = _clock().astimezone(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def stamp(moment: datetime) -> str:
    """The signed form of a time: ``2026-11-22T08:00:00.000Z``.

    :param moment: any aware time; it is shown in UTC, cut to milliseconds.
    :raises ValueError: for a time without a zone, which is a defect of the caller.
    """
    if moment.tzinfo is None:
        raise ValueError("a time without a zone cannot be stamped")
    text = moment.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")


def parse_stamp(text: str) -> datetime:
    """Read what :func:`stamp` wrote; no other spelling of a time is taken.

    :raises Invalid: ``ids.time``.
    """
    if _STAMP.fullmatch(text):
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            pass
    raise Invalid(
        "ids.time",
        f"时间“{text}”的写法不对，请写成 2026-11-22T08:00:00.000Z。",
        f"The time {text!r} is not well written; write it as 2026-11-22T08:00:00.000Z.",
        field="time",
    )


def uuid7() -> str:
    """A new UUIDv7 (RFC 9562, 5.7): within one process later ones sort after earlier ones.

    48 bits of milliseconds, 12 bits of the fraction of a millisecond, 62 random bits.
    """
    global _last
    with _lock:
        nanoseconds = time.time_ns()
        ticks = (nanoseconds // 1_000_000 << 12) | (nanoseconds % 1_000_000 * 4096 // 1_000_000)
        _last = ticks = max(ticks, _last + 1)
    high = (ticks >> 12 << 16) | 0x7000 | (ticks & 0xFFF)
    low = (1 << 63) | secrets.randbits(62)
    return str(uuid.UUID(int=high << 64 | low))
