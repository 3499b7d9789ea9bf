"""Records of signed acts: who did what, provable without the node."""

from __future__ import annotations

from typing import Any

import pytest

from kernel.crypto import canonical, suites, x509
from kernel.crypto.acts_format import ActFacts, verify_record
from kernel.crypto.ids import stamp
from kernel.errors import OfficeError, Unverified
from tests.exchange_format.sample import START, Office, office


@pytest.fixture(scope="module")
def zhangye() -> Office:
    return office()


def trust(zhangye: Office, **changes: Any) -> x509.Trust:
    known = [issuer.cert for issuer in zhangye.issuers.values()]
    return x509.Trust(**({"roots": zhangye.roots, "intermediates": known} | changes))


def verified(zhangye: Office, record: bytes) -> ActFacts:
    return verify_record(record, trust(zhangye))


def refused(zhangye: Office, record: bytes, code: str) -> None:
    with pytest.raises(Unverified) as error:
        verified(zhangye, record)
    assert error.value.code == code


def test_a_record_proves_person_verb_and_object(zhangye: Office):
    act = zhangye.act("documents.sign_off", {"kind": "normal"})
    facts = verified(zhangye, zhangye.record(act))
    assert (facts.verb, facts.signer, facts.organ) == ("documents.sign_off", "王建国", zhangye.unit)
    assert facts.object_uid == zhangye.document
    assert facts.params == {"kind": "normal"}
    assert facts.digest == canonical.digest(act)
    assert not facts.demo
    assert not facts.by_node


def test_opinions_are_opened_for_those_who_may_read_them(zhangye: Office):
    opinion = canonical.salted("同意。")
    act = zhangye.act("documents.sign_off", {"opinion": {"salted": opinion.commitment}})
    opened = {"opinion": {"salt": opinion.salt, "text": opinion.text}}
    assert verified(zhangye, zhangye.record(act, private=opened)).private == {"opinion": "同意。"}
    assert verified(zhangye, zhangye.record(act)).private == {}
    opened["opinion"]["text"] = "不同意。"
    refused(zhangye, zhangye.record(act, private=opened), "canonical.salted")
    stranger = {"reason": opened["opinion"]}
    refused(zhangye, zhangye.record(act, private=stranger), "acts_format.form")


def test_a_node_acts_with_its_certificate_and_never_for_a_person(zhangye: Office):
    desk = {"person": "", "post": "", "unit": "", "organ": zhangye.unit}
    act = zhangye.act("exchange.deliver", {}, desk=desk, credential="")
    facts = verified(zhangye, zhangye.node_record(act))
    assert facts.by_node
    refused(zhangye, zhangye.node_record(zhangye.act("x.y", {})), "acts_format.credential")
    impostor = canonical.loads(zhangye.node_record(act))
    impostor["credential"]["node_certificate"] = x509.pem(zhangye.exchange).decode()
    refused(zhangye, canonical.dumps(impostor), "x509.purpose")


@pytest.mark.parametrize("member", ["act", "signature", "credential"])
def test_nothing_in_a_record_can_be_changed(zhangye: Office, member: str):
    record = zhangye.record(zhangye.act("documents.sign_off", {}))
    fields = canonical.loads(record)
    inner = fields[member] if isinstance(fields[member], dict) else fields
    for name in inner if inner is not fields else [member]:
        if name != "kind":
            raw = bytearray(canonical.unb64(inner[name]))
            for position in range(0, len(raw), 3):
                raw[position] ^= 1
                inner[name] = canonical.b64(bytes(raw))
                with pytest.raises(OfficeError):
                    verified(zhangye, canonical.dumps(fields))
                raw[position] ^= 1
            inner[name] = canonical.b64(bytes(raw))
    assert verified(zhangye, canonical.dumps(fields))


def test_a_credential_is_the_persons_own_and_of_its_time(zhangye: Office):
    act = zhangye.act("documents.sign_off", {})

    def with_statement(**changes: Any) -> bytes:
        return zhangye.record(act, credential=zhangye.statement(**changes))

    assert verified(zhangye, with_statement())
    for change in ({"person": "another"}, {"credential": "another"}, {"node": "another"}):
        refused(zhangye, with_statement(**change), "acts_format.credential")
    refused(zhangye, with_statement(not_after=stamp(START)), "acts_format.time")
    refused(zhangye, with_statement(demo=True), "acts_format.credential")
    refused(zhangye, with_statement(kind="magic"), "credentials.form")
    refused(zhangye, with_statement(suite="intl-0"), "suites.unknown")
    other = suites.public_b64(suites.new_key())
    refused(zhangye, with_statement(public_key=other), "suites.signature")


def test_a_statement_that_an_administrator_wrote_himself_proves_nothing(zhangye: Office):
    act = zhangye.act("documents.sign_off", {})
    forged = zhangye.statement()
    data = canonical.unb64(forged["statement"])
    for key in (suites.new_key(), zhangye.issuers["exchange"].key):
        forged["signature"] = canonical.b64(suites.sign(key, data))
        record = zhangye.record(act, credential=forged)
        refused(zhangye, record, "acts_format.credential")


def test_the_peoples_authority_must_lead_to_the_root(zhangye: Office):
    record = zhangye.record(zhangye.act("documents.sign_off", {}))
    with pytest.raises(Unverified, match="x509.chain"):
        verify_record(record, trust(zhangye, roots=[x509.new_root("Zhangye").cert]))
    with pytest.raises(Unverified, match="acts_format.credential"):
        verify_record(record, trust(zhangye, intermediates=[]))


@pytest.mark.parametrize(
    "changes",
    [{"v": 2}, {"params": []}, {"issued": "now"}, {"verb": 1}, {"desk": None}, {"object": "x"}],
)
def test_an_act_has_its_form(zhangye: Office, changes: dict[str, Any]):
    act = canonical.loads(zhangye.act("documents.sign_off", {})) | changes
    refused(zhangye, zhangye.record(canonical.dumps(act)), "acts_format.form")


def test_an_unknown_suite_is_refused(zhangye: Office):
    act = zhangye.act("documents.sign_off", {}, suite="none")
    refused(zhangye, zhangye.record(act), "suites.unknown")
