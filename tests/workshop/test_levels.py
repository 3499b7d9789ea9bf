"""Levels of headings as plain paragraphs show them."""

from __future__ import annotations

import pytest

from kernel.work.levels import is_heading_line, level_of


@pytest.mark.parametrize(
    ("paragraph", "level", "heading"),
    [
        ("一、建设方式和目标", 1, "一、建设方式和目标"),
        ("十二、加强领导。各单位要落实。", 1, "十二、加强领导。"),
        ("（二）严格身份认证", 2, "（二）严格身份认证"),
        ("(三)规范印章管理。印章由机关统一制作。", 2, "(三)规范印章管理。"),
        ("1、加强组织领导。推行应用是一项系统工程。", 3, "1、加强组织领导。"),
        ("2.加大投入。各县区要加大投入。", 3, "2.加大投入。"),
        ("（1）用印前须经批准。", 4, "（1）用印前须经批准。"),
        ("2008年10-12月，完成系统安装。", 0, ""),
        ("3.5亿元已经到位。", 0, ""),
        ("第一阶段（2009年）：正式运行。", 0, ""),
        ("建设张掖市党政综合办公系统。", 0, ""),
        ("一方面，要提高认识。", 0, ""),
        ("", 0, ""),
    ],
)
def test_level_and_heading(paragraph: str, level: int, heading: str) -> None:
    found, end = level_of(paragraph)
    assert (found, paragraph[:end]) == (level, heading)


def test_a_first_sentence_too_long_for_a_heading_gives_only_its_mark() -> None:
    paragraph = "（一）" + "提高认识，" * 12 + "抓好落实。各单位要按时完成。"
    assert level_of(paragraph) == (2, 3)


def test_only_a_paragraph_without_text_behind_it_is_a_heading_line() -> None:
    assert is_heading_line("二、工作步骤和任务")
    assert not is_heading_line("1、加强组织领导。推行应用是一项系统工程。")
    assert not is_heading_line("各单位要按时完成。")
