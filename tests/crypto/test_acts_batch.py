"""One signature over several acts: each is proved alone, by both verifiers, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.crypto import acts_batch, canonical, suites, x509
from kernel.crypto.acts_format import ActFacts, verify_record
from kernel.errors import Unverified
from kernel.exchange import verdict, verify
from tests.exchange_format.sample import Office, office

VERB = "exchange.sign_for"


@pytest.fixture(scope="module")
def zhangye() -> Office:
    return office()


def acts_of(zhangye: Office, count: int, verb: str = VERB) -> list[bytes]:
    now = canonical.loads(zhangye.act(verb, {}))
    times = {name: now[name] for name in ("issued", "expires")}
    return [zhangye.act(verb, {"n": n}, **times) for n in range(count)]


def records_of(zhangye: Office, acts: list[bytes], statement: bytes | None = None) -> list[bytes]:
    statement = statement or acts_batch.compose(acts, canonical.b64(bytes(32)))
    values = acts_batch.fold(statement, acts, suites.sign(zhangye.person_key, statement))
    return [record_of(zhangye, act, value) for act, value in zip(acts, values, strict=True)]


def record_of(zhangye: Office, act: bytes, value: bytes) -> bytes:
    signature = {"kind": "batch+soft", "value": canonical.b64(value)}
    return zhangye.record(act, signature=signature)


def by_the_platform(zhangye: Office, record: bytes) -> ActFacts:
    known = [issuer.cert for issuer in zhangye.issuers.values()]
    return verify_record(record, x509.Trust(zhangye.roots, known))


def by_the_stranger(zhangye: Office, record: bytes) -> verify.Act:
    return verify.read_act(record, verify.Trust(zhangye.roots, zhangye.trust))


def refused(zhangye: Office, record: bytes) -> None:
    with pytest.raises(Unverified):
        by_the_platform(zhangye, record)
    with pytest.raises((verify.Problem, ValueError, TypeError, KeyError)):
        by_the_stranger(zhangye, record)


@pytest.mark.parametrize("count", [1, 2, 3, 7, 8, 13])
def test_each_act_of_a_batch_is_proved_alone(zhangye: Office, count: int):
    for n, record in enumerate(records_of(zhangye, acts_of(zhangye, count))):
        ours, theirs = by_the_platform(zhangye, record), by_the_stranger(zhangye, record)
        assert (ours.verb, ours.params, ours.batched) == (VERB, {"n": n}, True)
        assert (theirs.digest, theirs.batched) == (ours.digest, True)


def test_an_act_that_was_not_among_them_is_refused(zhangye: Office):
    acts = acts_of(zhangye, 4)
    value = canonical.unb64(canonical.loads(records_of(zhangye, acts[:3])[0])["signature"]["value"])
    refused(zhangye, record_of(zhangye, acts[3], value))


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda fields: fields.update({name: value})


@pytest.mark.parametrize(
    "change",
    [
        _set("index", 0),
        _set("index", True),
        _set("index", 9),
        _set("index", -1),
        _set("path", []),
        _set("path", "ab"),
        _set("path", [1]),
        _set("extra", 1),
        lambda fields: fields["path"].append("00" * 32),
        lambda fields: fields["path"].reverse(),
        lambda fields: fields["path"].__setitem__(0, fields["path"][0].upper()),
        lambda fields: fields.pop("value"),
    ],
)
def test_a_changed_place_is_refused(zhangye: Office, change: Callable[[dict[str, Any]], object]):
    acts = acts_of(zhangye, 5)
    record = canonical.loads(records_of(zhangye, acts)[1])
    fields = canonical.loads(canonical.unb64(record["signature"]["value"]))
    change(fields)
    refused(zhangye, record_of(zhangye, acts[1], canonical.dumps(fields)))


@pytest.mark.parametrize(
    "change",
    [
        _set("verb", "documents.sign_off"),
        _set("credential", "another"),
        _set("origin", "https://evil.example"),
        _set("node", "node-2"),
        _set("suite", "none"),
        _set("desk", {}),
        _set("count", 4),
        _set("count", True),
        _set("root", "00" * 32),
        _set("format", "juyan-act-1"),
        _set("v", 2),
        _set("extra", 1),
        _set("issued", "2026-01-01T00:00:00.000Z"),
        _set("expires", "2126-01-01T00:00:00.000Z"),
    ],
)
def test_a_statement_about_something_else_is_refused(
    zhangye: Office, change: Callable[[dict[str, Any]], object]
):
    """Signed by the right key, every one of them: what they say is wrong."""
    acts = acts_of(zhangye, 3)
    said = canonical.loads(acts_batch.compose(acts, canonical.b64(bytes(32))))
    change(said)
    refused(zhangye, records_of(zhangye, acts, canonical.dumps(said))[2])


def test_the_signature_of_another_key_is_refused(zhangye: Office):
    acts = acts_of(zhangye, 2)
    statement = acts_batch.compose(acts, canonical.b64(bytes(32)))
    value = acts_batch.fold(statement, acts, suites.sign(suites.new_key(), statement))[0]
    refused(zhangye, record_of(zhangye, acts[0], value))


def test_a_package_whose_sign_off_was_one_of_a_batch_is_refused(zhangye: Office):
    contents = zhangye.contents()
    assert verdict.examine(zhangye.package(contents), zhangye.roots).ok
    signed_off = canonical.unb64(canonical.loads(contents.acts[0])["act"])
    batched = records_of(zhangye, [signed_off])[0]
    altered = [batched, *contents.acts[1:]]
    data = zhangye.package(replace(contents, acts=altered))
    assert verdict.examine(data, zhangye.roots).number == 218
    assert verify.Verification(data, zhangye.roots).run().number == 218
