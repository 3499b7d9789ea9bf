"""ZIP containers from outside: opened only when nothing about them is out of order.

Names are never used as paths, and nothing is unpacked to the disk; members come out as bytes,
counted while they come (OWASP ASVS 5.0, V5.2 and V5.3).
"""

from __future__ import annotations

import io
import stat
import unicodedata
import zipfile
import zlib

from msgspec import Struct

from kernel.errors import Invalid

MAGIC = b"PK\x03\x04"
_ENCRYPTED = 0x1


class Limits(Struct, frozen=True):
    """What a container may hold. Sizes in bytes, unpacked.

    :ivar ratio: unpacked to packed of one member, once it is larger than ``free``.
    :ivar depth: containers within containers.
    """

    members: int = 2000
    each: int = 64 << 20
    all: int = 200 << 20
    ratio: int = 200
    free: int = 1 << 20
    depth: int = 2


DEFAULT = Limits()


def refuse(reason: str, zh: str, en: str) -> Invalid:
    """The refusal of a container. :param reason: for programs, ``zip.<reason>``."""
    return Invalid(
        f"zip.{reason}",
        f"文件没有收下：{zh}。请用原来的软件重新保存后再上传。",
        f"The file was not taken: {en}. Save it again in its own program and upload that.",
    )


def members(data: bytes, limits: Limits = DEFAULT) -> dict[str, bytes]:
    """All members of a container, by name, checked.

    :raises Invalid: ``zip.broken``, ``zip.members``, ``zip.name``, ``zip.twice``, ``zip.link``,
        ``zip.encrypted``, ``zip.method``, ``zip.overlap``, ``zip.size``, ``zip.ratio``,
        ``zip.depth``.
    """
    return _members(data, limits, _Budget(limits.all), limits.depth)


class _Budget:
    """The bytes that may still come out, of all containers together."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, count: int) -> None:
        self.left -= count
        if self.left < 0:
            raise refuse("size", "解开后太大", "it is too large when unpacked")


def _members(data: bytes, limits: Limits, budget: _Budget, depth: int) -> dict[str, bytes]:
    if depth == 0:
        raise refuse("depth", "压缩包层层嵌套", "it holds containers within containers")
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            listed = archive.infolist()
            _check(listed, data, limits)
            found = {one.filename: _read(archive, one, limits, budget) for one in listed}
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
        UnicodeDecodeError,
        ValueError,
        OverflowError,
        OSError,
    ) as error:
        raise refuse("broken", "压缩结构损坏", "its structure is broken") from error
    for content in found.values():
        if content.startswith(MAGIC):
            _members(content, limits, budget, depth - 1)
    return found


def _check(listed: list[zipfile.ZipInfo], data: bytes, limits: Limits) -> None:
    if len(listed) > limits.members:
        raise refuse("members", "内含文件太多", "it holds too many files")
    names = set[str]()
    for one in listed:
        _check_member(one)
        name = unicodedata.normalize("NFC", one.filename).casefold()
        if name in names:
            raise refuse("twice", "内含同名文件", "it holds two files of one name")
        names.add(name)
    _check_places(listed, data)


def _check_member(one: zipfile.ZipInfo) -> None:
    # zipfile cuts names at NUL and turns backslashes round; what the file says is orig_filename.
    name = one.orig_filename
    parts = name.rstrip("/").split("/")
    odd = "\\" in name or ":" in name or any(unicodedata.category(c)[0] == "C" for c in name)
    if odd or not name or any(part in ("", ".", "..") for part in parts) or len(name) > 255:
        raise refuse("name", "内含名称可疑的文件", "it holds a file with a suspicious name")
    if stat.S_ISLNK(one.external_attr >> 16):
        raise refuse("link", "内含指向其他位置的链接", "it holds a link to another place")
    if one.flag_bits & _ENCRYPTED:
        raise refuse("encrypted", "内含加密文件，无法检查", "it is encrypted and cannot be checked")
    if one.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise refuse("method", "压缩方式不受支持", "its compression is not supported")


def _check_places(listed: list[zipfile.ZipInfo], data: bytes) -> None:
    """Members lie one after the other from the first byte on: no overlap, nothing before."""
    end = 0
    for one in sorted(listed, key=lambda member: member.header_offset):
        head = data[one.header_offset : one.header_offset + 30]
        if one.header_offset < end or (end == 0 and one.header_offset) or len(head) < 30:
            raise refuse("overlap", "内部结构互相重叠", "its members overlap")
        names = int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        end = one.header_offset + 30 + names + one.compress_size


def _read(archive: zipfile.ZipFile, one: zipfile.ZipInfo, limits: Limits, budget: _Budget) -> bytes:
    out = io.BytesIO()
    with archive.open(one) as member:
        while piece := member.read(1 << 16):
            out.write(piece)
            budget.take(len(piece))
            _check_growth(out.tell(), one, limits)
    if out.tell() != one.file_size:
        raise refuse("broken", "压缩结构损坏", "its structure is broken")
    return out.getvalue()


def _check_growth(size: int, one: zipfile.ZipInfo, limits: Limits) -> None:
    if size > limits.each:
        raise refuse("size", "解开后太大", "it is too large when unpacked")
    if size > limits.free and size > limits.ratio * max(one.compress_size, 1):
        raise refuse("ratio", "压缩比异常", "it grows out of all proportion when unpacked")
