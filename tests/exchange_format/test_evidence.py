"""Evidence: who may say what, alone and in batches, and what the verifier makes of a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.crypto import canonical, x509
from kernel.errors import Invalid, OfficeError, Unverified
from kernel.exchange import evidence as evidences
from kernel.exchange import package as packages
from kernel.exchange import verify
from kernel.exchange.evidence import EventTime, Reason
from kernel.exchange.evidence_types import TYPES
from tests.exchange_format.receipts import RECIPIENT, by_node, by_unit, event, history, receipt
from tests.exchange_format.sample import Office, office


@pytest.fixture(scope="module")
def zhangye() -> Office:
    return office()


@pytest.fixture(scope="module")
def package(zhangye: Office) -> bytes:
    return zhangye.package()


@pytest.fixture(scope="module")
def about(package: bytes) -> packages.Package:
    return packages.read(package)


def refused(code: str, record: bytes, zhangye: Office) -> None:
    with pytest.raises(Unverified) as error:
        evidences.verify(record, zhangye.roots)
    assert error.value.code == code
    with pytest.raises(Exception):  # noqa: B017  # the other verifier has its own ways to refuse
        verify.read_evidence(record, zhangye.roots, zhangye.unit)


def test_every_kind_has_a_chinese_name_and_says_who_signs():
    assert len(TYPES) == 31
    for code, kind in TYPES.items():
        assert kind.zh
        assert kind.signer in ("node", "unit")
        assert kind.signer == "unit" or not kind.by_person
        assert kind.etsi or code.startswith("X")
        zh, flags, verb, before, after = verify.EVIDENCE[code]
        alone = (zh, "u" in flags, "r" in flags, "s" in flags, "p" in flags, "-" in flags)
        side = (kind.side == "recipient", kind.side == "sender")
        ours = (kind.zh, kind.signer == "unit", *side, kind.by_person, kind.negative)
        assert alone == ours
        assert (verb, after) == (kind.verb, kind.after)
        assert tuple(filter(None, before)) == kind.before


def test_a_node_says_that_a_package_was_delivered(zhangye: Office, about: packages.Package):
    evidence = event(about, "D1", "accepted", "delivered")
    record = by_node(zhangye, evidence)
    facts = evidences.verify(record, zhangye.roots)
    assert facts.evidence == evidence
    assert facts.digest == evidence.digest
    assert facts.signer == zhangye.node
    assert facts.act is None
    assert canonical.loads(record)["evidence"]["etsi_event"] == "ContentConsignment"


def test_a_receipt_is_signed_by_a_person_and_his_unit(zhangye: Office, about: packages.Package):
    evidence, act = receipt(zhangye, about)
    facts = evidences.verify(by_unit(zhangye, evidence, act, RECIPIENT), zhangye.roots)
    assert facts.act is not None
    assert facts.act.signer == "王建国"
    assert x509.unit_of(facts.signer) == RECIPIENT


def test_not_one_character_of_a_receipt_can_be_changed(zhangye: Office, about: packages.Package):
    evidence, act = receipt(zhangye, about)
    record = by_unit(zhangye, evidence, act, RECIPIENT)
    for position in range(0, len(record), 5):
        altered = bytearray(record)
        altered[position] ^= 1 << position % 7
        with pytest.raises(OfficeError):
            evidences.verify(bytes(altered), zhangye.roots)
        with pytest.raises(Exception):  # noqa: B017  # the other verifier has its own ways
            verify.read_evidence(bytes(altered), zhangye.roots, zhangye.unit)


def test_a_receipt_counts_only_from_the_right_unit_person_and_act(
    zhangye: Office, about: packages.Package
):
    good, act = receipt(zhangye, about)
    signer, wrong = "exchange.evidence_signer", "exchange.evidence_act"
    refused(signer, by_unit(zhangye, good, act, "620721"), zhangye)
    refused("x509.purpose", by_node(zhangye, good), zhangye)
    refused(wrong, by_unit(zhangye, good, None, RECIPIENT), zhangye)
    other, stranger = receipt(zhangye, about)
    refused(wrong, by_unit(zhangye, good, stranger, RECIPIENT), zhangye)
    for changes in (
        {"verb": "exchange.send_back"},
        {"target": {"digest": canonical.digest(b"another package")}},
        {"desk": {"organ": "620721"}},
    ):
        evidence, record = receipt(zhangye, about, **changes)
        refused(wrong, by_unit(zhangye, evidence, record, RECIPIENT), zhangye)
    elsewhere = replace(other, recipient="620721")
    refused(signer, by_unit(zhangye, elsewhere, stranger, RECIPIENT), zhangye)


@pytest.mark.parametrize(
    ("type", "before", "after", "changes"),
    [
        ("Z9", "accepted", "delivered", {}),
        ("D1", "signed", "delivered", {}),
        ("D1", "accepted", "signed", {}),
        ("D2", "accepted", "failed", {}),
        ("C1", "delivered", "signed", {}),
        ("D3", "delivered", "signed", {}),
        ("D1", "accepted", "delivered", {"pkg_digest": "abc"}),
        ("D1", "accepted", "delivered", {"heads": ("abc",)}),
        ("D1", "accepted", "delivered", {"event_time": EventTime("x", "guess")}),
    ],
)
def test_evidence_that_cannot_be_given(
    about: packages.Package, type: str, before: str, after: str, changes: dict[str, Any]
):
    with pytest.raises(Invalid, match=r"exchange\.evidence"):
        event(about, type, before, after, **changes).to_bytes()


def test_a_refusal_carries_its_reason(zhangye: Office, about: packages.Package):
    reasons = (Reason("401", "对方节点无法连接"),)
    evidence = event(about, "D2", "in_transit", "failed", reasons=reasons)
    assert evidences.verify(by_node(zhangye, evidence), zhangye.roots).evidence.reasons == reasons


@pytest.mark.parametrize("count", [1, 2, 5, 8, 13])
def test_a_fan_out_is_signed_once(zhangye: Office, about: packages.Package, count: int):
    batch = [
        event(about, "D1", "accepted", "delivered", recipient=f"6207{n:02d}") for n in range(count)
    ]
    records = evidences.sign_batch(batch, zhangye.node_key, zhangye.node, zhangye.trust)
    values = {canonical.loads(record)["signature"]["value"] for record in records}
    assert len(values) == 1
    for evidence, record in zip(batch, records, strict=True):
        assert evidences.verify(record, zhangye.roots).evidence == evidence
        assert verify.read_evidence(record, zhangye.roots, zhangye.unit)["type"] == "D1"


def test_a_record_cannot_move_within_a_batch(zhangye: Office, about: packages.Package):
    batch = [event(about, "D3", "delivered", "delivered") for _ in range(5)]
    records = evidences.sign_batch(batch, zhangye.node_key, zhangye.node, zhangye.trust)
    fields, other = canonical.loads(records[1]), canonical.loads(records[2])
    for change in ({"index": 0}, {"index": 9}, {"size": 4}, {"path": []}, {"path": ["QQ=="]}):
        moved = {**fields, "signature": {**fields["signature"]}}
        moved["signature"]["batch"] = fields["signature"]["batch"] | change
        with pytest.raises(Unverified):
            evidences.verify(canonical.dumps(moved), zhangye.roots)
        with pytest.raises(Exception):  # noqa: B017  # the other verifier has its own ways
            verify.read_evidence(canonical.dumps(moved), zhangye.roots, zhangye.unit)
    swapped = fields | {"evidence": other["evidence"]}
    refused("suites.signature", canonical.dumps(swapped), zhangye)


def run(zhangye: Office, package: bytes, records: list[bytes], folder: Path) -> int:
    for old in folder.glob("*.json"):
        old.unlink()
    for number, record in enumerate(records):
        (folder / f"{number}.json").write_bytes(record)
    (folder / "p.asice").write_bytes(package)
    (folder / "root.pem").write_bytes(x509.pem(zhangye.root.cert))
    root = str(folder / "root.pem")
    return verify.main([str(folder / "p.asice"), "--root", root, "--evidence", str(folder)])


def test_the_verifier_reads_the_whole_history(
    zhangye: Office,
    package: bytes,
    about: packages.Package,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
):
    records = history(zhangye, about)
    assert run(zhangye, package, records, tmp_path) == 0
    assert "620702 签收" in capsys.readouterr().out
    assert run(zhangye, package, [records[0], records[2]], tmp_path) == 1
    assert run(zhangye, package, [], tmp_path) == 2
    other, act = receipt(zhangye, about)
    twice = [*records, by_unit(zhangye, other, act, RECIPIENT)]
    assert run(zhangye, package, twice, tmp_path) == 1
    assert run(zhangye, zhangye.package(), records, tmp_path) == 1
