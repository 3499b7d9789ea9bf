"""Acts in another one's name: proved with the grant beside them, by both verifiers, or refused."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kernel.crypto import canonical, x509
from kernel.crypto.acts_format import ActFacts, verify_record
from kernel.crypto.ids import now, stamp, uuid7
from kernel.errors import Unverified
from kernel.exchange import verify
from tests.exchange_format.sample import Office, office

SCAN = "sha256:" + "ab" * 32
Change = Callable[[dict[str, Any]], object]


@pytest.fixture(scope="module")
def zhangye() -> Office:
    return office()


def desks(zhangye: Office) -> tuple[dict[str, str], dict[str, str]]:
    """The giver's and the taker's; one key serves for both, since the sample has one person."""
    giver = {"person": zhangye.person, "post": "leader", "unit": "mk", "organ": zhangye.unit}
    return giver, giver | {"post": "secretary"}


def pair(
    zhangye: Office, mode: str = "delegated", grant: Change = dict, act: Change = dict
) -> bytes:
    """The record of an act in the leader's name, with its grant; each may be changed before it is
    signed by the right key."""
    giver, taker = desks(zhangye)
    uid = uuid7()
    params = {
        "taker": "secretary",
        "person": zhangye.person,
        "kind": {"delegated": "delegate", "transcribed": "transcribe"}.get(mode, mode),
        "names": ["documents.review"],
        "starts": stamp(now() - timedelta(days=1)),
        "ends": stamp(now() + timedelta(days=1)),
    }
    given = canonical.loads(zhangye.act("house.delegate", params, desk=giver, act=uid))
    grant(given)
    whom = {name: giver[name] for name in ("person", "post", "unit")}
    scan = {"scan": SCAN} if mode == "transcribed" else {}
    done = canonical.loads(
        zhangye.act("documents.review", scan, desk=taker, mode=mode, acting_for=whom, grant=uid)
    )
    act(done)
    record = canonical.loads(zhangye.record(canonical.dumps(done)))
    record["grant"] = canonical.b64(zhangye.record(canonical.dumps(given)))
    return canonical.dumps(record)


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


@pytest.mark.parametrize("mode", ["delegated", "transcribed"])
def test_an_act_with_its_grant_is_proved(zhangye: Office, mode: str):
    record = pair(zhangye, mode)
    ours, theirs = by_the_platform(zhangye, record), by_the_stranger(zhangye, record)
    assert (ours.verb, ours.own) == ("documents.review", False)
    assert theirs.facts["mode"] == mode


def _params(**values: Any) -> Change:
    return lambda act: act["params"].update(values)


def _facts(**values: Any) -> Change:
    return lambda act: act.update(values)


YESTERDAY = stamp(now() - timedelta(days=1))


@pytest.mark.parametrize(
    "grant",
    [
        _params(names=["documents.submit"]),
        _params(names="documents.review"),
        _params(taker="another"),
        _params(person="another"),
        _params(kind="transcribe"),
        _params(starts=stamp(now() + timedelta(hours=1))),
        _params(ends=stamp(now() - timedelta(hours=1))),
        _facts(verb="house.grant"),
        _facts(act="another"),
        _facts(mode="delegated", grant="x", acting_for={"person": "", "post": "", "unit": ""}),
        lambda act: act["desk"].update(post="another"),
        lambda act: act["desk"].update(organ="another"),
    ],
)
def test_a_grant_that_does_not_cover_it_proves_nothing(zhangye: Office, grant: Change):
    refused(zhangye, pair(zhangye, grant=grant))


@pytest.mark.parametrize(
    "act",
    [
        _facts(mode="self"),
        _facts(mode="node"),
        _facts(mode="unknown"),
        _facts(acting_for=None),
        _facts(acting_for={"person": "x", "post": "leader", "unit": "mk"}),
        _facts(grant="another"),
        _facts(grant=None),
        _facts(verb="documents.sign_off"),
        lambda act: act["desk"].update(post="another"),
        lambda act: act["desk"].update(organ="another"),
    ],
)
def test_an_act_that_its_grant_does_not_cover_is_refused(zhangye: Office, act: Change):
    refused(zhangye, pair(zhangye, act=act))


@pytest.mark.parametrize("scan", ["", "sha256:", "x" * 71, None, 1])
def test_a_transcribed_act_without_its_scan_is_refused(zhangye: Office, scan: Any):
    refused(zhangye, pair(zhangye, "transcribed", act=_params(scan=scan)))


def test_without_the_grant_it_is_refused(zhangye: Office):
    record = canonical.loads(pair(zhangye))
    del record["grant"]
    refused(zhangye, canonical.dumps(record))


def test_a_grant_beside_an_act_in_ones_own_name_is_refused(zhangye: Office):
    grant = canonical.loads(pair(zhangye))["grant"]
    record = canonical.loads(zhangye.record(zhangye.act("documents.review", {})))
    refused(zhangye, canonical.dumps(record | {"grant": grant}))


def test_a_tampered_grant_is_refused(zhangye: Office):
    record = canonical.loads(pair(zhangye))
    inner = canonical.loads(canonical.unb64(record["grant"]))
    act = canonical.loads(canonical.unb64(inner["act"]))
    act["params"]["names"].append("documents.sign_off")
    inner["act"] = canonical.b64(canonical.dumps(act))
    record["grant"] = canonical.b64(canonical.dumps(inner))
    refused(zhangye, canonical.dumps(record))
