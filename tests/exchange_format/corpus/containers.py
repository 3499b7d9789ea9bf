"""What can be wrong with the ZIP."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from functools import partial
from io import BytesIO
from typing import Any
from zipfile import ZipFile, ZipInfo

from kernel.exchange import container
from tests.exchange_format.corpus.making import Case, Entries, Lie, made, zipped
from tests.exchange_format.sample import Office

NAMES: dict[str, tuple[bytes, int]] = {
    "a name that climbs out": (b"content/attachments/01-../../../x", 215),
    "an absolute name": (b"/etc/cron.d/x", 215),
    "a name with a backslash": (b"content\\x", 215),
    "a name on a drive": (b"C:x", 215),
    "a name with a bidirectional override": ("x\u202efdp.exe".encode(), 215),
    "a name with an invisible space": ("x\u200b".encode(), 215),
    "a name in normal form D": ("e\u0301.txt".encode(), 215),
    "a name with a line break": (b"x\n", 215),
    "a name with a zero byte": (b"x\0.txt", 215),
    "a name with an empty step": (b"a//b", 215),
    "a name with a dot as a step": (b"a/./b", 215),
    "a name that ends in a dot": (b"x.", 215),
    "a name that begins with a space": (b" x", 215),
    "a name of a folder": (b"content/", 215),
    "an empty name": (b"", 215),
    "a name of 256 bytes": (b"x" * 256, 215),
    "a name with a private character": ("\ue000".encode(), 215),
    "a name of a device stream": (b"x:y", 215),
    "a name in GBK": ("附件".encode("gbk"), 205),
}


def lying(lie: Lie, **more: Any) -> Callable[[Office], bytes]:
    return lambda office: zipped(container.read(office.package()), lie, **more)


def around(change: Callable[[bytes], bytes]) -> Callable[[Office], bytes]:
    return lambda office: change(office.package())


def entries(change: Callable[[Entries], Entries]) -> Callable[[Office], bytes]:
    return lambda office: zipped(change(container.read(office.package())))


def named(raw: bytes, office: Office) -> bytes:
    return zipped([*container.read(office.package()), (raw, b"")])


def compressed(office: Office) -> bytes:
    """One entry deflated, with everything that a ZIP needs for it."""
    found = container.read(office.package())
    small = zlib.compress(found[6][1], wbits=-15)
    said = {"method": 8, "packed": len(small)}
    return zipped(found, Lie(local=said, central=said, data=small))


def by_another_program(office: Office) -> bytes:
    """The same entries by Python's own zipfile: another byte form."""
    out = BytesIO()
    with ZipFile(out, "w") as archive:
        for name, data in container.read(office.package()):
            archive.writestr(ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data)
    return out.getvalue()


def hidden(office: Office) -> bytes:
    """An entry whose local part lies there and which the directory does not name."""
    found = [*container.read(office.package()), ("content/attachments/02-x.txt", b"x")]
    return zipped(found, directory=lambda rows: rows[:-1], end={"here": 11, "count": 11})


def two_of_one_name(office: Office) -> bytes:
    found = container.read(office.package())
    return zipped([*found, found[-1]])


def zip64(start: int, size: int, count: int = 0) -> bytes:
    record = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, count, count, size, start)
    return record + struct.pack("<4sIQI", b"PK\6\7", 0, start + size, 1)


WIDE = {"extra": struct.pack("<2H2Q", 1, 16, 5, 5), "packed": 0xFFFFFFFF, "size": 0xFFFFFFFF}

CASES = [
    Case("nothing at all", 205, lambda office: b""),
    Case("cut off", 205, around(lambda data: data[:-1])),
    Case("data after the end", 205, around(lambda data: data + b"\0")),
    Case("data before the start", 205, around(lambda data: b"#!/bin/sh\n" + data)),
    Case("two packages in one file", 205, around(lambda data: data + data)),
    Case("a second end of the directory", 205, around(lambda data: data + data[-22:])),
    Case("a comment on the archive", 205, lying(Lie(), end={"comment": b"x"})),
    Case("a comment on an entry", 205, lying(Lie(central={"comment": b"x"}))),
    Case("an extra field in the local header", 205, lying(Lie(local={"extra": b"\1\0\0\0"}))),
    Case("an extra field in the directory", 205, lying(Lie(central={"extra": b"\1\0\0\0"}))),
    Case("the ZIP of another program", 205, by_another_program),
    Case("a compressed entry", 205, compressed),
    Case("stored data said to be deflated", 205, lying(Lie(local={"method": 8}))),
    Case("an entry said to be encrypted", 205, lying(Lie(central={"flags": 0x0801}))),
    Case("sizes promised for later", 205, lying(Lie(local={"flags": 0x0808}))),
    Case("a name without the mark of UTF-8", 205, lying(Lie(central={"flags": 0}))),
    Case("another time of day", 205, lying(Lie(local={"time": 1}, central={"time": 1}))),
    Case("a symbolic link", 205, lying(Lie(central={"external": 0o120777 << 16}))),
    Case("an executable", 205, lying(Lie(central={"external": 0o100755 << 16}))),
    Case("made by another system", 205, lying(Lie(central={"made_by": 0x0014}))),
    Case("another name in the local header", 205, lying(Lie(local={"name": b"envelope.jsom"}))),
    Case("another size in the local header", 205, lying(Lie(local={"size": 1, "packed": 1}))),
    Case("another size in the directory", 205, lying(Lie(central={"size": 1, "packed": 1}))),
    Case("another checksum in the local header", 205, lying(Lie(local={"crc": 1}))),
    Case("a wrong checksum on both sides", 205, lying(Lie(local={"crc": 1}, central={"crc": 1}))),
    Case("an entry placed elsewhere", 205, lying(Lie(central={"offset": 0}))),
    Case("an entry on another disk", 205, lying(Lie(central={"disk": 1}))),
    Case("a gap between two entries", 205, lying(Lie(gap=b"hidden"))),
    Case("an entry that the directory hides", 205, hidden),
    Case("a directory in another order", 205, lying(Lie(), directory=lambda rows: rows[::-1])),
    Case("an entry twice in the directory", 205, lying(Lie(), directory=lambda r: [*r, r[-1]])),
    Case("a directory that begins elsewhere", 205, lying(Lie(), end={"start": 1})),
    Case("a directory of another size", 205, lying(Lie(), end={"size": 0xFFFFFFFF})),
    Case("fewer entries than there are", 205, lying(Lie(), end={"here": 3, "count": 3})),
    Case("ZIP64 records that nobody needs", 205, lying(Lie(), before_end=zip64)),
    Case("ZIP64 sizes in an entry", 205, lying(Lie(local=WIDE, central=WIDE))),
    Case("ZIP64 that says more entries", 205, lying(Lie(), before_end=partial(zip64, count=9))),
    Case("an archive on many disks", 205, lying(Lie(), end={"disk": 1, "first": 1})),
    Case("mimetype not first", 205, entries(lambda found: [*found[1:], found[0]])),
    Case("another mimetype", 205, entries(lambda found: [("mimetype", b"x"), *found[1:]])),
    Case("another order", 205, entries(lambda found: [*found[:4], *found[:3:-1]])),
    Case("two entries of one name", 215, two_of_one_name),
    Case(
        "two names that differ by case",
        215,
        lambda office: made(office, parts=lambda parts: parts | {"Envelope.json": b"{}"}),
    ),
    Case(
        "two names that fold alike",
        215,
        lambda office: made(office, parts=lambda parts: parts | {"\u017f": b"", "s": b""}),
    ),
    Case(
        "501 entries",
        216,
        lambda office: made(office, parts=lambda p: p | {f"x{n:03}": b"" for n in range(501)}),
    ),
    *(Case(name, number, partial(named, raw)) for name, (raw, number) in NAMES.items()),
]
