"""The sheet as JSON, both ways."""

from __future__ import annotations

import json
from typing import Any

import pytest

from kernel.errors import Invalid
from kernel.work.sheet import Attachment, Sheet

FULL = Sheet(
    title="关于召开会议的通知",
    body=("一、时间", "下周一。"),
    attachment_note=("名单",),
    attachments=(
        Attachment("名单", "table", ("序号", "单位"), (("1", "市档案局"), ("合计",)), ("注。",)),
    ),
    signature=("张掖市档案局",),
    issue_date="2026年11月22日",
    cc=("市委办公室",),
    demo=True,
)


def test_it_comes_back_as_it_was() -> None:
    assert Sheet.from_json(json.loads(json.dumps(FULL.to_json()))) == FULL


def test_what_is_left_out_is_empty() -> None:
    sheet = Sheet.from_json({"title": "通知", "body": []})
    assert sheet == Sheet(title="通知", body=())


@pytest.mark.parametrize(
    "wrong",
    [
        {"titel": "通知"},
        {"title": 5},
        {"body": "一段"},
        {"body": [1]},
        {"demo": "yes"},
        {"layout": "letter"},
        {"attachments": [{"title": "表", "kind": "chart"}]},
        {"attachments": [{"title": "表", "rows": ["行"]}]},
        {"attachments": [{"name": "表"}]},
    ],
)
def test_what_does_not_fit_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid) as caught:
        Sheet.from_json({"title": "通知", "body": []} | wrong)
    assert caught.value.code == "workshop.sheet"
