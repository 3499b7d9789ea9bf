"""Files that people upload: what they are by their content, and whether they may come in.

What a file is called decides nothing; it has to agree with what the file is. Plugins hand over what
a form received and get :class:`Upload` back::

    found = workshop().take(upload.file.read(), upload.filename, accept=("docx", "xlsx"))
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Collection
from pathlib import PurePosixPath

from msgspec import Struct

from kernel.errors import Invalid

LARGEST = 200 << 20
"""Bytes of one file, where the form says no less."""
LONGEST_NAME = 120
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MACROS = ("macroenabled", "vba", "macrosheet", "activex")
"""What a content type of such a part has in it."""
_OFFICE = "application/vnd.openxmlformats-officedocument"
MEDIA = {
    "pdf": "application/pdf",
    "ofd": "application/ofd",
    "docx": f"{_OFFICE}.wordprocessingml.document",
    "xlsx": f"{_OFFICE}.spreadsheetml.sheet",
    "asice": "application/vnd.etsi.asic-e+zip",
    "zip": "application/zip",
    "png": "image/png",
    "jpg": "image/jpeg",
    "xml": "application/xml",
    "csv": "text/csv",
    "txt": "text/plain",
}
"""The kinds that there are, by their ending."""
_SAME = {"jpeg": "jpg", "zip": "zip"}


class Upload(Struct, frozen=True):
    """A file that may come in.

    :ivar name: to be shown; never a path. The store names its files by their digest.
    :ivar kind: the key in :data:`MEDIA`, by content.
    """

    name: str
    kind: str
    media_type: str
    size: int


def take(data: bytes, name: str, *, accept: Collection[str], largest: int = LARGEST) -> Upload:
    """Look into a file and say what it is.

    :param accept: the kinds that this place takes.
    :raises Invalid: ``uploads.empty``, ``uploads.large``, ``uploads.macro``, ``uploads.kind``,
        ``uploads.ending``; ``zip.*`` and ``xml.*``.
    """
    shown = clean_name(name)
    if not data:
        raise _refuse("empty", f"“{shown}”是空文件", f"{shown!r} is empty")
    if len(data) > largest:
        most = f"{largest // (1 << 20)} MB"
        raise _refuse("large", f"“{shown}”超过 {most}", f"{shown!r} is larger than {most}")
    kind = kind_of(data, ending_of(shown))
    if kind not in accept:
        takes = "、".join(f".{one}" for one in accept)
        raise _refuse(
            "kind", f"“{shown}”不是可接收的文件类型（{takes}）", f"{shown!r} is none of {takes}"
        )
    if ending_of(shown) != kind:
        raise _refuse(
            "ending",
            f"“{shown}”的扩展名与内容不符（内容是 .{kind}）",
            f"{shown!r} is a .{kind} by its content",
        )
    return Upload(shown, kind, MEDIA[kind], len(data))


def check_all(files: Collection[tuple[str, int]], *, most: int = 20, total: int = LARGEST) -> None:
    """Refuse too many files, or too much in all.

    :param files: name and size in bytes of each.
    :raises Invalid: ``uploads.many``, ``uploads.total``.
    """
    if len(files) > most:
        raise _refuse("many", f"一次最多 {most} 个文件", f"{most} files at a time at most")
    if sum(size for _name, size in files) > total:
        limit = f"{total // (1 << 20)} MB"
        raise _refuse("total", f"文件合计超过 {limit}", f"together they exceed {limit}")


def clean_name(name: str) -> str:
    """The name without path, control and direction signs, at most so long, its ending kept."""
    plain = unicodedata.normalize("NFC", name.replace("\\", "/"))
    last = PurePosixPath(plain.replace("\0", "")).name
    kept = "".join(sign for sign in last if unicodedata.category(sign)[0] != "C")
    kept = kept.strip(" .") or "文件"
    if len(kept) <= LONGEST_NAME:
        return kept
    stem, dot, ending = kept.rpartition(".")
    room = LONGEST_NAME - len(ending) - 1
    return f"{stem[:room]}.{ending}" if dot and len(ending) <= 10 else kept[:LONGEST_NAME]


def ending_of(name: str) -> str:
    """The kind that the name claims: ``docx`` for ``报告.DOCX``."""
    ending = name.rpartition(".")[2].lower() if "." in name else ""
    return _SAME.get(ending, ending)


def kind_of(data: bytes, claimed: str = "") -> str:
    """What a file is by its content; ``""`` for what is not known.

    :param claimed: decides only among kinds of plain text, which look alike.
    :raises Invalid: ``uploads.macro``, and what is wrong with a container.
    """
    for magic, found in _MAGIC:
        if data.startswith(magic):
            return found(data)
    return _text_kind(data, claimed)


def _ole(data: bytes) -> str:
    # An encrypted .docx is such a container around the real one.
    if "EncryptedPackage".encode("utf-16-le") in data:
        raise _refuse(
            "encrypted",
            "文件设有打开密码，无法检查，请在原来的软件中取消密码后另存",
            "it has a password and cannot be checked; save it without one",
        )
    raise _refuse(
        "macro",
        "旧版 Office 格式（.doc、.xls 等）可能含有宏，请另存为 .docx 或 .xlsx",
        "old Office formats may hold macros; save it as .docx or .xlsx",
    )


def _container(data: bytes) -> str:
    from kernel.work import markup, zips  # here and below, because forms are read without them

    found = zips.members(data)
    markup.check(one for name, one in found.items() if name.lower().endswith((".xml", ".rels")))
    _check_parts(found)
    return _container_kind(found)


def _check_parts(found: dict[str, bytes]) -> None:
    """Refuse macros, controls and embedded objects, by the names and the content of the members."""
    from kernel.work import zips

    for name, content in found.items():
        if content.startswith(_OLE):
            raise _refuse("macro", "文件含有嵌入对象，请删除后另存", "it holds embedded objects")
        folder, _slash, last = f"/{name.lower()}".rpartition("/")
        embedded = folder.endswith("/embeddings") and last != ""
        table = embedded and content.startswith(zips.MAGIC)  # the numbers behind a chart
        if _runs(folder, last) or (embedded and not table):
            raise _refuse(
                "macro", "文件含有宏或嵌入对象，请删除后另存", "it holds macros or objects"
            )
        if table:
            _check_parts(zips.members(content))
    if "[Content_Types].xml" in found:
        _check_types(found["[Content_Types].xml"])


def _runs(folder: str, last: str) -> bool:
    """Whether a member of this name may be a program."""
    if folder.endswith("/printersettings"):  # Excel on Windows keeps them with nearly every sheet
        return not last.startswith("printersettings")
    named = last.endswith((".bin", ".xlm")) or last.startswith(("vbaproject", "vbadata"))
    return named or folder.endswith(("/activex", "/macrosheets"))


def _check_types(types: bytes) -> None:
    from kernel.work import markup

    # Read as XML, because bytes can say the same word in many ways (UTF-16, &#109;).
    said = [one.get("ContentType", "").lower() for one in markup.parse(types).iter()]
    if any(word in one for word in _MACROS for one in said):
        raise _refuse("macro", "文件含有宏，请删除后另存", "it holds macros")


def _container_kind(found: dict[str, bytes]) -> str:
    if "[Content_Types].xml" in found:
        heads = {"docx": "word/document.xml", "xlsx": "xl/workbook.xml"}
        return next((kind for kind, name in heads.items() if name in found), "")
    if "OFD.xml" in found:
        return "ofd"
    if found.get("mimetype", b"").strip() == MEDIA["asice"].encode():
        return "asice"
    return "" if "mimetype" in found else "zip"


def _text_kind(data: bytes, claimed: str) -> str:
    if claimed == "xml" and data.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<"):
        from kernel.work import markup

        markup.check([data])
        return "xml"
    return claimed if claimed in ("csv", "txt") and text_of(data) is not None else ""


def text_of(data: bytes) -> str | None:
    """Plain text in UTF-8 or in the GB 18030 of older programs; None where it is none."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        odd = any(unicodedata.category(sign) == "Cc" and sign not in "\r\n\t" for sign in text)
        return None if odd else text
    return None


_MAGIC: tuple[tuple[bytes, Callable[[bytes], str]], ...] = (
    (b"%PDF-", lambda data: "pdf"),
    (b"\x89PNG\r\n\x1a\n", lambda data: "png"),
    (b"\xff\xd8\xff", lambda data: "jpg"),
    # Nothing less: a text may begin with the two letters.
    *((signature, _container) for signature in (b"PK\3\4", b"PK\5\6", b"PK\7\x08")),
    (_OLE, _ole),
)


def _refuse(reason: str, zh: str, en: str) -> Invalid:
    return Invalid(f"uploads.{reason}", f"没有收下：{zh}。", f"Not taken: {en}.", field="file")
