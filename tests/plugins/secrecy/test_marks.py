"""What is a classification mark, and what are plain words."""

import pytest

from plugins.secrecy.marks import find_mark
from tests.fuzz.running import bounded


@pytest.mark.parametrize(
    "text",
    [
        "机密★1年",
        "绝密★长期",
        "秘密★20年",
        "机密☆",
        "机密＊１年",
        "机密 ★ 1 年",
        "秘　密",
        "绝 密",
        "  机密  ",
        "秘密",
        "【秘密】",
        "（机密）",
        "机密10年",
        "000001 机密★1年",
        "密级：机密",
        "密　级:秘密",
        "关于防汛工作的通知\n机密★1年\n正文",
        "首页右上角标注机密★1年字样",
        "機密★1年",
        "机\u200b密★1年",
        "机·密",
        "秘密★启用前",
        "绝密⭐长期",
    ],
)
def test_marks_are_found(text: str):
    assert find_mark(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "要严格保守国家秘密",
        "做好保密工作",
        "秘密级文件管理办法",
        "《机密级计算机信息系统管理规定》",
        "涉及商业秘密和个人隐私的除外",
        "涉密信息一律不得在协同办公系统进行处理",
        "一、严守工作秘密",
        "中共张掖市委机要科",
        "本文不属于绝密、机密、秘密文件，可以公开",
        "机密工作人员须经培训",
        "重点项目★三星",
        "保密期限为20年",
    ],
)
def test_ordinary_words_pass(text: str):
    assert find_mark(text) == ""


def test_a_mark_is_repeated_in_short_form():
    assert find_mark("机密 ★ 1 年") == "机密★1年"


@pytest.mark.parametrize(
    "text",
    [
        "机密工作 秘密 " * 100_000,
        "\n" * 100_000,
        " \n" * 50_000,
        "000000" + "\n" * 100_000,
        "绝密" + " " * 100_000 + "x",
        "密 " * 50_000,
        "绝" + "." * 100_000,
    ],
    ids=["words", "lines", "blanks", "number", "spaces", "level", "dots"],
)
def test_a_long_text_takes_no_time(text: str):
    with bounded(2):
        assert find_mark(text) == ""


@pytest.mark.parametrize("text", ["甲\n\n 机密 \n\n乙", "机密\n1年内完成", "秘\n密", "机密　★　\n"])
def test_a_mark_among_other_lines_is_found(text: str):
    assert find_mark(text)
