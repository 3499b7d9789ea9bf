"""The rules of the regulation on drafts; the vectors are those of the domain (V1 to V20)."""

from __future__ import annotations

import json

import pytest

from kernel.portal.i18n import speaking
from plugins.documents import checking
from plugins.documents.relations import Relations
from tests.plugins.people import short

ISSUER = ("中共张掖市委办公室", "市委办公室")
REQUEST = {
    "type": "请示",
    "title": "临泽县人民政府关于拨付梨园河堤防应急维修资金的请示",
    "main": ["620700-GOV"],
    "body": ["我县梨园河堤防因汛受损。", "妥否，请批示。"],
}
REPORT = {"type": "报告", "title": "关于防汛的报告"}
NONE = Relations()
UP = Relations(upward=("市政府",))


def rules(relations: Relations = NONE, **changes: object) -> list[str]:
    hits = checking.check(short(**changes), ISSUER, relations)
    return [hit.rule for hit in hits]


def test_a_proper_notice_has_no_finding():
    assert rules() == []


def test_a_proper_request_has_only_the_hint_on_its_issuer():
    assert rules(UP, **REQUEST) == ["R47"]


@pytest.mark.parametrize(
    ("rule", "severity", "changes", "relations"),
    [
        ("R01", "block", {"type": "指示", "title": "中共张掖市委办公室关于防汛的指示"}, None),
        ("R10", "block", {}, Relations(upward=("市政府",), passed_over=("临泽县政府",))),
        ("R11", "block", {**REQUEST, "main": ["620700-GOV", "620700-GFIN"]}, UP),
        ("R11", "warn", {**REPORT, "main": ["a", "b"]}, UP),
        ("R12", "block", {}, Relations(upward=("市政府",), below=("新华镇政府",))),
        ("R16", "block", {**REPORT, "body": ["以上报告当否，请批示。"]}, None),
        ("R46", "block", {"title": "中共张掖市委办公室关于防汛的函"}, None),
        ("R46", "block", {"title": "中共张掖市委办公室关于防汛"}, None),
        ("R46A", "block", {"title": "中共张掖市委办公室关于的通知"}, None),
        ("R46A", "block", {"title": "中共张掖市委办公室关于 的通知"}, None),
        ("R47", "info", {"title": "关于防汛的通知"}, None),
        ("R48", "block", {"urgency": "急件"}, None),
        ("R49", "info", {"title": "中共张掖市委办公室关于紧急召开会议的通知"}, None),
        ("R51", "warn", {}, Relations(unknown=("某局",))),
        ("R55", "block", {"attachment_note": ["甲", "乙"]}, None),
        ("R56", "info", {"attachment_note": ["甲。"], "attachments": [{"title": "甲。"}]}, None),
        ("R60", "warn", {"body": ["一、总体要求", "1.加强领导", "（一）保障"]}, None),
        ("R82", "warn", {**REQUEST, "body": ["请求拨付资金。"]}, UP),
        ("R84", "info", {"body": ["长" * 5001]}, None),
        ("R86", "info", {"body": ["定于近日召开会议。"]}, None),
    ],
)
def test_what_is_not_kept_is_found(
    rule: str, severity: str, changes: dict[str, object], relations: Relations | None
):
    hits = checking.check(short(**changes), ISSUER, relations or Relations())
    assert (rule, severity) in [(hit.rule, hit.severity) for hit in hits]


@pytest.mark.parametrize(
    ("rule", "changes"),
    [
        ("R16", {**REQUEST}),
        ("R46", {"type": "命令", "title": "张掖市人民政府令"}),
        ("R46", {"type": "纪要", "title": "市委常委会会议纪要"}),
        ("R48", {"urgency": "特急"}),
        ("R55", {"attachment_note": ["甲"], "attachments": [{"title": "甲"}]}),
        ("R60", {"body": ["一、甲", "（一）乙", "1.丙", "（1）丁", "二、戊"]}),
        ("R84", {"body": ["长" * 5000]}),
        ("R86", {"body": ["2026年11月25日召开会议。"]}),
    ],
)
def test_what_is_kept_is_not_found(rule: str, changes: dict[str, object]):
    assert rule not in rules(**changes)


def test_the_severe_come_first_and_speak_both_languages():
    hits = checking.check(
        short(title="关于防汛的函", body=["定于近日召开会议。"]), ISSUER, Relations()
    )
    assert [hit.severity for hit in hits] == ["block", "info", "info"]
    with speaking("en"):
        assert hits[0].text.endswith("ends with “通知”")
    with speaking("zh"):
        assert hits[0].text.endswith("结尾应为“通知”")


@pytest.mark.parametrize(
    ("number", "issued", "wrong"),
    [
        ("市委办发〔2026〕91号", "2026年11月22日", []),
        ("张财[2008]08号", "2026年11月22日", ["R43"]),
        ("张财〔2008〕08号", "2026年11月22日", ["R43"]),
        ("第91号", "2026年11月22日", ["R43"]),
        ("张财〔2008〕8号", "2026年01月02日", ["R54"]),
        ("张财〔2008〕8号", "二〇二六年一月二日", ["R54"]),
    ],
)
def test_number_and_date_as_printed(number: str, issued: str, wrong: list[str]):
    assert [hit.rule for hit in checking.check_register(number, issued)] == wrong


def test_every_rule_has_its_basis_its_field_and_both_texts():
    found = checking.rules()
    assert len(found) >= 18
    for rule in found.values():
        assert rule["severity"] in ("block", "warn", "info"), rule
        assert all(rule[key] for key in ("basis", "field", "message", "message_en")), rule
        assert json.dumps(rule, ensure_ascii=False)
