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
from collections.abc import Sequence
from functools import lru_cache
from itertools import chain

from kernel.exchange.refusals import CONTAINER, NAME, SIZE, PackageRefused

MAX_ENTRIES = 500
MAX_BYTES = 2 << 30
MAX_NAME = 255

Entry = tuple[str, bytes]

# Version 2.0, UTF-8 names, stored, midnight of 1980-01-01.
_COMMON = struct.pack("<5H", 20, 0x0800, 0, 0, 0x0021)
_LOCAL = b"PK\3\4" + _COMMON
_CENTRAL = b"PK\1\2" + struct.pack("<H", 0x0314) + _COMMON
_SIZES = struct.Struct("<3I2H")
"""The sum of the data, its size twice, the lengths of the name and of nothing more."""
_PLACE = struct.Struct("<3H2I")
"""No comment, on the first disk, no text; the mode; where it begins."""
_MODE = 0o100644 << 16
_LOCAL_SIZE = len(_LOCAL) + _SIZES.size
_CENTRAL_SIZE = len(_CENTRAL) + _SIZES.size + _PLACE.size
_END = struct.Struct("<4s4H2IH")


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
        entries = _entries(data)
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
    heads: list[bytes] = []
    directory: list[bytes] = []
    offset = 0
    for name, data in entries:
        raw, size = name.encode(), len(data)
        sizes = _SIZES.pack(zlib.crc32(data), size, size, len(raw), 0)
        heads.append(_LOCAL + sizes + raw)
        directory += (_CENTRAL, sizes, _PLACE.pack(0, 0, 0, _MODE, offset), raw)
        offset += _LOCAL_SIZE + len(raw) + size
    listing = b"".join(directory)
    count = len(entries)
    end = _END.pack(b"PK\5\6", 0, 0, count, count, len(listing), offset, 0)
    return heads, listing + end


def _entries(data: bytes) -> list[Entry]:
    found = []
    end = _END.unpack(data[-_END.size :])
    if end[0] != b"PK\5\6":
        raise PackageRefused(CONTAINER, "end")
    count, position, offset = end[3], end[6], 0
    if count > MAX_ENTRIES:
        raise PackageRefused(SIZE, "entries")
    for _ in range(count):
        _, size, _, length, _ = _SIZES.unpack_from(data, position + len(_CENTRAL))
        position += _CENTRAL_SIZE
        name = data[position : position + length].decode()
        position += length
        start = offset + _LOCAL_SIZE + length
        offset = start + size
        found.append((name, data[start:offset]))
    return found


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
