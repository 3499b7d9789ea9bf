"""The forms of the documents pages, and what goes from them into a document."""

from __future__ import annotations

from msgspec.structs import replace

from kernel.api import (
    Check,
    Choice,
    Date,
    Desk,
    Files,
    Form,
    Hidden,
    Ink,
    Paragraphs,
    Text,
    Units,
    _,
    _l,
    units,
)
from plugins.documents import attachments, elements, word
from plugins.documents.models import Document
from plugins.documents.pages.words import recipient_tree
from plugins.workflow import face as workflow

PHASES = tuple((str(n), _l("第%(n)s阶段接入单位", n=n)) for n in (1, 2, 3))


class NewForm(Form):
    """What kind of document is begun."""

    type = Choice(_l("文种"), tuple(elements.TYPES.items()), required=True, radio=True)


class DraftForm(Form):
    """Everything that a drafter writes; attachments have a page of their own."""

    version = Hidden()
    title = Text(
        _l("标题"),
        limit=elements.LONGEST["title"],
        rows=2,
        hint=_l("由发文机关名称、事由和文种组成。"),
    )
    main = Units(
        _l("主送机关"),
        ordered=True,
        hint=_l("统称整组选择，也可逐个选择单位；选好后可以上移、下移调整次序。"),
    )
    main_text = Text(
        _l("主送机关的写法"),
        limit=elements.LONGEST["main_text"],
        hint=_l("印在正文上方；留空时按所选单位自动写出。"),
    )
    body = Paragraphs(
        _l("正文"),
        limit=elements.LONGEST_BODY,
        rows=16,
        hint=_l("每段一行。行首的“一、”“（一）”“1.”“（1）”自动识别为各级标题。"),
    )
    cc = Units(_l("抄送机关"), ordered=True)
    type = Choice(_l("文种"), tuple(elements.TYPES.items()), required=True)
    urgency = Choice(
        _l("紧急程度"),
        (("", _l("平件")), ("加急", _l("加急")), ("特急", _l("特急"))),
    )
    disclosure = Choice(
        _l("公开属性"), (("", _l("未定")), *elements.DISCLOSURES.items()), hint=_l("送核前须确定。")
    )
    disclosure_reason = Text(_l("不予公开的理由"), limit=elements.LONGEST["disclosure_reason"])
    annotation = Text(
        _l("附注"),
        limit=elements.LONGEST["annotation"],
        hint=_l("如印发传达范围、联系人；括号自动添加。"),
    )
    next_post = Choice(_l("送交"))


class WordFileForm(Form):
    """A Word file that shall become the draft."""

    file = Files(
        _l("Word 稿"),
        limit=word.LARGEST,
        required=True,
        accept=".docx",
        hint=_l("只收 .docx。文字会按公文要素分开，先给您核对，确认后才存入草稿。"),
    )


class WordForm(Form):
    """What was recognised in a Word file, to be looked at before anything is stored."""

    version = Hidden()
    title = Text(_l("标题"), limit=elements.LONGEST["title"], rows=2)
    type = Choice(_l("文种"), tuple(elements.TYPES.items()), required=True)
    main_text = Text(_l("主送机关的写法"), limit=elements.LONGEST["main_text"])
    body = Paragraphs(_l("正文"), limit=elements.LONGEST_BODY, rows=18)
    annotation = Text(_l("附注"), limit=elements.LONGEST["annotation"])
    urgency = Hidden()
    disclosure = Hidden()
    attachments = Hidden(limit=2 * elements.LONGEST_ATTACHMENTS)


class OpinionForm(Form):
    """An opinion, and who acts next."""

    version = Hidden()
    opinion = Paragraphs(_l("意见"), limit=1000, rows=3)
    ink = Ink(_l("手写意见"))
    scan = Files(
        _l("纸质签批扫描件"),
        limit=10 * 1024 * 1024,
        accept=".pdf,.jpg,.jpeg,.png",
        hint=_l("代录必附：领导在纸上签批的那一页，PDF 或图片。"),
    )
    next_post = Choice(_l("下一步送交"))


class ReturnForm(Form):
    """Where it is sent back to, and why."""

    version = Hidden()
    to = Choice(_l("退回到"), required=True)
    reason = Paragraphs(
        _l("退回原因"), limit=1000, rows=3, marked=True,
        hint=_l("打字或手写，必填；拟稿人可见。"),
    )  # fmt: skip
    reason_ink = Ink(_l("手写退回原因"))


class AttachmentForm(Form):
    """A new attachment."""

    version = Hidden()
    kind = Choice(
        _l("类型"),
        (
            ("text", _l("文字")),
            ("table", _l("表格（粘贴单元格或 CSV，首行为表头）")),
            ("units", _l("单位名单（自动生成）")),
            ("form", _l("空白表样")),
        ),
        required=True,
    )
    title = Text(_l("附件名称"), limit=100, hint=_l("空白表样自带名称，可不填。"))
    text = Paragraphs(_l("内容"), limit=200_000, rows=8, hint=_l("用于文字和表格。"))
    file = Files(
        _l("导入文件"),
        limit=attachments.LARGEST,
        accept=".docx,.txt,.xlsx,.csv",
        hint=_l("可不选。文字取自 .docx、.txt，表格取自 .xlsx 第一张工作表、.csv；只保留文字。"),
    )
    group = Choice(_l("名单范围"), hint=_l("用于单位名单。"))
    blank = Choice(_l("表样"), hint=_l("用于空白表样。"))


class DispatchForm(Form):
    """Until when the recipients have to sign for it."""

    version = Hidden()
    until = Date(_l("签收时限"), hint=_l("当日 24 时前签收，过时登记为逾期；可不填。"))


class DeclaredForm(Form):
    """The clerk has looked at the pages (条例 art. 25(4): 文字、格式和印刷质量)."""

    version = Hidden()
    checked = Check(_l("已核对文字、格式和页面，与签发稿一致"))


def draft_form(desk: Desk, document: Document, posted: object = None) -> DraftForm:
    """The form of a document, filled with what is stored or with what was posted."""
    data = {name: getattr(document, name) for name in elements.LONGEST}
    if document.main_text == elements.recipients_line(document.main):
        data["main_text"] = ""  # written by itself: it has to follow what is chosen
    form = DraftForm(
        posted,
        data={
            **data,
            "version": str(document.version),
            "main": [_code(name) for name in document.main],
            "cc": [_code(name) for name in document.cc],
            "body": "\n".join(document.body),
        },
    )
    form.main.tree = recipient_tree()
    form.cc.tree = [replace(branch, open=False) for branch in form.main.tree]
    form.next_post.choices = choices_of(workflow.who_acts_next(desk, document))
    return form


def _code(name: str) -> str:
    """The value in the picker of a recipient that is stored by code, group or printed name."""
    if units.group_by_name(name) is not None:
        return name
    unit = units.by_name(name)
    return name if unit is None else str(unit.code)


def content_from(form: DraftForm, document: Document) -> elements.Content:
    """What the form says, with the attachments as they are."""
    content = {name: getattr(document, name) for name in elements.names()}
    for name in ("type", "title", "main_text", "annotation", "urgency", "disclosure"):
        content[name] = getattr(form, name).data or ""
    content["disclosure_reason"] = form.disclosure_reason.data or ""
    content["body"] = [line.strip() for line in (form.body.data or "").split("\n") if line.strip()]
    content["main"] = form.main.chosen
    content["main_text"] = content["main_text"] or elements.recipients_line(content["main"])
    printed = {_code(name): name for name in document.cc}
    content["cc"] = [printed.get(value) or elements.printed_name(value) for value in form.cc.chosen]
    return content


def choices_of(candidates: list[workflow.Candidate]) -> list[tuple[str, str]]:
    """The people who may act next, for a select; anybody of them unless one is chosen.

    The unit stands with the name only where it tells people apart: a select on a phone is narrow.
    """
    units = {one.unit for one in candidates}
    named = [
        (one.post, f"{one.name}（{one.title if len(units) == 1 else f'{one.unit} {one.title}'}）")
        for one in candidates
    ]
    return named if len(named) == 1 else [("", _("由有权人员办理")), *named]
