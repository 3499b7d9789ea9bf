"""Times, names and sizes as people read them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from kernel.portal import words
from kernel.portal.i18n import speaking

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # 10:00 in Zhangye


@pytest.mark.parametrize(
    ("limit", "kind", "zh", "en"),
    [
        (NOW - timedelta(minutes=20), "over", "超期 20 分钟", "20 minutes overdue"),
        (NOW - timedelta(hours=2), "over", "超期 2 小时", "2 hours overdue"),
        (NOW - timedelta(hours=25), "over", "超期 1 天", "1 day overdue"),
        (NOW + timedelta(hours=7, minutes=30), "soon", "今日 17:30", "today 17:30"),
        (datetime(2026, 11, 23, 15, 59, tzinfo=UTC), "soon", "今日 23:59", "today 23:59"),
        (datetime(2026, 11, 23, 16, 0, tzinfo=UTC), "plain", "剩 1 天", "1 day left"),
        (NOW + timedelta(days=12), "plain", "剩 12 天", "12 days left"),
    ],
)
def test_due(limit: datetime, kind: str, zh: str, en: str):
    assert (words.due(limit, NOW).kind, words.due(limit, NOW).text) == (kind, zh)
    with speaking("en"):
        assert words.due(limit, NOW).text == en


@pytest.mark.parametrize(
    ("moment", "text"),
    [
        (datetime(2026, 11, 22, 16, 5, tzinfo=UTC), "今天 00:05"),
        (datetime(2026, 11, 22, 15, 59, tzinfo=UTC), "昨天 23:59"),
        (datetime(2026, 11, 20, 8, 40, tzinfo=UTC), "11-20 16:40"),
        (datetime(2025, 12, 31, 8, 0, tzinfo=UTC), "2025-12-31"),
    ],
)
def test_ago(moment: datetime, text: str):
    assert words.ago(moment, NOW) == text


def test_days_are_those_of_zhangye():
    late = datetime(2026, 11, 22, 16, 30)  # naive times of the store are UTC
    assert words.date_cn(late) == "2026年11月23日"
    assert words.day_cn(date(2026, 11, 3)) == "11月3日"
    assert words.weekday_cn(late) == "星期一"
    assert words.day_and_weekday(late) == "11月23日 星期一"
    assert words.time_cn(late) == "2026年11月23日 00:30"


@pytest.mark.parametrize(
    ("name", "padded"), [("王芳", "王　芳"), ("李建国", "李建国"), ("Li", "Li"), ("", "")]
)
def test_pad_name(name: str, padded: str):
    assert words.pad_name(name) == padded


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (900, "900 B"),
        (1536, "1.5 KB"),
        (312 * 1024**2, "312 MB"),
        (5 * 1024**4, "5120 GB"),
    ],
)
def test_filesize(count: int, text: str):
    assert words.filesize(count) == text


def test_what_was_stored_in_chinese_is_read_in_english_but_names():
    assert words.stored("发文 · 通知 · 秘书科") == "发文 · 通知 · 秘书科"
    with speaking("en"):
        assert words.stored("收文 · 市委办发〔2026〕1号 · 秘书科") == (
            "Incoming · 市委办发〔2026〕1号 · 秘书科"
        )
        assert words.stored("") == ""
