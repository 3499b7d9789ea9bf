"""The page of a leader with made-up matters: one to decide, one to read, one that only opens."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from kernel.acts.agenda import Waiting
from kernel.acts.tasks import Row
from kernel.portal.brief import Brief, Move, apart
from kernel.portal.fields import Choice, Paragraphs
from kernel.portal.forms import Form
from kernel.portal.ink import Ink
from kernel.portal.parts import Phrase
from kernel.portal.views.cards import Card
from kernel.portal.views.desks import DeskChoice, Lent
from tests.portal_face.samples import NOW

STROKES = "600 360;40,40 120,60 200,50;120,20 118,180;60,300"


class Agree(Form):
    """An opinion, in words or by hand."""

    opinion = Paragraphs("意见", limit=1000, rows=3)
    ink = Ink("手写意见")


class Back(Form):
    """Where it goes back to, and why."""

    to = Choice("退回到", (("draft", "拟稿"), ("office", "办公室核稿")), required=True)
    reason = Paragraphs("退回原因", limit=1000, rows=3)
    reason_ink = Ink("手写退回原因")


@dataclass(frozen=True)
class Said:
    """An opinion."""

    text: str
    ink: str
    step: str = "办公室核稿"
    person_name: str = "李建国"
    at: object = NOW - timedelta(hours=2)
    by_hand: bool = False


OWN = [
    Phrase(text) for text in ("同意。", "请阅处。", "已阅。", "请财政局核。", "缓办。", "另议。")
]


def _line(uid: str, title: str, step: str, form: str = "todo", **more: object) -> Row:
    values = {"urgency": "", "due": None, **more}
    return Row(
        0, uid, "documents", "documents.document", uid, title, "发文 · 通知 · 秘书科", step, "",
        form, str(values["urgency"]), "李建国", values["due"], NOW - timedelta(hours=3), None,  # type: ignore[arg-type]  # a moment or None
    )  # fmt: skip


def matters() -> list[Card]:
    """Three of them."""
    phrases = [Phrase(text, f"签发：{text}") for text in ("同意印发。", "同意。")]
    agree = Move("签发", "/sign", "primary", "circle-check", {"version": "3"},
                 apart(Agree(), "a"), OWN, phrases, quick="opinion")  # fmt: skip
    reasons = [Phrase("请补充依据材料后再报。")]
    back = Move("退回", "/back", "danger", "undo-2", {}, apart(Back(), "b"), reasons)
    title = "中共江州市委办公室关于做好强降雪天气防范应对工作和岁末年初安全生产工作的紧急通知"
    facts = [("拟稿", "秘书科 林晓梅"), ("主送", "各县（区）委、县（区）人民政府，市直各部门：")]
    said = [Said("内容、格式符合要求，请审签。", ""), Said("（手写）", STROKES, by_hand=True)]
    read = Move("已阅", "/read", "primary", "check")
    return [
        Card(
            _line("m1", title, "签发", urgency="特急", due=NOW - timedelta(hours=2)),
            "/documents/out/m1",
            Brief(
                facts, "为确保节假日期间政令畅通，现就有关工作通知如下。" * 4, said, [agree, back]
            ),
            ("特急",),
        ),
        Card(
            _line("m2", "关于报送2026年度绩效考核自评材料的通知", "拟办", "toread"),
            "/documents/in/m2",
            Brief([("来文单位", "市考核办")], moves=[read]),
        ),
        Card(_line("m3", "双人复核：推进接入阶段", "复核"), "/admin/proposals", Brief()),
    ]


def places() -> list[DeskChoice]:
    """Two posts and a delegation."""
    return [
        DeskChoice("p1", "市委办公室 · 副秘书长", "市委办公室", Waiting(3, 1, 0, 1, 0), True),
        DeskChoice("p2", "信息化工作办公室 · 主任", "市委市政府信息化工作办公室", Waiting()),
        DeskChoice("delegation:d", "代 刘志远 · 市政府办", "市政府办公室", Waiting(2), own=False),
    ]


def lent_out() -> list[Lent]:
    """One that was given."""
    return [Lent("王芳（秘书科 科长）", NOW + timedelta(days=3), 2, False)]
