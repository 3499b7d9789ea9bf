"""A Word file becomes a draft: what is recognised and told; nothing is stored unseen."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from kernel.api import connection
from plugins.documents import word
from plugins.documents.models import Document
from tests.fuzz.running import bounded
from tests.plugins.documents.test_pages import as_person, begun, version
from tests.plugins.people import DRAFTER, Flow
from tests.web.archives import TYPES, W, pack

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512)
LEVEL = (
    '<w:lvl w:ilvl="{n}"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/>'
    '<w:lvlText w:val="{text}"/></w:lvl>'
)
NUMBERS = (
    f'<w:numbering xmlns:w="{W}"><w:abstractNum w:abstractNumId="0">'
    + LEVEL.format(n=0, text="%1、")
    + LEVEL.format(n=1, text="(%2)")
    + '</w:abstractNum><w:num w:numId="3"><w:abstractNumId w:val="0"/></w:num></w:numbering>'
)


def p(text: str, align: str = "", numbered: int = -1, more: str = "") -> str:
    jc = f'<w:jc w:val="{align}"/>' if align else ""
    if numbered >= 0:
        jc += f'<w:numPr><w:ilvl w:val="{numbered}"/><w:numId w:val="3"/></w:numPr>'
    run = f"<w:r><w:t>{text}</w:t></w:r>" if text else ""
    return f"<w:p><w:pPr>{jc}</w:pPr>{run}{more}</w:p>"


def table(*rows: tuple[str, ...]) -> str:
    cells = ["".join(f"<w:tc>{p(cell)}</w:tc>" for cell in row) for row in rows]
    return "<w:tbl>" + "".join(f"<w:tr>{row}</w:tr>" for row in cells) + "</w:tbl>"


def file(*parts: str, **more: bytes) -> bytes:
    page = f'<w:document xmlns:w="{W}"><w:body>{"".join(parts)}</w:body></w:document>'
    return pack(
        {
            "[Content_Types].xml": TYPES,
            "word/document.xml": page.encode(),
            "word/numbering.xml": NUMBERS.encode(),
            **{f"word/{name}.bin": data for name, data in more.items()},
        }
    )


USUAL = (
    p("中共张掖市委办公室文件", "center"),
    p("张办发〔2026〕47号", "center"),
    p("中共张掖市委办公室", "center"),
    p("关于做好防汛工作的通知", "center"),
    p("各县（区）委，市财政局，某某公司："),
    p("现将有关事项通知如下。", more="<w:r><w:drawing/></w:r>"),
    p("落实责任", numbered=0),
    p("分级负责。各单位要认真执行。", numbered=1),
    p("密切配合。加强会商。", numbered=1),
    p("做好值守", numbered=0, more="<w:del><w:r><w:delText>删去的话</w:delText></w:r></w:del>"),
    p("(1)按时报送", more="<w:r><w:t>信息。</w:t></w:r><w:r><w:commentReference/></w:r>"),
    table(("单位", "电话"), ("市财政局", "8213000")),
    p("附件：1.责任清单"),
    p("2.值班安排"),
    p("中共张掖市委办公室", "right"),
    p("2026年11月20日", "right"),
    p("（联系人：林晓梅，电话：8213001）"),
    p("抄送：市教育局，某某协会。"),
    p("附件1"),
    p("责任清单", "center"),
    table(("序号", "任务"), ("1", "巡堤")),
    p("附件2"),
    p("值班安排", "center"),
    p("每日两班。"),
)


def send(flow: Flow, data: bytes, name: str = "防汛.docx") -> tuple[Any, str, Any]:
    browser = as_person(flow, DRAFTER)
    where, _page = begun(browser)
    there = where.replace("/edit", "/word")
    return browser, there, browser.post(there, data={}, files={"file": (name, data)})


def value(page: str, name: str) -> str:
    found = re.search(rf'<textarea[^>]*name="{name}"[^>]*>\s?(.*?)</textarea>', page, re.S)
    found = found or re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    assert found, name
    return unescape(found[1]).replace("\r\n", "\n").lstrip("\n")


def stored() -> Document:
    with connection():
        found: Document = Document.get()
    return found


def accepted(page: str, **changes: Any) -> dict[str, Any]:
    names = ("title", "main_text", "body", "annotation", "attachments", "disclosure", "urgency")
    ticked = {
        name: re.findall(rf'type="checkbox" name="{name}" value="([^"]*)"', page)
        for name in ("main", "cc", "keep")
    }
    ticked["told"] = [unescape(one) for one in re.findall(r'name="told" value="([^"]*)"', page)]
    return {
        **{name: value(page, name) for name in names},
        **ticked,
        "version": version(page),
        "type": "通知",
        "do": "accept",
        **changes,
    }


def test_a_usual_document_is_recognised_and_stored_once_accepted(flow: Flow):
    browser, there, answer = send(flow, file(*USUAL))
    assert answer.status_code == 200, unescape(answer.text)
    page = answer.text
    before = stored()
    assert before.body == []
    assert value(page, "title") == "中共张掖市委办公室关于做好防汛工作的通知"
    assert value(page, "main_text") == "各县（区）委，市财政局，某某公司："
    assert value(page, "body").split("\n") == [
        "现将有关事项通知如下。",
        "一、落实责任",
        "（一）分级负责。各单位要认真执行。",
        "（二）密切配合。加强会商。",
        "二、做好值守",
        "（1）按时报送信息。",
        "（见附件3）",
    ]
    assert value(page, "annotation") == "联系人：林晓梅，电话：8213001"
    text = unescape(page)
    for sentence in (
        "图片 1 处没有导入。",
        "修订痕迹 1 处",
        "批注 1 处没有导入。",
        "主送机关中没有对上的：某某公司",
        "抄送机关中没有对上的：某某协会",
        "原稿的“2026年11月20日”没有导入",
        "版头“张办发〔2026〕47号”由平台生成",
        "正文中的第 1 个表格改为附件",
    ):
        assert sentence in text, sentence
    saved = browser.post(there, data=accepted(page))
    assert "已存入草稿" in unescape(saved.text)
    draft = stored()
    assert draft.main == ["各县（区）委", "620700-GFIN"]
    assert draft.cc == ["市教育局"]
    assert draft.body[0] == "现将有关事项通知如下。"
    assert [one["title"] for one in draft.attachments] == draft.attachment_note
    assert {"责任清单", "值班安排"} <= set(draft.attachment_note)


ISSUERS = "中共张掖市委办公室 张掖市人民政府办公室"
FOUNDING = (
    ISSUERS,
    "关于统一使用党政综合办公系统有关事宜的通知",
    "市委办发〔2008〕91号",
    "各县(区)委、县(区)人民政府,市直及省属驻张各部门、各单位:",
    "现就有关事宜通知如下。",
    "6、着力强化培训。采用先培训后接入的管理办法。",
    "附件:1、第一批接入单位名单(略)",
    "2、摸底调查表(略)",
)
"""Beginning and end of 市委办发〔2008〕91号 as it was published, under a title of two issuers."""


def founding(*behind: str) -> bytes:
    return file(*map(p, FOUNDING), *behind)


@pytest.mark.parametrize("behind", [(), (table(("甲", "乙")),)])
def test_the_published_notice_is_taken_apart(flow: Flow, behind: tuple[str, ...]):
    _browser, _there, answer = send(flow, founding(*behind))
    page, text = answer.text, unescape(answer.text)
    assert value(page, "title") == f"{ISSUERS}关于统一使用党政综合办公系统有关事宜的通知"
    assert accepted(page)["main"] == [
        "各县（区）委",
        "各县（区）人民政府",
        "市直及省属驻张各部门、各单位",
    ]
    assert "没有对上" not in text
    body = value(page, "body").split("\n")
    assert body[:2] == ["现就有关事宜通知如下。", "6.着力强化培训。采用先培训后接入的管理办法。"]
    assert "附件:" not in "".join(body)
    assert "附件说明里的“第一批接入单位名单(略)、摸底调查表(略)”在文件中没有内容" in text


def test_a_list_of_attachments_with_text_behind_is_left_as_it_was_typed(flow: Flow):
    _browser, _there, answer = send(flow, founding(p("特此通知。")))
    lines = value(answer.text, "body").split("\n")
    assert lines[-3:] == [*FOUNDING[-2:], "特此通知。"]
    assert "后面还有文字，没有分出，留在正文里，请核对。" in unescape(answer.text)


@pytest.mark.parametrize(
    ("data", "name", "sentence"),
    [
        (OLE, "旧稿.doc", "请另存为 .docx"),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "加密.docx", "设有打开密码"),
        (file(p("甲"), vbaProject=b"1"), "宏.docx", "含有宏"),
        (file(p("")), "空.docx", "没有可以导入的文字"),
        (file(p("机密★1年"), p("某某事项。")), "密.docx", "检测到密级标志"),
    ],
)
def test_what_cannot_come_in_is_refused_with_what_to_do(
    flow: Flow, data: bytes, name: str, sentence: str
):
    _browser, _there, answer = send(flow, data, name)
    assert answer.status_code in (403, 422)
    assert sentence in unescape(answer.text)
    assert stored().body == []


def test_who_accepts_too_late_keeps_everything_and_may_try_again(flow: Flow):
    browser, there, answer = send(flow, file(*USUAL))
    late = browser.post(there, data=accepted(answer.text, version="0"))
    assert late.status_code == 409
    assert value(late.text, "title") == "中共张掖市委办公室关于做好防汛工作的通知"
    assert "批注 1 处没有导入。" in unescape(late.text)
    assert stored().body == []
    assert "已存入草稿" in unescape(browser.post(there, data=accepted(late.text)).text)


def test_attachments_that_somebody_wrote_into_are_refused(flow: Flow):
    browser, there, answer = send(flow, file(*USUAL))
    forged = accepted(answer.text, attachments='[{"title": "甲", "kind": "script"}]', keep=["0"])
    assert browser.post(there, data=forged).status_code == 422
    assert stored().body == []


@pytest.mark.parametrize("line", ["附件", "附 件 1", "附件一：", "附件 2 :", "附件 ："])
def test_the_line_above_an_attachment_is_known(line: str):
    assert word._is_section({"text": line})


def test_a_line_of_spaces_takes_no_time():
    with bounded(2):
        assert not word._is_section({"text": "附件" + " " * 100_000 + "x"})
