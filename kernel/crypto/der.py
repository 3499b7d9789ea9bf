"""Reading and writing DER (X.690): just what a CMS signature needs, in its one canonical form."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

INTEGER, BIT_STRING, OCTETS, NULL, OID = 0x02, 0x03, 0x04, 0x05, 0x06
UTC_TIME, SEQUENCE, SET = 0x17, 0x30, 0x31


def tlv(tag: int, content: bytes) -> bytes:
    """Tag, length and content."""
    size = len(content)
    if size < 128:
        return bytes((tag, size)) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes((tag, 0x80 | len(octets))) + octets + content


def sequence(*items: bytes) -> bytes:
    """A SEQUENCE of what is already DER."""
    return tlv(SEQUENCE, b"".join(items))


def set_of(items: Iterable[bytes], tag: int = SET) -> bytes:
    """A SET OF, its members in the order that DER demands."""
    return tlv(tag, b"".join(sorted(items)))


def integer(value: int) -> bytes:
    """An INTEGER that is not negative."""
    return tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


@lru_cache(maxsize=64)
def oid(dotted: str) -> bytes:
    """An OBJECT IDENTIFIER; arcs may be of any size."""
    first, second, *rest = map(int, dotted.split("."))
    return tlv(OID, b"".join(map(_base128, [first * 40 + second, *rest])))


def utc_time(moment: datetime) -> bytes:
    """A UTCTime, to the second; good from 1950 to 2049 (RFC 5652, 11.3)."""
    return tlv(UTC_TIME, moment.astimezone(UTC).strftime("%y%m%d%H%M%SZ").encode())


def read_utc_time(text: str) -> datetime:
    """Read what :func:`utc_time` wrote.

    :raises ValueError: another form, or no time.
    """
    if len(text) != 13 or text[12] != "Z" or not (text.isascii() and text[:12].isdecimal()):
        raise ValueError("no UTCTime")
    year, month, day, hour, minute, second = [int(text[at : at + 2]) for at in range(0, 12, 2)]
    year += 1900 if year >= 50 else 2000
    return datetime(year, month, day, hour, minute, second, tzinfo=UTC)


class Element(NamedTuple):
    """One element: its tag, the bytes inside, and all of its bytes."""

    tag: int
    content: bytes
    raw: bytes

    def items(self, *tags: int) -> list[Element]:
        """The elements inside; see :func:`parse`."""
        return parse(self.content, *tags)


_element: Any = tuple.__new__
"""Makes an element without the call of Python that NamedTuple makes for it."""


def parse(data: bytes, *tags: int) -> list[Element]:
    """The elements that lie one after the other; lengths must be in their shortest form.

    :param tags: where any are given, exactly these elements must lie there.
    :raises ValueError: not DER, cut off, or others than expected.
    """
    found = []
    start, end = 0, len(data)
    while start < end:
        inside = start + 2
        if inside > end:
            raise ValueError("cut off")
        size = data[start + 1]
        if size >= 128:
            octets = data[inside : inside + size - 128]
            inside += size - 128
            size = int.from_bytes(octets, "big")
            if size < 128 or octets[0] == 0 or inside > end:
                raise ValueError("not DER")
        after = inside + size
        if after > end:
            raise ValueError("cut off")
        found.append(_element(Element, (data[start], data[inside:after], data[start:after])))
        start = after
    if tags and tags != tuple([one[0] for one in found]):
        raise ValueError("other elements than expected")
    return found


def size_of(data: bytes) -> int:
    """How many bytes the first element takes, header included, as it says itself."""
    head = _head_of(data)
    return head + (data[1] if head == 2 else int.from_bytes(data[2:head], "big"))


def _head_of(data: bytes) -> int:
    if len(data) < 2:
        raise ValueError("cut off")
    return 2 if data[1] < 128 else 2 + (data[1] & 127)


def _base128(value: int) -> bytes:
    digits = [value & 127]
    while value := value >> 7:
        digits.append(0x80 | value & 127)
    return bytes(reversed(digits))
