"""Forms keep what was typed and say in words what is wrong."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from starlette.datastructures import FormData

from kernel.errors import Conflict, Refused
from kernel.portal.forms import Check, Choice, Date, Files, Form, Number, Paragraphs, Text, Units
from kernel.portal.i18n import _l, speaking
from kernel.portal.picker import Branch, Leaf


class Draft(Form):
    title = Text(_l("标题"), limit=10, required=True, rows=2)
    body = Paragraphs("正文", limit=20)
    type = Choice("文种", [("", "请选择"), ("notice", "通知")], required=True)
    day = Date("日期", required=True)
    copies = Number("份数", least=1, most=9)
    main = Units("主送", required=True, most=3)
    open = Check("公开")


TREE = [
    Branch("县区", (Leaf("g", "甘州"), Leaf("l", "临泽")), value="all"),
    Branch("市直", branches=(Branch("局", (Leaf("c", "财政"),)),)),
]
GOOD = [
    ("title", " 关于\r\n会议 "),
    ("body", "一、甲\r\n\r\n  乙\r\n"),
    ("type", "notice"),
    ("day", "2026-11-22"),
    ("copies", "3"),
    ("main", "c"),
    ("main", "g"),
    ("main", "c"),
    ("open", "y"),
]


def posted(**changes: str | None) -> Draft:
    pairs = [(name, value) for name, value in GOOD if name not in changes]
    pairs += [(name, value) for name, value in changes.items() if value is not None]
    form = Draft(FormData(pairs))
    form.main.tree = TREE
    return form


def test_good_input():
    form = posted()
    assert form.validate(), form.errors_summary
    assert form.data == {
        "title": "关于会议",
        "body": "一、甲\n\n  乙",
        "type": "notice",
        "day": date(2026, 11, 22),
        "copies": 3,
        "main": ["g", "c"],
        "open": True,
    }
    assert form.main.labels() == ["甘州", "财政"]


@pytest.mark.parametrize(
    ("name", "value", "zh"),
    [
        ("title", "  ", "标题不能为空。"),
        ("title", None, "标题不能为空。"),
        ("title", "一二三四五六七八九十一", "标题不能超过 10 字，现有 11 字。"),
        ("title", "甲\x00", "标题第 1 行有看不见的控制字符（U+0000），请删除后重新输入。"),
        ("title", "e\u0301", "标题里有拆开编码的字符（NFC 之外），请重新输入这些字。"),
        ("body", "长" * 21, "正文不能超过 20 字，现有 21 字。"),
        ("type", "", "请选择文种。"),
        ("type", "order", "文种只能从列表中选择。"),
        ("day", "", "日期不能为空。"),
        ("day", "明天", "日期请按“2026-11-22”的样式填写。"),
        ("copies", "十", "份数请填写 1 到 9 之间的整数。"),
        ("copies", "10", "份数请填写 1 到 9 之间的整数。"),
        ("copies", "--1", "份数请填写 1 到 9 之间的整数。"),
        ("main", None, "主送至少选择一个。"),
        ("main", "nobody", "主送里有不认识的单位：nobody。"),
    ],
)
def test_one_error_in_words_with_the_input_kept(name: str, value: str | None, zh: str):
    form = posted(**{name: value})
    assert not form.validate()
    assert form.errors_summary == [(f"field-{name}", zh)]
    with speaking("en"):
        ((_, english),) = form.errors_summary
    assert english != zh and "%(" not in english
    if value and name not in ("main", "type") and "\x00" not in value:
        assert value in str(form[name]()) or value.strip() == ""


def test_too_many_recipients():
    form = Draft(FormData([*GOOD, ("main", "l"), ("main", "all")]))
    form.main.tree = TREE
    form.validate()
    assert ("field-main", "主送最多选择 3 个。") in form.errors_summary


def test_a_refusal_goes_to_its_field_or_on_top():
    form = posted()
    form.validate()
    form.refuse(Conflict("x.taken", "标题已被使用。", "The title is taken.", field="title"))
    form.refuse(Refused("x.right", "没有权限。", "You may not.", field="elsewhere"))
    assert form.errors_summary == [("", "没有权限。"), ("field-title", "标题已被使用。")]
    with speaking("en"):
        assert form.errors_summary == [("", "You may not."), ("field-title", "The title is taken.")]
    html = str(form.title())
    assert 'aria-invalid="true"' in html and 'aria-describedby="field-title-error"' in html


def test_nothing_is_cut_or_refused_by_the_browser():
    html = "".join(str(field()) for field in Draft() if field.name != "main")
    assert "maxlength" not in html and " required" not in html
    assert 'aria-required="true"' in html


def test_start_values_are_shown():
    form = Draft(data={"title": "旧<题>", "day": date(2026, 1, 2), "copies": 4, "main": ["g"]})
    assert "旧&lt;题&gt;" in str(form.title())
    assert 'value="2026-01-02"' in str(form.day()) and 'value="4"' in str(form.copies())
    assert form.main.chosen == ["g"]


@dataclass
class Upload:
    filename: str
    size: int


class Attach(Form):
    files = Files("附件", limit=200 * 1024 * 1024, required=True, accept=".pdf,.mp4")


class Posted(dict[str, list[Upload]]):
    def getlist(self, name: str) -> list[Upload]:
        return self.get(name, [])


def test_a_file_too_large_is_named():
    form = Attach(Posted(files=[Upload("甲.pdf", 10), Upload("乙.mp4", 312 * 1024 * 1024)]))
    assert not form.validate()
    assert form.errors_summary == [("field-files", "附件不能超过 200 MB，“乙.mp4”为 312 MB。")]
    other = Attach(Posted(files=[Upload("丙.PDF", 10), Upload("丁.avi", 312 * 1024 * 1024)]))
    assert not other.validate(), "that it is of another kind matters more than its size"
    assert other.errors_summary == [("field-files", "不能使用“丁.avi”，请选择 .pdf、.mp4 文件。")]
    none = Attach(Posted(files=[Upload("", 0)]))
    assert not none.validate() and none.files.data == []


class Ordered(Form):
    main = Units("主送", ordered=True)


@pytest.mark.parametrize(
    ("chosen", "before", "move", "then"),
    [
        ("cgl", "", "", "glc"),  # by rank as long as nobody moved anything
        ("cgl", "g,c", "", "glc"),
        ("cgl", "c,g", "", "cgl"),  # what is chosen after a move comes last
        ("cgl", "l,c,g", "up:c", "clg"),
        ("cgl", "g,l,c", "down:g", "lgc"),
        ("cgl", "g,l,c", "up:g", "glc"),
        ("cgl", "g,l,c", "down:c", "glc"),
        ("cl", "c,g,l,x,c", "up:x", "cl"),
        ("cl", "c,l", "left:l", "cl"),
    ],
)
def test_what_is_chosen_stands_in_the_order_in_which_it_was_put(
    chosen: str, before: str, move: str, then: str
):
    form = Ordered(
        FormData([*(("main", one) for one in chosen), ("main-order", before), ("main-move", move)])
    )
    form.main.tree = TREE
    assert form.validate()
    assert "".join(form.main.data) == then
    assert form.main.labels() == [{"g": "甘州", "l": "临泽", "c": "财政"}[one] for one in then]


def large(**changes: str) -> Draft:
    """A form whose tree is too large to be drawn at once."""
    form = Draft(FormData([*GOOD, *changes.items()]))
    many = tuple(Leaf(f"u{n}", f"单位{n}") for n in range(100))
    form.main.tree = [*TREE, Branch("街道", many), Branch("常用", many[:3], open=True)]
    return form


def test_a_large_tree_shows_what_is_open_and_what_is_chosen():
    form = large()
    county, city, streets, usual = form.main.tree
    assert [form.main.shows(one) for one in form.main.tree] == [False, False, False, True]
    assert [leaf.value for leaf in form.main.kept(county)] == ["g"]
    assert [leaf.value for leaf in form.main.kept(city)] == ["c"]
    assert form.main.kept(streets) == []
    assert form.main.branches("街道") == [streets] and len(form.main.branches()) == 4
    assert not form.unfolding and form.validate()


def test_who_asks_for_a_branch_gets_it_and_sends_nothing_else():
    form = large(unfold="main/街道", title="")
    assert form.main.shows(form.main.tree[2]) and not form.main.shows(form.main.tree[0])
    assert form.unfolding and not form.validate() and form.errors_summary == []
    assert not large(unfold="other/街道").unfolding


def test_signs_that_nobody_sees_are_not_taken():
    typed = "关于\u202e反向\u200b的\ufeff通知"
    form = Draft(FormData([("title", typed), ("body", "一\x0b二\u2028三")]))
    form.validate()
    assert (form.title.data, form.body.data) == ("关于反向的通知", "一\n二\n三")
