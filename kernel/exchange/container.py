"""The strict ZIP of a package: stored only, one byte form for a list of entries.

The reader takes names and sizes from the central directory, cuts the entries out where they must
lie, writes all that is around them again and compares. So whatever a ZIP can hide (data between or
after the entries, two names for one file, comments, extra fields, local headers that say something
else) is refused without being listed here.
"""

from __future__ import annotations

import struct
import unicodedata
import zlib
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import chain

from kernel.exchange.refusals import CONTAINER, NAME, SIZE, PackageRefused

MAX_ENTRIES = 500
MAX_BYTES = 2 << 30
MAX_NAME = 255

Entry = tuple[str, bytes]

_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s6H3I5H2I")
_END = struct.Struct("<4s4H2IH")
_COMMON = (20, 0x0800, 0, 0, 0x0021)  # version 2.0, UTF-8 names, stored, midnight of 1980-01-01
_MODE = 0o100644 << 16


def write(entries: Sequence[Entry]) -> bytes:
    """The container of these entries, in this order; the same bytes for the same entries.

    :raises PackageRefused: 215 for a name, 216 for too many or too much.
    """
    heads, tail = _frame(entries)
    pairs = zip(heads, (data for _, data in entries), strict=True)
    return b"".join([*chain.from_iterable(pairs), tail])


def read(data: bytes) -> list[Entry]:
    """The entries of a container that :func:`write` could have written.

    :raises PackageRefused: 205 for the form, 215 for a name, 216 for too many or too much.
    """
    if len(data) > MAX_BYTES + (1 << 20):
        raise PackageRefused(SIZE, "container")
    try:
        entries = list(_entries(data))
    except (struct.error, UnicodeDecodeError) as error:
        raise PackageRefused(CONTAINER, "directory") from error
    heads, tail = _frame(entries)
    position = 0
    for head, (_, inside) in zip(heads, entries, strict=True):
        if not data.startswith(head, position):
            raise PackageRefused(CONTAINER, "form")
        position += len(head) + len(inside)
    if data[position:] != tail:
        raise PackageRefused(CONTAINER, "form")
    return entries


def _frame(entries: Sequence[Entry]) -> tuple[list[bytes], bytes]:
    """What stands before each entry, and what stands after all of them."""
    check_names([name for name, _ in entries])
    if len(entries) > MAX_ENTRIES or sum([len(data) for _, data in entries]) > MAX_BYTES:
        raise PackageRefused(SIZE, "container")
    heads, directory, offset = [], [], 0
    for name, data in entries:
        raw, sums = name.encode(), (zlib.crc32(data), len(data), len(data))
        head = _LOCAL.pack(b"PK\3\4", *_COMMON, *sums, len(raw), 0) + raw
        place = (len(raw), 0, 0, 0, 0, _MODE, offset)
        directory += [_CENTRAL.pack(b"PK\1\2", 0x0314, *_COMMON, *sums, *place), raw]
        heads.append(head)
        offset += len(head) + len(data)
    listing = b"".join(directory)
    count = len(entries)
    end = _END.pack(b"PK\5\6", 0, 0, count, count, len(listing), offset, 0)
    return heads, listing + end


def _entries(data: bytes) -> Iterator[Entry]:
    end = _END.unpack(data[-_END.size :])
    if end[0] != b"PK\5\6":
        raise PackageRefused(CONTAINER, "end")
    count, position, offset = end[3], end[6], 0
    if count > MAX_ENTRIES:
        raise PackageRefused(SIZE, "entries")
    for _ in range(count):
        fields = _CENTRAL.unpack_from(data, position)
        size, length = fields[9], fields[10]
        position += _CENTRAL.size
        name = data[position : position + length].decode()
        position += length
        start = offset + _LOCAL.size + length
        offset = start + size
        yield name, data[start:offset]


def check_names(names: Sequence[str]) -> None:
    """Refuse names that another system could read differently, and two that it could confuse.

    :raises PackageRefused: 215.
    """
    for name in names:
        if not _is_safe(name):
            raise PackageRefused(NAME, ascii(name))
    if len({name.casefold() for name in names}) != len(names):
        raise PackageRefused(NAME, "collision")


@lru_cache(maxsize=4096)  # most names are the same in every package
def _is_safe(name: str) -> bool:
    # Cc control, Cf invisible and bidirectional marks, Cs surrogates, Co and Cn without meaning
    if any(unicodedata.category(c)[0] == "C" or c in '\\:*?"<>|\u2028\u2029' for c in name):
        return False
    parts = name.split("/")
    return (
        all(part and part == part.strip(" ") and not part.endswith(".") for part in parts)
        and unicodedata.is_normalized("NFC", name)
        and len(name.encode()) <= MAX_NAME
    )
