"""A seal is applied only to what the keeper signed, and only by the unit's own signer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from msgspec import structs

from kernel.crypto.canonical import b64, digest, dumps, loads
from kernel.errors import Invalid, NotFound, OfficeError, Refused, Unverified
from kernel.identity import authority as authorities
from kernel.identity.authority import Authority
from kernel.seals import verify
from kernel.work.workshop import Typeset
from tests.seals.founding import CONTENT, ORGAN, OTHER, SHEET, Founding, Paper, tampered


def refusal(paper: Paper, unit: str = ORGAN, /, **changes: Any) -> str:
    """The code that the signer refuses a request with."""
    with pytest.raises(OfficeError) as caught:
        paper.node.signer.seal(unit, **paper.request(**changes))
    return caught.value.code


def test_the_file_of_the_keeper_is_sealed(node: Founding, paper: Paper, typeset: Typeset) -> None:
    sealed = node.signer.seal(ORGAN, **paper.request())
    assert sealed["typeset"] == digest(typeset.pdf)
    assert sealed["pdf"].startswith(typeset.pdf)
    assert len(sealed["pdf"]) > len(typeset.pdf)
    authorities.authority.fill(node.authority)
    try:
        (verdict,) = verify.require(sealed["pdf"])
        changed = sealed["pdf"].replace(b"/Type", b"/Tyqe", 1)
        with pytest.raises(Unverified):
            verify.require(changed)
        with pytest.raises(Unverified, match="seals.missing"):
            verify.require(typeset.pdf)
    finally:
        authorities.authority.clear()
    assert (verdict.unit, verdict.level) == ("中共张掖市委办公室", "L0")
    assert "演示" in verdict.zh


def test_a_seal_of_another_root_is_not_valid_here(
    node: Founding, paper: Paper, tmp_path: Any
) -> None:
    sealed = node.signer.seal(ORGAN, **paper.request())
    authorities.authority.fill(Authority.create(tmp_path, "别处", demo=True))
    try:
        (verdict,) = verify.check(sealed["pdf"])
    finally:
        authorities.authority.clear()
    assert not verdict.ok


def test_only_a_keeper_may_seal(paper: Paper) -> None:
    assert refusal(paper, seal_act=paper.seal_act(paper.node.leader)) == "signer.keeper"


def test_only_from_a_desk_of_the_organ(paper: Paper) -> None:
    node = paper.node
    act = node.act(node.keeper, "documents.seal", paper.target, paper.params, organ=OTHER)
    assert refusal(paper, seal_act=act) == "signer.organ"
    assert refusal(paper, OTHER) == "signer.organ"
    foreign = node.act(node.leader, "documents.sign_off", paper.target, organ=OTHER)
    assert refusal(paper, sign_off_act=foreign) == "signer.organ"


def test_a_unit_without_keys_has_no_seal(paper: Paper) -> None:
    assert refusal(paper, "620700-NPC") == "signer.unit"
    with pytest.raises(Invalid, match="signer.code"):
        paper.node.signer.seal("../keys", **paper.request())


@pytest.mark.parametrize(
    "change",
    [
        {"title": "中共张掖市委办公室关于另一件事的通知"},
        {"main": ["620702-GOV"]},
        {"main_text": "各乡镇党委："},
        {"body": ["改动后的正文。"]},
        {"cc": []},
        {"urgency": "特急"},
        {"annotation": "此件公开发布"},
        {"attachment_note": ["名单"]},
        {"attachments": [{"title": "名单"}]},
    ],
    ids=lambda change: next(iter(change)),
)
def test_changed_content_is_not_sealed(paper: Paper, change: dict[str, Any]) -> None:
    assert refusal(paper, content=CONTENT | change) == "signer.content"


@pytest.mark.parametrize(
    "change",
    [
        {"title": "另一个标题"},
        {"body": ("改动后的正文。",)},
        {"main_recipients": "各乡镇党委："},
        {"cc": ()},
        {"urgency": "特急"},
        {"annotation": "此件公开发布"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_sheet_with_other_content_is_not_sealed(paper: Paper, change: dict[str, Any]) -> None:
    sheet = structs.replace(SHEET, **change).to_json()
    signed = paper.seal_act(sheet=digest(dumps(sheet)))
    assert refusal(paper, sheet=sheet, seal_act=signed) == "seals.content"


def test_what_the_keeper_saw_is_what_is_sealed(paper: Paper) -> None:
    sheet = structs.replace(SHEET, issue_date="2026年12月1日").to_json()
    assert refusal(paper, sheet=sheet) == "signer.sheet"
    sheet = structs.replace(SHEET, signature=("张掖市人民政府办公室",)).to_json()
    assert refusal(paper, sheet=sheet) == "signer.sheet"
    # The keeper signed this sheet, but looked at another file.
    assert refusal(paper, sheet=sheet, seal_act=paper.seal_act(sheet=digest(dumps(sheet)))) == (
        "signer.pdf"
    )


def test_the_number_must_be_the_assigned_one(paper: Paper) -> None:
    node = paper.node
    sheet = structs.replace(SHEET, number="市委办发〔2026〕92号").to_json()
    signed = paper.seal_act(sheet=digest(dumps(sheet)))
    assert refusal(paper, sheet=sheet, seal_act=signed) == "signer.number"
    assert refusal(paper, number_act=None) == "signer.number"
    other = node.act(node.leader, "documents.assign_number", paper.target, {"number": "第92号"})
    assert refusal(paper, number_act=other) == "signer.number"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"pdf": "sha256:" + "0" * 64}, "signer.pdf"),
        ({"pdf_size": 10}, "signer.pdf"),
        ({"page": 9}, "signer.place"),
        ({"x_um": 1000}, "signer.place"),
        ({"y_um": 290_000}, "signer.place"),
        ({"seal": "another"}, "signer.seal"),
        ({"certificate": "sha256:" + "0" * 64}, "signer.seal"),
        ({"page": "1"}, "signer.params"),
        ({"page": True}, "signer.params"),
        ({"pdf": None}, "signer.params"),
    ],
    ids=str,
)
def test_the_params_of_the_keepers_act_decide(
    paper: Paper, change: dict[str, Any], code: str
) -> None:
    assert refusal(paper, seal_act=paper.seal_act(**change)) == code


def test_the_acts_must_belong_to_one_document(paper: Paper) -> None:
    node = paper.node
    for verb, name in (("sign_off", "sign_off_act"), ("assign_number", "number_act")):
        for change in ({"uid": "another"}, {"kind": "meetings.minutes"}):
            target = paper.about(**change).target
            act = node.act(node.leader, f"documents.{verb}", target, {"number": SHEET.number})
            assert refusal(paper, **{name: act}) == "signer.object"
    older = paper.about(digest="sha256:" + "1" * 64).target
    act = node.act(node.leader, "documents.sign_off", older)
    assert refusal(paper, sign_off_act=act) == "signer.content"


def test_every_act_must_be_the_right_one(paper: Paper) -> None:
    node = paper.node
    assert refusal(paper, sign_off_act=paper.seal_act()) == "signer.verb"
    reviewed = node.act(node.keeper, "documents.review", paper.target, paper.params)
    assert refusal(paper, seal_act=reviewed) == "signer.verb"


@pytest.mark.parametrize("which", ["seal_act", "sign_off_act", "number_act"])
def test_a_tampered_record_is_refused(paper: Paper, which: str) -> None:
    record = paper.request()[which]
    params = loads(dumps(paper.params)) | {"note": "changed"}
    assert refusal(paper, **{which: tampered(record, params=params)}) == "suites.signature"


def test_the_credential_must_be_this_nodes(paper: Paper, tmp_path: Any) -> None:
    node = paper.node
    foreign = Authority.create(tmp_path, "别处", demo=True)
    stranger = replace(node.admit("外人", foreign), uid=node.keeper.uid)
    assert refusal(paper, seal_act=paper.seal_act(stranger)) == "acts_format.credential"
    # A statement about the keeper, signed with the stranger's own key.
    said = replace(stranger, statement=node.keeper.statement, credential=node.keeper.credential)
    assert refusal(paper, seal_act=paper.seal_act(said)) == "acts_format.credential"
    # The keeper's statement, but an act that somebody else signed.
    borrowed = replace(node.keeper, key=stranger.key)
    assert refusal(paper, seal_act=paper.seal_act(borrowed)) == "suites.signature"


def test_the_node_itself_cannot_seal(paper: Paper) -> None:
    node = paper.node
    nobody = replace(node.keeper, uid="", credential="", key=node.authority.node_key)
    record = loads(node.act(nobody, "documents.seal", paper.target, paper.params))
    certificate = node.authority.pem("node").decode()
    by_node = {
        "signature": record["signature"] | {"kind": "node"},
        "credential": {"node_certificate": certificate},
    }
    assert refusal(paper, seal_act=dumps(record | by_node)) == "signer.node"


def test_an_error_travels_whole(paper: Paper) -> None:
    with pytest.raises(Refused) as caught:
        paper.node.signer.seal(ORGAN, **paper.request(seal_act=paper.seal_act(paper.node.leader)))
    assert "保管人" in caught.value.zh
    assert "keep" in caught.value.en
    with pytest.raises(NotFound):
        paper.node.signer.seal("620700-NPC", **paper.request())
    with pytest.raises(Unverified):
        paper.node.signer.seal(ORGAN, **paper.request(seal_act=b64(b"x").encode()))
