"""Files: uploads and what is in them, sealed PDFs, backups, and what an administrator lays down."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import re
import shutil
import tarfile
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

from kernel.crypto import canonical, note
from kernel.crypto.ids import stamp
from kernel.errors import OfficeError
from kernel.plugins import manifest as plugin_manifest
from kernel.portal import theme
from kernel.seals.pdf import check_seals
from kernel.settings import ROOT, load
from kernel.storage import notes
from kernel.storage.backup import manifest as backup_manifest
from kernel.storage.backup import reading, sealed
from kernel.work import imports, markup, page_view, uploads, zips
from kernel.work.sheet import Attachment, Sheet
from tests.exchange_format.sample import PDF, START
from tests.fuzz import mutating
from tests.fuzz.crypto_parsers import bytes_or_noise, canonical_or_noise, office
from tests.fuzz.mutating import Luck
from tests.fuzz.running import Input, Parser
from tests.web.archives import TYPES, docx, pack, xlsx

Named = tuple[bytes, str]
SMALL = zips.Limits(members=20, each=20_000, all=50_000, ratio=20, free=500)
"""Tight, so that small inputs meet every limit."""


@cache
def _containers() -> list[bytes]:
    ofd = {"OFD.xml": b"<OFD/>", "Doc_0/Document.xml": b"<Document/>"}
    inner = pack({"a.txt": b"1", "b/": b"", "c/d.txt": b"2" * 300})
    return [
        docx("关于召开会议的通知", "一、时间", "&amp;"),
        xlsx([["序号", "单位"], [1, "市财政局"], [None, START.date()]]),
        pack(ofd),
        inner,
        pack({"in.zip": inner, "x.xml": b"<a/>"}, zipfile.ZIP_STORED),
        pack({"mimetype": b"application/vnd.etsi.asic-e+zip", "x": b""}, zipfile.ZIP_STORED),
    ]


def _repacked(luck: Luck, data: bytes) -> bytes:
    """A container with one thing in it changed, written properly."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    name = luck.choice(sorted(files))
    content, what = files.pop(name), luck.randrange(8)
    if what == 0:
        files[luck.choice(_NAMES)] = content
    elif what == 1:
        files[name + luck.choice(("", ".bin", "/vbaProject.bin", ".xlm"))] = content
        files[luck.choice(_PARTS)] = luck.choice((b"x", uploads._OLE, pack({"a": b"x"})))
        files["y"] = luck.choice((uploads._OLE + b"x", zips.MAGIC + b"x", bytes(5000)))
    elif what == 2 and luck.randrange(30) == 0:
        return _crowd()
    elif what == 2:
        files = {name: content} | {f"{n}.txt": b"" for n in range(luck.choice((3, 30)))}
    elif what == 3:
        files[name] = b"macroEnabled" + content
        files["[Content_Types].xml"] = b"<a ContentType='x.macroEnabled'/>"
    elif what == 4:
        for _ in range(luck.randrange(1, 5)):
            content = pack({"in.zip": content})
        files["in.zip"] = content
    else:
        files[name] = (
            _xml(luck, [content])[1] if content[:1] == b"<" else mutating.bytes_of(luck, content)
        )
    made = pack(files, luck.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED)))
    return mutating.bytes_of(luck, made) if luck.randrange(8) == 0 else made


_PARTS = [
    "word/embeddings/a.xlsx", "word/embeddings/", "xl/printerSettings/printerSettings1.bin",
    "xl/printerSettings/x.bin", "word/activeX/a.xml",
]  # fmt: skip


@cache
def _crowd() -> bytes:
    """More members than a container may have."""
    return pack({f"{n}.txt": b"" for n in range(2500)})


_NAMES = ["../x", "a\\b", "C:x", "x\u202ey", "A.TXT", "a" * 300, "x.xml", "OFD.xml", "mimetype"]


def _container(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(8)
    if what < 3:
        return "changed", _repacked(luck, luck.choice(samples))
    if what == 3:
        return "changed", _odd_headers(luck, luck.choice(samples))
    return bytes_or_noise(luck, samples)


def _odd_headers(luck: Luck, data: bytes) -> bytes:
    """The same two bytes changed in every header: flags, method, sizes, attributes."""
    out, at = bytearray(data), luck.randrange(6, 30, 2)
    value = luck.choice((0, 1, 8, 9, 12, 0xFFFF, 0xA000))
    for magic, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
        where = data.find(magic)
        while where >= 0:
            if luck.randrange(4):
                out[where + at + shift : where + at + shift + 2] = value.to_bytes(2, "little")
            where = data.find(magic, where + 1)
    if luck.randrange(6) == 0:
        where = data.find(b"PK\x01\x02")
        out[where + 38 : where + 42] = (0o120777 << 16).to_bytes(4, "little")
    return bytes(out)


def _uploads() -> list[Named]:
    named = zip(
        _containers(), ("a.docx", "b.xlsx", "c.ofd", "d.zip", "e.zip", "f.asice"), strict=True
    )
    return [
        *named,
        (PDF, "g.pdf"),
        (b"\x89PNG\r\n\x1a\n123", "h.png"),
        (b"\xff\xd8\xff\xe0", "i.jpeg"),
        (b"<?xml version='1.0'?><a b='c'>x</a>", "j.xml"),
        ("甲,乙\r\n1,2".encode(), "k.csv"),
        ("中文".encode("gb18030"), "l.txt"),
    ]


def _take(given: Named) -> uploads.Upload:
    data, name = given
    found = uploads.take(data, name, accept=tuple(uploads.MEDIA), largest=200_000)
    uploads.check_all([(found.name, found.size)] * 3, total=100_000)
    return found


def _upload(luck: Luck, samples: Sequence[Named]) -> Input:
    data, name = luck.choice(samples)
    what = luck.randrange(8)
    if what == 0:
        return "free", (mutating.noise(luck, (b"", data[:8])), mutating.text(luck, 30))
    if what == 1:
        return "changed", (data, mutating.text_of(luck, name))
    if what == 2:
        return "changed", (luck.choice(samples)[0], name)
    if data.startswith(b"PK"):
        return "changed", (_container(luck, [data])[1], name)
    if what == 3:
        return "changed", (luck.choice((b"", uploads._OLE, b"PK\5\6", data * 9000)), name)
    return "changed", (mutating.bytes_of(luck, data), name)


def _no_path(_: Named, found: uploads.Upload) -> str:
    bad = "/" in found.name or "\0" in found.name or len(found.name) > uploads.LONGEST_NAME
    return f"the name {found.name!r}" if bad else ""


def _xmls() -> list[bytes]:
    return [
        b"<?xml version='1.0' encoding='UTF-8'?><a xmlns:x='u'><x:b c='d'>&amp;&#65;</x:b></a>",
        TYPES,
        "<甲 乙='丙'><!-- x --><![CDATA[<]]></甲>".encode("utf-16"),
        b"<a>" * 50 + b"</a>" * 50,
    ]


_PIECES = [
    b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"<!DOCTYPE a SYSTEM 'file:///etc/passwd'>", b"&x;", b"&#0;",
    b"&#xD800;", b"<a>" * 300, b"<?xml version='1.0' encoding='%s'?>", b"]]>", b"\xff\xfe",
    b"<a b='1' b='2'/>", b"<b c='d'/>" * 300,
]  # fmt: skip
_ENCODINGS = [b"utf-7", b"utf-16", b"rot13", b"x", b"idna", b"gb18030", b"hex", b"undefined", b""]


def _xml(luck: Luck, samples: Sequence[bytes]) -> Input:
    data = luck.choice(samples)
    what = luck.randrange(5)
    if what == 0:
        at, piece = luck.randrange(len(data) + 1), luck.choice(_PIECES)
        piece = piece.replace(b"%s", luck.choice(_ENCODINGS))
        return "changed", data[: luck.choice((0, at))] + piece + data[at:]
    if what == 1:
        head = b"<?xml version='1.0' encoding='" + luck.choice(_ENCODINGS) + b"'?>"
        return "changed", head + re.sub(rb"<\?xml[^>]*\?>", b"", data)
    if what == 2 and luck.randrange(200) == 0:
        return "free", b"<a>" + b" " * markup.LARGEST
    return bytes_or_noise(luck, samples)


def _parse(data: bytes) -> Any:
    """With a tight bound on the elements, so that small inputs meet it."""
    with patch.object(markup, "MOST", 500):
        return markup.parse(data)


def _documents() -> list[Named]:
    return [(docx("一、甲", "乙"), "docx"), ("甲\n\n乙".encode(), "txt")]


def _tables() -> list[Named]:
    many = "\n".join("a,b" for _ in range(3))
    return [(_containers()[1], "xlsx"), (many.encode(), "csv"), (b'"a\nb","c"\t', "csv")]


def _import(luck: Luck, samples: Sequence[Named]) -> Input:
    data, kind = luck.choice(samples)
    if kind in ("docx", "xlsx"):
        how, changed = _container(luck, [data])
        return how, (changed, kind)
    if luck.randrange(40) == 0:
        row = luck.choice((b"a," * 150, b"a\n" * 5100, b'"' + b"x" * 200_000))
        return "free", (row, kind)
    how, changed = bytes_or_noise(luck, [data])
    return how, (changed, kind)


def _read_in(read: Callable[[bytes, str], Any]) -> Callable[[Named], Any]:
    """Only what :func:`uploads.take` lets in is read in, as in the product."""

    def reading_in(given: Named) -> Any:
        data, kind = given
        uploads.take(data, f"x.{kind}", accept=(kind,))
        return read(data, kind)

    return reading_in


@cache
def _sealed() -> list[bytes]:
    return [office().sealed, office().seal_pdf(office().sealed)]


def _seals(pdf: bytes) -> Any:
    found = check_seals(pdf, office().roots)
    if not found or not all(one.holds for one in found):
        raise NotTakenError("a verdict that says no")
    return found


def _pdf(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(6)
    if what == 0:
        pdf = luck.choice(samples)
        numbers = list(re.finditer(rb"\d+", pdf))
        match = luck.choice(numbers)
        value = str(luck.choice(mutating.NUMBERS[:20])).encode()
        return "changed", pdf[: match.start()] + value + pdf[match.end() :]
    if what == 1:
        pdf = luck.choice(samples)
        words = list(re.finditer(rb"/[A-Za-z]+", pdf))
        match, other = luck.choice(words), luck.choice(words)
        return "changed", pdf[: match.start()] + other[0] + pdf[match.end() :]
    return bytes_or_noise(luck, samples)


def _pages(pdf: bytes) -> Any:
    with contextlib.suppress(OfficeError):
        page_view.image(pdf, 99, 0.2)
    return page_view.texts(pdf), page_view.image(pdf, 1, 0.2)


WORD = b"a passphrase for tests"


def _manifest(parts: list[backup_manifest.Part]) -> backup_manifest.Manifest:
    origin = backup_manifest.Origin("n", "note", "1", stamp(START))
    return backup_manifest.Manifest(origin, "sqlite", parts)


def _signer() -> backup_manifest.Signer:
    one = office()
    chain = [one.node, one.issuers["nodes"].cert, one.root.cert]
    return backup_manifest.Signer(one.node_key, chain)


FILES = {"database/juyan.db": b"x" * 900, "files/blobs/ab/cd": b"", "files/settings.toml": b"y"}


@cache
def _backups() -> list[bytes]:
    parts = [_part(name, data) for name, data in FILES.items()]
    signed = _manifest(parts).signed(_signer())
    return [_backup([*FILES.items(), (backup_manifest.NAME, signed)])]


def _part(name: str, data: bytes) -> backup_manifest.Part:
    return backup_manifest.Part(name, len(data), canonical.digest(data))


def _tar(members: Sequence[tuple[str, bytes]], kind: bytes = tarfile.REGTYPE) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data) if kind == tarfile.REGTYPE else 0
            info.type = kind if name != backup_manifest.NAME else tarfile.REGTYPE
            tar.addfile(info, io.BytesIO(data))
    return out.getvalue()


def _backup(members: Sequence[tuple[str, bytes]]) -> bytes:
    out = io.BytesIO()
    writer = sealed.SealedWriter(out, WORD, {"node": "n", "created": stamp(START)})
    writer.write(_tar(members))
    writer.close()
    return out.getvalue()


@cache
def _opened() -> tuple[bytes, bytes]:
    """The head of the sample and the key of its chunks, so that it can be sealed anew."""
    file = io.BytesIO(_backups()[0])
    head, facts = sealed._read_head(file)
    word = sealed._derive(WORD, canonical.unb64(facts["salt"]))
    return head, sealed.unwrap(word, canonical.unb64(facts["key"]), "backup")


def _sealed_anew(plain: bytes, size: int = sealed.CHUNK) -> bytes:
    head, key = _opened()
    chunks = sealed._Chunks(key, head)
    pieces = [plain[at : at + size] for at in range(0, max(len(plain), 1), size)]
    made = [chunks.seal(one, last=n == len(pieces) - 1) for n, one in enumerate(pieces)]
    return head + b"".join(made)


def _read_backup(data: bytes) -> Any:
    return reading.verify(io.BytesIO(data), WORD)


def _backup_input(luck: Luck, samples: Sequence[bytes]) -> Input:
    what = luck.randrange(10)
    if what < 3:
        return bytes_or_noise(luck, samples)
    if what == 3:
        return "changed", _header(luck, samples[0])
    parts = [_part(name, data) for name, data in FILES.items()]
    signed = _manifest(parts).signed(_signer()) if luck.randrange(3) else _odd_manifest(luck, parts)
    members = [*FILES.items(), (backup_manifest.NAME, signed)]
    if what == 4:
        return "resigned", _sealed_anew(mutating.bytes_of(luck, _tar(members)))
    if what == 5:
        return "resigned", _sealed_anew(_tar(luck.sample(members, luck.randrange(5))))
    if what == 6:
        name = luck.choice(("database/../x", "/x", "files/a\0b", "x", "database", members[0][0]))
        return "resigned", _sealed_anew(_tar([(name, b"1"), *members]))
    if what == 7:
        kinds = (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.DIRTYPE, tarfile.CHRTYPE)
        return "resigned", _sealed_anew(_tar(members, luck.choice(kinds)))
    return "resigned", _sealed_anew(_tar(members))


def _header(luck: Luck, data: bytes) -> bytes:
    head, _ = _opened()
    said = canonical.loads(head[len(sealed.MAGIC) + 4 :])
    said = luck.choice((mutating.json_of(luck, said), mutating.anything(luck), [["a", "b"]]))
    try:
        written = canonical.dumps(said)
    except OfficeError:
        written = mutating.loose_json(luck, said)
    size = luck.choice((len(written), 0, 2**32 - 1))
    return sealed.MAGIC + size.to_bytes(4, "big") + written + data[len(head) :]


def _odd_manifest(luck: Luck, parts: list[backup_manifest.Part]) -> bytes:
    """A manifest that the node's own key signed, and that is not as it should be."""
    from kernel.crypto import suites

    outer = canonical.loads(_manifest(parts).signed(_signer()))
    said = mutating.json_of(luck, canonical.loads(canonical.unb64(outer["manifest"])))
    try:
        inner = canonical.dumps(said)
        outer["manifest"] = canonical.b64(inner)
        outer["signature"] = canonical.b64(suites.sign(office().node_key, inner))
        return canonical.dumps(mutating.json_of(luck, outer) if luck.randrange(2) else outer)
    except OfficeError:
        return mutating.loose_json(luck, outer)


@cache
def _folder() -> Path:
    """A folder for files that are read by their name; it goes with the process."""
    kept = Path(tempfile.mkdtemp(prefix="juyan-fuzz-"))
    atexit.register(shutil.rmtree, kept, ignore_errors=True)
    return kept


def _laid(name: str, read: Callable[[Path], Any]) -> Callable[[bytes], Any]:
    """Read a file of that name with this in it; with nothing in it there is no file."""

    def reading_it(data: bytes) -> Any:
        file = _folder() / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.unlink(missing_ok=True)
        if data:
            file.write_bytes(data)
        return read(file)

    return reading_it


def _plugin(file: Path) -> Any:
    found = plugin_manifest.read(file.parent)
    if found.problems:
        raise NotTakenError(str(found.problems))
    return found


class NotTakenError(Exception):
    """A file that is not taken, and says why in its own way."""


def _manifests() -> list[bytes]:
    own = [file.read_bytes() for file in sorted(ROOT.glob("plugins/*/plugin.toml"))]
    return [re.sub(rb'\nname *= *"[a-z]+"', b'\nname = "sample"', one, count=1) for one in own]


def _settings() -> list[bytes]:
    return [
        b'origin = "https://oa.example.cn"\nport = 8443\ndemo = false\nhosts = "a b"\n',
        b'database = "postgresql://u:p@h/d"\nlanguage = "en"\nwitness = "~/w"\nhost = "::"\n',
        b'instance = "~/office"\nport = 1\n',
        b"",
    ]


Laid = tuple[str, bytes, bytes, str]
"""The id of a theme, its theme.toml, its tokens.css, and the name of one file more."""


def _themes() -> list[Laid]:
    folder = ROOT / "themes" / "zhangye"
    own = (folder / "theme.toml").read_bytes(), (folder / "tokens.css").read_bytes()
    plain = b'name = "\xe6\x9c\xac" \nextends = "zhangye"\nmark = "x"\n'
    default = (ROOT / "themes" / "default" / "tokens.css").read_bytes()
    return [
        ("own", *own, ""),
        ("own", plain, b"", "static/a.css"),
        ("default", b'name = "x"\n', default, ""),
    ]


def _theme(given: Laid) -> Any:
    """The theme of a node beside those of the product, one of which it may replace."""
    name, toml, css, more = given
    place = _folder() / "themes"
    shutil.rmtree(place, ignore_errors=True)
    for file, data in (("theme.toml", toml), ("tokens.css", css), (more, b"x" if more else b"")):
        if data:
            (place / name / file).parent.mkdir(parents=True, exist_ok=True)
            (place / name / file).write_bytes(data)
    folders, faults = [ROOT / "themes", place], dict[str, Any]()
    try:
        found = theme.load_themes(folders)
    except OfficeError:  # a running node leaves it out, and has its own default one
        lenient = theme.load_themes(folders, faults)
        if not faults or "default" not in lenient:
            raise AssertionError("left out without a word") from None
        raise
    return theme.tokens(found, name if name in found else "default")


def _other_theme(luck: Luck, samples: Sequence[Laid]) -> Input:
    name, toml, css, more = luck.choice(samples)
    what = luck.randrange(8)
    if what == 0:
        name = luck.choice(("own", "default", "zhangye", "a", "0x", "Ä", "x" * 40, "a b"))
    elif what == 1:
        more = luck.choice(("a.js", "static/x.exe", "templates/a.html", ".git", "x", "a.css"))
    elif what < 4:
        how, toml = _toml(luck, [one[1] for one in samples])
        return how, (name, toml, css, more)
    else:
        css = _other_tokens(luck, css)
    return "changed", (name, toml, css, more)


def _other_tokens(luck: Luck, css: bytes) -> bytes:
    """A colour, or the name of a token, exchanged; or anything."""
    found = list(re.finditer(rb"--([a-z0-9-]+)\s*:\s*([^;]+)", css))
    if not found or luck.randrange(4) == 0:
        return mutating.bytes_of(luck, css)
    match = luck.choice(found)
    part = luck.choice((1, 2, 2))
    new = luck.choice(_COLOURS if part == 2 else [b"danger", b"x", b"surface", b"ink-1", b"A"])
    return css[: match.start(part)] + new + css[match.end(part) :]


_COLOURS = [
    b"#fff",
    b"#000000",
    b"#12345",
    b"red",
    b"url(x)",
    b"",
    b"}",
    b"#FFFFFF",
    b"\\61",
    b"@x",
]


_VALUES = [
    *(b"0", b"-1", b"99999999999999999999999", b"1.5", b"inf", b"nan", b"true", b'""', b'"x"'),
    *(b"[]", b'["x"]', b"[1]", b"{}", b"{a=1}", b"1979-05-27", b"07:32:00", b'"~nobody/x"'),
    *(b'"\\u0000"', b'"\\ud800"', b"'''\n'''", b"[" * 3000, b'"../x"', b"0x10", b'"http://["'),
]
_KEYS = [b"name", b"x", b"api", b"title", b"phase", b"port", b"steps", b"[x]\ny", b'"a b"', b"a.b"]


def _toml(luck: Luck, samples: Sequence[bytes]) -> Input:
    """A value, a key or a section exchanged; or bytes."""
    lines = luck.choice(samples).split(b"\n")
    at = luck.randrange(len(lines))
    key, sign, _ = lines[at].partition(b"=")
    what = luck.randrange(8)
    if what < 4 and sign:
        lines[at] = key + b"= " + luck.choice(_VALUES)
    elif what == 4 and sign:
        lines[at] = luck.choice(_KEYS) + b" = " + luck.choice(_VALUES)
    elif what == 5:
        lines[at] = luck.choice((b"[plugin]", b"[[plugin]]", b"[needs]", b"plugin = 5", b"[a.b]"))
    else:
        return bytes_or_noise(luck, samples)
    return "changed", b"\n".join(lines)


@cache
def _key() -> Any:
    return note.new_log_key()


@cache
def _noted() -> list[bytes]:
    made = []
    for size in (3, 8):
        checkpoint = note.Checkpoint("juyan/n/1", size, bytes(32))
        text = note.sign_checkpoint(checkpoint, _key())
        row = {"at": stamp(START), "note": text, "numbers": {"a/2026": 5}}
        made.append(json.dumps(row, ensure_ascii=False))
    lines = [one.encode() for one in made]
    return [b"\n".join(lines) + b"\n", lines[0] + b"\n" + lines[1][:50], text.encode()]


def _notebook(file: Path) -> Any:
    found = notes.Notebook([file], _key().public_key())
    text = file.read_text("utf-8", "replace") if file.exists() else ""
    return found.newest, found.ahead(), notes.epoch_of(text[:20])


def _note_lines(luck: Luck, samples: Sequence[bytes]) -> Input:
    rows = [line for line in luck.choice(samples).split(b"\n") if line.startswith(b"{")]
    if luck.randrange(4) == 0 or not rows:
        return bytes_or_noise(luck, samples)
    try:
        said = mutating.json_of(luck, json.loads(luck.choice(rows)))
    except ValueError:
        return bytes_or_noise(luck, samples)
    return "changed", mutating.loose_json(luck, said) + b"\n" + rows[0]


def _sheets() -> list[bytes]:
    table = Attachment("表", "table", ("a", "b"), (("1", "2"), ("3",)), ("注",))
    made = Sheet("关于召开会议的通知", ("一、甲。", "乙"), attachments=(table,), cc=("丙",))
    return [canonical.dumps(Sheet("x", ()).to_json()), canonical.dumps(made.to_json())]


def _sheet(data: bytes) -> Any:
    value = canonical.loads(data)
    found = Sheet.from_json(value)
    found.to_json()
    return found


PARSERS = [
    Parser("upload", ("kernel.work.uploads",), _uploads, _take, _upload, check=_no_path),
    Parser("zip", ("kernel.work.zips",), _containers, lambda g: zips.members(g), _container),
    Parser("zip-limits", ("kernel.work.zips",), lambda: _containers()[2:4],
           lambda g: zips.members(g, SMALL), lambda luck, s: _container(luck, _containers()[:4])),
    Parser("xml", ("kernel.work.markup",), _xmls, _parse, _xml),
    Parser("text-import", ("kernel.work.imports",), _documents, _read_in(imports.paragraphs),
           _import, leaves=frozenset(f"kernel.work.imports:{one}" for one in (
               "rows", "_sheet", "_csv", "_trimmed", "_text"))),
    Parser("table-import", ("kernel.work.imports",), _tables, _read_in(imports.rows), _import,
           leaves=frozenset({"kernel.work.imports:paragraphs", "kernel.work.imports:_run"})),
    Parser("pdf-seals", ("kernel.seals.pdf",), _sealed, _seals, _pdf,
           refusals=(OfficeError, NotTakenError),
           meaning=lambda g, f: g,
           leaves=frozenset(f"kernel.seals.pdf:{one}" for one in (
               "apply_seal", "_writer", "_box"))),
    Parser("pdf-pages", ("kernel.work.page_view",), lambda: [PDF, *_sealed()], _pages, _pdf),
    Parser("backup", ("kernel.storage.backup.reading", "kernel.storage.backup.sealed",
                      "kernel.storage.backup.manifest"),
           _backups, _read_backup, _backup_input, meaning=lambda g, f: repr(f),
           leaves=frozenset({"kernel.storage.backup.sealed:make_passphrase",
                             "kernel.storage.backup.sealed:read_passphrase",
                             "kernel.storage.backup.reading:extract",
                             "kernel.storage.backup.sealed:SealedWriter.write"})),
    Parser("plugin-manifest", ("kernel.plugins.manifest",), _manifests,
           _laid("sample/plugin.toml", _plugin), _toml, refusals=(NotTakenError,)),
    Parser("settings", ("kernel.settings",), _settings,
           _laid("node/settings.toml", lambda file: load(file.parent, {"JUYAN_PORT": "81"})),
           _toml),
    Parser("theme", ("kernel.portal.theme", "kernel.portal.contrast"), _themes, _theme,
           _other_theme, leaves=frozenset({"kernel.portal.theme:Theme.brand",
                                           "kernel.portal.theme:overridden"})),
    Parser("notes", ("kernel.storage.notes",), _noted, _laid("checkpoints.log", _notebook),
           _note_lines, leaves=frozenset(f"kernel.storage.notes:Notebook.{one}" for one in (
               "add", "_append", "_begin_anew", "beyond", "knows"))),
    Parser("sheet", ("kernel.work.sheet",), _sheets, _sheet, canonical_or_noise),
]  # fmt: skip
