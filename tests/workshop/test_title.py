"""Titles break where a reader would pause."""

from __future__ import annotations

import pytest

from kernel.work.title import WIDEST, break_title

NAMES = ("中共张掖市委办公室", "张掖市人民政府办公室", "张掖市档案局")


def test_the_founding_notice_breaks_into_a_diamond() -> None:
    title = "中共张掖市委办公室关于全市党政部门统一使用协同办公系统有关事宜的通知"
    assert break_title(title, names=NAMES) == [
        "中共张掖市委办公室",
        "关于全市党政部门统一使用协同办公系统",
        "有关事宜的通知",
    ]


def test_a_short_title_stays_on_one_line() -> None:
    assert break_title("开展无纸化办公部门情况摸底调查表") == ["开展无纸化办公部门情况摸底调查表"]


@pytest.mark.parametrize(
    "title",
    [
        "张掖市人民政府办公室转发省政府办公厅关于进一步加强安全生产工作意见的紧急通知",
        "张掖市档案局关于开展2026年度机关档案工作检查评估的通知",
        "中共张掖市委办公室张掖市人民政府办公室关于印发《张掖市数字政务建设三年行动计划"
        "（2026—2028年）》的通知",
        "第一批接入张掖市党政综合办公系统的单位名单",
        "关于" + "开展检查" * 12 + "的通知",
    ],
)
def test_lines_hold_the_whole_title_and_never_start_with_a_mark(title: str) -> None:
    lines = break_title(title, names=NAMES)
    assert "".join(lines) == title
    assert all(len(line) <= WIDEST for line in lines)
    assert all(line[0] not in "的、，。）》" and line[-1] not in "（《" for line in lines)


@pytest.mark.parametrize("name", [*NAMES, "安全生产", "紧急通知", "省政府"])
def test_names_and_words_stay_whole(name: str) -> None:
    title = "张掖市人民政府办公室转发省政府办公厅关于进一步加强安全生产工作意见的紧急通知"
    broken = "\n".join(break_title(title, names=NAMES))
    assert name not in title or name in broken


def test_a_line_feed_in_the_title_decides() -> None:
    assert break_title("关于召开会议\n的通知") == ["关于召开会议", "的通知"]


def test_a_long_title_without_any_known_word_still_breaks() -> None:
    assert all(len(line) <= WIDEST for line in break_title("鑫" * 70))
