"""Made-up content for the gallery: tasks, documents, receipts, a form, a frame."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from kernel.errors import Conflict
from kernel.portal.forms import Check, Choice, Date, Files, Form, Number, Paragraphs, Text, Units
from kernel.portal.lists import Column, Filter, ListSpec, Sort
from kernel.portal.page import (
    Brand,
    MenuGroup,
    MenuItem,
    OtherDesk,
    Page,
    PageDesk,
    Size,
)
from kernel.portal.parts import (
    Confirm,
    Receipt,
    ReceiptBook,
    TaskRow,
)
from kernel.portal.picker import Branch, Leaf
from kernel.portal.timeline import Entry, Step, row_of_steps, with_stays

HERE = Path(__file__).resolve().parent
NOW = datetime(2026, 11, 23, 2, 12, tzinfo=UTC)


def frame(title: str, language: str, size: Size, current: str = "") -> Page:
    """The frame of a signed-in desk."""
    return Page(
        title=title,
        brand=Brand("", ""),
        desk=PageDesk(
            "林晓梅",
            "科员",
            "秘书一科",
            "中共张掖市委办公室",
            "市委办",
            others=(OtherDesk("p2", "市委督查室 · 科员"),),
        ),
        menu=(
            MenuGroup(
                "",
                (
                    MenuItem("工作台", "/", "layout-dashboard", current=current == "home"),
                    MenuItem("待办中心", "/tasks", "list-checks", 12, note="件待办"),
                ),
            ),
            MenuGroup(
                "公文",
                (
                    MenuItem(
                        "发文办理", "/documents/out", "file-pen-line", 4, current=current == "out"
                    ),
                    MenuItem("收文办理", "/documents/in", "file-input", 3),
                    MenuItem("公文交换", "/exchange/inbox", "arrow-left-right", 2, note="件待签收"),
                    MenuItem("传阅批示", "/documents/circulation", "book-open", 8),
                    MenuItem("归档查询", "/documents/archive", "archive"),
                ),
            ),
            MenuGroup(
                "政务协同",
                (
                    MenuItem("会议通知", "/meetings", "calendar-clock", 1),
                    MenuItem(
                        "督查督办", "/supervision", "clipboard-check", 1, alert=True, note="件临期"
                    ),
                    MenuItem("通讯录", "/contacts", "contact"),
                ),
            ),
        ),
        tab_bar=(
            MenuItem("工作台", "/", "layout-dashboard", current=current == "home"),
            MenuItem("待办", "/tasks", "list-checks", 12),
            MenuItem("公文", "/documents/out", "file-pen-line", current=current == "out"),
            MenuItem("通讯录", "/contacts", "contact"),
            MenuItem("我的", "/me", "user"),
        ),
        unread=5,
        demo=True,
        language=language,
        size=size,
    )


def tasks() -> list[TaskRow]:
    """Tasks with every kind of urgency and time limit."""

    def at(hours: float) -> datetime:
        return NOW + timedelta(hours=hours)

    rows = json.loads((HERE / "tasks.json").read_text("utf-8"))
    return [
        TaskRow(
            str(n),
            title,
            f"/t/{n}",
            meta,
            step,
            who,
            at(came),
            at(limit),
            tuple(tags),
            "未读" in tags,
        )
        for n, (title, meta, step, who, came, limit, tags) in enumerate(rows)
    ]


OUT = ListSpec(
    title="发文",
    columns=(
        Column("title", "标题", "title", sort="title"),
        Column("number", "发文字号"),
        Column("step", "环节", "tag"),
        Column("person", "拟稿人", "person"),
        Column("changed", "更新时间", "time", sort="new"),
    ),
    sorts=(
        Sort("new", "按更新时间", "changed", descending=True),
        Sort("title", "按标题", "title"),
    ),
    default_sort="new",
    filters=(Filter("type", "文种", (("notice", "通知"), ("letter", "函")), "全部文种"),),
    href=lambda row: f"/documents/out/{row['uid']}",
    meta=lambda row: str(row["meta"]),
    empty="还没有发文。起草的公文会出现在这里。",
)


def rows_out() -> list[dict[str, Any]]:
    """Documents for a list."""
    return [
        {
            "uid": str(n),
            "title": row.title,
            "number": f"市委办发〔2026〕{91 + n}号" if n % 2 else None,
            "meta": row.meta,
            "step": row.step,
            "person": row.person,
            "changed": row.at,
        }
        for n, row in enumerate(tasks())
    ]


class Draft(Form):
    """A form with every kind of field."""

    title = Text("标题", limit=50, required=True, hint="由发文机关、事由和文种组成。")
    type = Choice("文种", [("notice", "通知"), ("letter", "函")], required=True)
    urgency = Choice("紧急程度", [("", "平件"), ("fast", "加急"), ("urgent", "特急")], radio=True)
    date = Date("成文日期")
    copies = Number("印发份数", least=1, most=999)
    main = Units("主送", required=True, hint="按规范顺序排列；整组选择时在公文中写组名。")
    body = Paragraphs("正文", limit=2000, rows=8, required=True)
    attachments = Files("附件", limit=200 * 1024 * 1024, accept=".docx,.pdf")
    public = Check("可以主动公开")


def tree() -> list[Branch]:
    """A small tree of units."""
    counties = ("甘州区", "临泽县", "高台县", "山丹县", "民乐县", "肃南裕固族自治县")
    return [
        Branch(
            "各县（区）委",
            tuple(Leaf(f"c{n}", f"中共{name}委员会", name) for n, name in enumerate(counties)),
            value="g:各县（区）委",
        ),
        Branch(
            "各县（区）人民政府",
            tuple(Leaf(f"g{n}", f"{name}人民政府", name) for n, name in enumerate(counties)),
            value="g:各县（区）人民政府",
        ),
        Branch(
            "市直部门",
            branches=(
                Branch(
                    "政府工作部门",
                    tuple(
                        Leaf(f"d{n}", name)
                        for n, name in enumerate(("市财政局", "市教育局", "市工信局", "市应急局"))
                    ),
                ),
            ),
        ),
    ]


def draft(*, wrong: bool) -> Draft:
    """The form as it is opened, or as it comes back."""
    data = {
        "title": "中共张掖市委办公室关于全市党政部门统一使用协同办公系统有关事宜的通知",
        "body": "现就有关事宜通知如下。\n一、建设方式和目标",
        "main": ["c0", "c1", "g:各县（区）人民政府"],
    }
    form = (
        Draft(
            Posted(
                {
                    "title": [""],
                    "type": ["x"],
                    "main": ["c0"],
                    "body": ["长" * 2001],
                    "copies": ["十"],
                }
            )
        )
        if wrong
        else Draft(data=data)
    )
    form.main.tree = tree()
    if wrong:
        form.validate()
        form.refuse(
            Conflict(
                "documents.number_taken",
                "发文字号 市委办发〔2026〕91号 已被使用，请换一个号。",
                "The number is taken; choose another one.",
            )
        )
    return form


class Posted(dict[str, list[Any]]):
    """Posted values, as a request gives them."""

    def getlist(self, name: str) -> list[Any]:
        """All values of that name."""
        return self.get(name, [])


def book() -> ReceiptBook:
    """Receipts in every state."""
    states = (
        ["signed"] * 30
        + ["done"] * 5
        + ["read", "delivered", "waiting", "returned"]
        + ["signed"] * 3
    )
    names = ["市文广旅局", "市体育局", "甘州区政府", "高新区管委会", "市财政局", "市教育局"]
    return ReceiptBook(
        tuple(
            Receipt(
                f"张掖{names[n % 6]}",
                state,
                names[n % 6],
                "赵敏华" if state in ("signed", "done") else "",
                NOW - timedelta(minutes=n) if state in ("signed", "done") else None,
                "不属于本单位职责" if state == "returned" else "",
            )
            for n, state in enumerate(states)
        )
    )


def history() -> list[Entry]:
    """A matter under way."""

    def at(hours: float) -> datetime:
        return NOW + timedelta(hours=hours)

    return with_stays(
        [
            Entry("拟稿", "林晓梅", "秘书一科", received=at(-30), handled=at(-29)),
            Entry(
                "核稿",
                "王芳",
                "秘书一科科长",
                "同意。第二部分第三段“试点”请改为“试行”。",
                received=at(-29),
                handled=at(-26),
                limit=at(-27),
            ),
            Entry(
                "退回修改",
                "李建国",
                "办公室主任",
                "请补充与上年方案的衔接。",
                received=at(-26),
                handled=at(-20),
                state="back",
            ),
            Entry("签发", "刘志远", "市委常委、秘书长", received=at(-4), state="now"),
            Entry("用印", "赵敏华", "印章管理员", state="future"),
        ],
        NOW,
    )


def steps() -> list[Step]:
    """The compact row."""
    return row_of_steps(
        ["拟稿", "核稿", "签发", "编号", "用印", "分发", "归档"], 2, "刘志远 停留 4 小时"
    )


@dataclass(frozen=True)
class Sorry:
    """What the error page is told."""

    title: str = "系统出错"
    sentence: str = "您的内容已保存。请把编号告诉技术科（内线 6123）。"
    status: int = 500
    code: str = "portal.defect"
    reason: str = ""
    incident: str = "E-7F3A"
    way_href: str = ""
    way_label: str = ""


def confirmation() -> Confirm:
    """An act before it is signed."""
    return Confirm(
        "用印确认",
        (
            ("文件", "《关于全市党政部门统一使用协同办公系统有关事宜的通知》（共 6 页）"),
            ("印章", "中共张掖市委办公室"),
            ("主送", ("各县（区）委", "各县（区）人民政府", "市直及省属驻张各部门、各单位")),
            ("办理人", "赵敏华（印章管理员）"),
        ),
        "/sign",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "盖章后正文不可修改。",
        {"act": "019ab"},
        "签名并用印",
        "/documents/out/1",
    )
