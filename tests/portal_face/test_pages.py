"""What must hold for the HTML of every page, before a browser sees it."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from kernel.portal.parts import Receipt, ReceiptBook
from kernel.portal.timeline import row_of_steps
from tests.portal_face.gallery import PAGES, draw
from tests.portal_face.samples import history

VOID = {"meta", "link", "input", "br", "img", "col", "use", "rect", "path", "circle"}


class Reader(HTMLParser):
    """Collects what the checks ask for, and sees that tags close in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open[-1] == tag, f"</{tag}> closes {self.open[-3:]}"
        self.open.pop()

    def values(self, name: str) -> list[str]:
        return [value for _, attrs in self.tags if (value := attrs.get(name)) is not None]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest) -> Reader:
    return Reader(draw(request.param))


def test_it_is_well_formed_and_names_are_unique(page: Reader):
    assert page.open == []
    ids = page.values("id")
    assert len(ids) == len(set(ids))


def test_it_has_one_heading_and_one_main(page: Reader):
    tags = [tag for tag, _ in page.tags]
    assert tags.count("h1") == 1 and tags.count("main") == 1
    assert dict(page.tags)["html"]["lang"] == "zh-CN"


def test_nothing_inline_for_the_policy_to_refuse(page: Reader):
    for tag, attrs in page.tags:
        assert tag != "style"
        assert tag != "script" or attrs.get("src", "").startswith("/static/")  # type: ignore[union-attr]  # a src without value fails the test anyway
        assert not [name for name in attrs if name == "style" or name.startswith("on")]
        assert not (attrs.get("href") or "").startswith(("javascript:", "http"))


def test_every_reference_has_its_target(page: Reader):
    ids = set(page.values("id"))
    for name in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
        for value in page.values(name):
            assert set(value.split()) <= ids, (name, value)
    anchors = {href[1:] for href in page.values("href") if href.startswith("#")}
    assert anchors <= ids


def test_every_input_has_a_name_for_screen_readers(page: Reader):
    labelled = set(page.values("for"))
    for tag, attrs in page.tags:
        if tag in ("input", "select", "textarea") and attrs.get("type") not in (
            "hidden",
            "checkbox",
        ):
            assert attrs.get("id") in labelled, attrs


def test_every_state_is_said_in_words():
    html = draw("receipts")
    for word in ("已签收", "已办结", "已阅未签", "待送达", "未签收</span>", "已退回"):
        assert word in html
    assert "未签收 3 家" in html and "<strong>38</strong> / 42 已签收" in html


def test_english_pages_have_no_chinese_frame():
    html = draw("empty", language="en")
    for word in ("跳到主要内容", "退出登录", "清除筛选", "没有找到", "非涉密"):
        assert word not in html
    assert "Nothing found for “量子”" in html and "Sign out" in html


def test_the_size_is_drawn_by_the_server():
    assert 'data-size="large"' in draw("home", size="large")
    assert 'value="large" data-size-set aria-pressed="true"' in draw("home", size="large")


def test_the_theme_brings_its_names_and_its_sheet():
    html = draw("home", theme="zhangye")
    assert "张掖市党政综合办公系统" in html and "/static/zhangye/tokens.css?v=" in html


def test_stays_and_delays():
    entries = history()
    assert [entry.overdue for entry in entries] == [False, True, False, False, False]
    assert entries[3].stay is not None and entries[4].stay is None


@pytest.mark.parametrize(
    ("current", "states"),
    [(0, ["now", "future"]), (1, ["done", "now"]), (2, ["done", "done"])],
)
def test_steps(current: int, states: list[str]):
    assert [step.state for step in row_of_steps(["拟稿", "签发"], current)] == states


def test_an_empty_book_of_receipts():
    book = ReceiptBook(())
    assert (book.total, book.signed, book.missing) == (0, 0, [])
    late = ReceiptBook((Receipt("市教育局", "overdue"), Receipt("市财政局", "recalled")))
    assert [item.unit for item in late.missing] == ["市教育局"] == [i.unit for i in late.overdue]
    assert [item.unit for item in late.recalled] == ["市财政局"]
    one = Receipt("市财政局", "recalled")
    assert (one.look, str(one.label), one.name) == ("gone", "已撤回", "市财政局")
