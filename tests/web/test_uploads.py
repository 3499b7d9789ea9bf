"""What people upload: its kind, its size, its name, and what it hides (threats 14, 15, 16)."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Iterator

import pytest

from kernel.errors import Invalid
from kernel.testing_office import Office
from kernel.work import markup, uploads, zips
from kernel.work import workshop as shops
from kernel.work.workshop import Workshop
from tests.plugins.people import Flow
from tests.web.archives import ATTACKS, TYPES, XML, W, docx, pack, xlsx

EVERY = tuple(uploads.MEDIA)
PDF = b"%PDF-1.7\n%%EOF"
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)


def code(data: bytes, name: str, accept: tuple[str, ...] = EVERY, **kw: int) -> str:
    with pytest.raises(Invalid) as caught:
        uploads.take(data, name, accept=accept, **kw)
    return caught.value.code


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_archive_is_refused_and_says_why(attack: str):
    make, wanted = ATTACKS[attack]
    data = make()
    begun = time.monotonic()
    assert code(data, "a.zip") == wanted
    assert time.monotonic() - begun < 20


@pytest.mark.parametrize("attack", XML)
def test_an_attack_in_xml_is_refused(attack: str):
    with pytest.raises(Invalid, match=r"xml\.type"):
        markup.parse(XML[attack])
    assert code(XML[attack], "a.xml") == "xml.type"
    hidden = pack({"[Content_Types].xml": TYPES, "word/document.xml": XML[attack]})
    assert code(hidden, "a.docx") == "xml.type"


def test_xml_that_is_deep_large_or_broken_is_refused():
    begun = time.monotonic()
    for data, wanted in (
        (b"<a>" * 200_000 + b"</a>" * 200_000, "xml.deep"),
        (b"<a>" + b"x" * markup.LARGEST + b"</a>", "xml.large"),
        (b"<a><b></a>", "xml.broken"),
        (b"", "xml.broken"),
        (b"\xff\xfe<a/>", "xml.broken"),
    ):
        with pytest.raises(Invalid) as caught:
            markup.parse(data)
        assert caught.value.code == wanted
    assert time.monotonic() - begun < 10
    deepest = b"<a>" * markup.DEEPEST + b"</a>" * markup.DEEPEST
    assert markup.parse(deepest).tag == "a"


def test_xml_of_very_many_elements_or_attributes_is_refused(monkeypatch: pytest.MonkeyPatch):
    """Each is work, however few bytes it has; the bound is over all members of a container."""
    monkeypatch.setattr(markup, "MOST", 1000)
    attributes = b"<r " + b" ".join(b"a%d=''" % number for number in range(500)) + b"/>"
    half = b"<r>" + b"<a/>" * 700 + b"</r>"
    for crowd in (b"<a/>" * 1000, b"<a b=''/>" * 500, b"<a>x</a>" * 1000):
        assert code(b"<r>" + crowd + b"</r>", "a.xml") == "xml.many"
    for second, wanted in ((b"<a/>", "uploads.kind"), (half, "xml.many"), (attributes, "xml.many")):
        packed = pack({"a.xml": half, "b.RELS": second})
        assert code(packed, "a.zip", ("docx",)) == wanted


def test_a_long_document_is_far_from_the_bound():
    """300 pages of nothing but tables of six columns and 20 rows, each cell with its formats."""
    cell = (
        b'<w:tc><w:tcPr><w:tcW w:w="1440" w:type="dxa"/></w:tcPr><w:p><w:pPr><w:jc w:val="center"/>'
        b"</w:pPr><w:r><w:t>1</w:t></w:r></w:p></w:tc>"
    )
    assert len(cell) * 36_000 < markup.LARGEST
    markup.check([f'<w:body xmlns:w="{W}">'.encode() + cell * 36_000 + b"</w:body>"])


GOOD = {
    "报告.pdf": (PDF, "pdf"),
    "报告.DOCX": (docx("一"), "docx"),
    "表.xlsx": (xlsx([["甲"]]), "xlsx"),
    "图.png": (b"\x89PNG\r\n\x1a\n", "png"),
    "图.jpeg": (b"\xff\xd8\xff\xe0", "jpg"),
    "包.zip": (pack({"a/": b"", "a/b.txt": b"1"}), "zip"),
    "文.ofd": (pack({"OFD.xml": b"<OFD/>"}), "ofd"),
    "x.csv": ("甲,乙\n".encode("gb18030"), "csv"),
    "x.txt": ("甲".encode(), "txt"),
    "x.xml": (b"<a/>", "xml"),
    "p.asice": (pack({"mimetype": uploads.MEDIA["asice"].encode()}), "asice"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_file_is_what_its_content_says(name: str):
    data, kind = GOOD[name]
    found = uploads.take(data, name, accept=EVERY)
    assert (found.kind, found.media_type, found.size) == (kind, uploads.MEDIA[kind], len(data))


@pytest.mark.parametrize("name", GOOD)
def test_the_ending_has_to_agree_with_the_content(name: str):
    data, kind = GOOD[name]
    others = {"pdf", "docx", "png"} - {kind}
    for other in others:
        assert code(data, f"a.{other}") in ("uploads.ending", "uploads.kind")
    assert code(data, "noending") in ("uploads.ending", "uploads.kind")


@pytest.mark.parametrize(
    "data",
    [b"<html><script>", b"<svg onload=x>", b"MZ\x90", b"\x7fELF", b"#!/bin/sh\n\x00", bytes(9)],
)
def test_what_is_not_known_is_not_taken(data: bytes):
    for name in ("a.pdf", "a.html", "a.svg", "a.exe", "a.docx", "a"):
        assert code(data, name) == "uploads.kind"


def test_macros_and_embedded_objects_are_refused():
    assert code(OLE, "old.doc") == "uploads.macro"
    assert code(OLE, "a.docx") == "uploads.macro"
    assert code(docx("一", extra={"word/vbaProject.bin": b"x"}), "a.docx") == "uploads.macro"
    assert code(docx("一", extra={"word/embeddings/a.xls": OLE}), "a.docx") == "uploads.macro"


@pytest.mark.parametrize(
    "name",
    [
        "word/vbaProject.bin",
        "word/vbaData.xml",
        "xl/printerSettings/vbaProject.bin",
        "xl/macrosheets/sheet1.xml",
        "word/activeX/activeX1.xml",
        "word/activeX/activeX1.bin",
        "word/embeddings/oleObject1.bin",
        "word/embeddings/a.exe",
        "word/other.bin",
    ],
)
def test_a_part_that_may_be_a_program_is_refused_by_its_name(name: str):
    assert code(docx("一", extra={name: b"<a/>"}), "a.docx") == "uploads.macro"
    assert code(docx("一", extra={name.upper(): b"<a/>"}), "a.docx") == "uploads.macro"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize(
    "kind",
    [
        "application/vnd.ms-word.document.macroEnabled.main+xml",
        "application/vnd.ms-word.document.&#109;acroEnabled.main+xml",
        "application/vnd.ms-office.vbaProject",
        "application/vnd.ms-excel.macrosheet+xml",
        "application/vnd.ms-office.activeX+xml",
    ],
)
def test_a_part_that_may_be_a_program_is_refused_by_its_content_type(kind: str, encoding: str):
    types = f'<Types><Override PartName="/x/a.dat" ContentType="{kind}"/></Types>'.encode(encoding)
    enabled = pack({"[Content_Types].xml": types, "word/document.xml": b"<a/>"})
    assert code(enabled, "a.docx") == "uploads.macro"


def test_settings_of_a_printer_come_in_but_no_object_under_their_name():
    place = "xl/printerSettings/printerSettings1.bin"
    for content, wanted in ((b"H\0P\0 \0L\0" * 40, ""), (OLE, "uploads.macro")):
        with zipfile.ZipFile(io.BytesIO(xlsx([["甲"]]))) as book:
            saved = pack({**{name: book.read(name) for name in book.namelist()}, place: content})
        if wanted:
            assert code(saved, "a.xlsx") == wanted
        else:
            assert uploads.take(saved, "a.xlsx", accept=("xlsx",)).kind == "xlsx"


def test_the_table_behind_a_chart_comes_in_unless_it_has_macros():
    place = "word/embeddings/Microsoft_Excel_Worksheet.xlsx"
    chart = docx("一", extra={place: xlsx([["甲", 1]])})
    assert uploads.take(chart, "a.docx", accept=("docx",)).kind == "docx"
    hidden = docx("一", extra={place: pack({"xl/vbaProject.bin": b"x"})})
    assert code(hidden, "a.docx") == "uploads.macro"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_text_may_begin_with_the_letters_of_an_archive(encoding: str):
    for name, text in (("a.txt", "PK赛活动安排"), ("a.csv", "PK赛,1\n")):
        assert uploads.take(text.encode(encoding), name, accept=EVERY).kind == name[2:]
    for signature in (b"PK\3\4", b"PK\5\6", b"PK\7\x08"):
        assert code(signature + "赛".encode(encoding), "a.txt") == "zip.broken"


def test_size_count_and_total_are_bounded():
    assert code(PDF + bytes(100), "a.pdf", largest=100) == "uploads.large"
    assert code(b"", "a.pdf") == "uploads.empty"
    uploads.check_all([("a", 5)] * 20, total=100)
    for files, wanted in (([("a", 1)] * 21, "many"), ([("a", 60)] * 2, "total")):
        with pytest.raises(Invalid, match=rf"uploads\.{wanted}"):
            uploads.check_all(files, total=100)


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\a\\报告.pdf", "报告.pdf"),
        ("a\0b.pdf", "ab.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "aSet-Cookie: x.pdf"),
        ("fdp.\u202eexe.pdf", "fdp.exe.pdf"),
        ("", "文件"),
        ("...", "文件"),
        ("/", "文件"),
        ("e\u0301.pdf", "\u00e9.pdf"),
        ("甲" * 300 + ".pdf", "甲" * 116 + ".pdf"),
        ("甲" * 300, "甲" * 120),
    ],
)
def test_a_name_is_shown_without_path_and_tricks(name: str, shown: str):
    assert uploads.clean_name(name) == shown


def test_a_container_within_its_limits_is_read_whole():
    files = {"a.txt": b"1", "b/c.bin": bytes(2 << 20), "inner.zip": pack({"x": b"1"})}
    found = zips.members(pack(files, method=0))
    assert found == files


@pytest.fixture(scope="module")
def workshop() -> Iterator[Workshop]:
    shop = Workshop()
    yield shop
    shop.close()


def test_files_are_read_in_the_child(workshop: Workshop):
    assert workshop.take(docx("甲"), "a.docx", accept=["docx"]).kind == "docx"
    assert workshop.paragraphs(docx("甲", " 乙 ", ""), "docx") == ["甲", "乙"]
    assert workshop.rows(xlsx([["甲", 1, None], [], ["=1+1", "x"]]), "xlsx")[0] == ["甲", "1"]
    assert workshop.rows("甲,乙\n\n丙,\n".encode("gb18030"), "csv") == [["甲", "乙"], ["丙", ""]]
    with pytest.raises(Invalid, match=r"zip\.ratio") as caught:
        workshop.take(ATTACKS["ratio"][0](), "a.zip", accept=["zip"])
    assert "压缩比异常" in caught.value.zh
    for wrong in (b"", pack({"xl/workbook.xml": b"<a/>"})):
        with pytest.raises(Invalid, match=r"uploads\.unreadable"):
            workshop.rows(wrong, "xlsx")
    assert workshop.upload_pid and workshop.child_pid is None


def post(
    office: Office, name: str, data: bytes, kind: str
) -> tuple[int, str, list[dict[str, object]]]:
    flow = Flow(office)
    document = flow.draft()
    browser = office.browser()
    browser.login("林晓梅")
    got = browser.post(
        f"/documents/out/{document.uid}/attachments",
        data={"kind": kind, "title": "", "version": "1"},
        files={"file": (name, data)},
    )
    return got.status_code, got.text, flow.fresh(document).attachments


def test_an_attachment_is_read_from_a_file(office: Office):
    status, _page, found = post(
        office, "值班表.xlsx", xlsx([["日期", "人"], ["一日", "甲"]]), "table"
    )
    assert status == 200
    assert (found[0]["title"], found[0]["rows"]) == ("值班表", [["一日", "甲"]])
    _status, _page, found = post(office, "说明.docx", docx("第一段", "第二段"), "text")
    assert found[0]["paragraphs"] == ["第一段", "第二段"]


def test_a_bad_file_is_refused_at_its_field(office: Office):
    for name, data, said in (
        ("a.docx", XML["billion laughs"], "不是可接收的文件类型"),
        ("a.docx", ATTACKS["zip slip"][0](), "名称可疑"),
        ("a.docx", docx("一", extra={"word/vbaProject.bin": b"x"}), "宏"),
        ("a.docx", PDF, "不是可接收的文件类型"),
    ):
        status, page, found = post(office, name, data, "text")
        assert (status, found) == (422, [])
        assert said in page


@pytest.fixture
def slow_office(office: Office) -> Iterator[Office]:
    """An office in which every upload takes too long."""
    before = shops.workshop()
    shop = shops.workshop.fill(Workshop(upload_seconds=1e-6))
    yield office
    shop.close()
    shops.workshop.fill(before)


@pytest.mark.parametrize(
    ("page", "name", "typed"),
    [
        ("attachments", "a.txt", {"kind": "text", "title": "值班安排", "text": "另有说明"}),
        ("word", "a.docx", {}),
    ],
)
def test_who_sends_what_takes_too_long_keeps_what_was_typed(
    slow_office: Office, page: str, name: str, typed: dict[str, str]
):
    flow = Flow(slow_office)
    document = flow.draft()
    browser = slow_office.browser()
    browser.login("林晓梅")
    got = browser.post(
        f"/documents/out/{document.uid}/{page}",
        data={"version": "1", **typed},
        files={"file": (name, docx("一") if page == "word" else b"x\n" * 1_000_000)},
    )
    assert got.status_code == 422
    assert "检查用时太长" in got.text
    assert [
        words for words in (typed.get("title", ""), typed.get("text", "")) if words not in got.text
    ] == []
    assert flow.fresh(document).attachments == []


def test_pages_are_busy_when_the_typesetter_is(office: Office, monkeypatch: pytest.MonkeyPatch):
    """The answer of the door, with the time after which to come again."""
    document = Flow(office).draft()
    browser = office.browser()
    browser.login("林晓梅")

    def taken(*_: object) -> None:
        raise shops._busy()

    monkeypatch.setattr(shops._Bench, "ask", taken)
    got = browser.get(f"/documents/out/{document.uid}/pages/1")
    assert (got.status_code, got.headers.get("retry-after")) == (503, "2")
    assert shops.BUSY in got.text and "处理文件的人较多" in got.text
