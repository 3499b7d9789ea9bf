"""Acts signed with a security key, checked from their bytes by both verifiers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from kernel.crypto import canonical, suites, webauthn, x509
from kernel.crypto.acts_format import verify_record
from kernel.crypto.credential_format import read_statement, verify_signature
from kernel.errors import OfficeError, Unverified
from kernel.exchange import verify as standalone
from tests.exchange_format.sample import Office
from tests.webauthn.token import Token

ORIGIN = "http://localhost:8000"


@pytest.fixture(scope="module")
def city() -> Office:
    return Office()


@pytest.fixture(params=["ES256", "EdDSA"])
def token(request: pytest.FixtureRequest) -> Token:
    return Token(rp_id="localhost", origin=ORIGIN, algorithm=request.param)


def statement(city: Office, token: Token, **changes: Any) -> dict[str, str]:
    own = {
        "kind": "webauthn",
        "public_key": canonical.b64(token.spki),
        "webauthn": token.binding,
    }
    return city.statement(**{**own, **changes})


def record(city: Office, token: Token, act: bytes, value: bytes = b"", **changes: Any) -> bytes:
    signed = {"kind": "webauthn", "value": canonical.b64(value or token.over(act))}
    fields = {"signature": signed, "credential": statement(city, token), **changes}
    return city.record(act, **fields)


def both(city: Office, data: bytes) -> list[str]:
    """What the platform's verifier and the stand-alone one say: a code, or nothing."""
    said = []
    known = [issuer.cert for issuer in city.issuers.values()]
    try:
        verify_record(data, x509.Trust(roots=city.roots, intermediates=known))
        said.append("")
    except OfficeError as error:
        said.append(error.code)
    try:
        standalone.read_act(data, standalone.Trust(city.roots, city.trust))
        said.append("")
    except (standalone.Problem, ValueError) as problem:
        said.append(type(problem).__name__)
    return said


def refused(city: Office, data: bytes, code: str) -> None:
    first, second = both(city, data)
    assert first == code
    assert second != ""


def test_an_act_signed_with_a_security_key_is_proved_without_the_node(city: Office, token: Token):
    act = city.act("documents.sign_off", {"kind": "normal"})
    assert both(city, record(city, token, act)) == ["", ""]


def test_an_assertion_holds_for_its_own_act_only(city: Office, token: Token):
    act, other = city.act("documents.sign_off", {}), city.act("documents.sign_off", {})
    refused(city, record(city, token, act, token.over(other)), "webauthn.challenge")


def test_the_bytes_alone_are_no_challenge(city: Office, token: Token):
    """Without the tag in front a signature for another purpose could be shown as one of an act."""
    act = city.act("documents.sign_off", {})
    value = token.assertion(hashlib.sha256(act).digest()).to_bytes()
    refused(city, record(city, token, act, value), "webauthn.challenge")


Spoil = Callable[[Token, bytes], bytes]
WRONG: dict[str, tuple[Spoil, str]] = {
    "another origin": (
        lambda t, act: t.over(act, origin="http://localhost:8001"),
        "webauthn.origin",
    ),
    "a look-alike": (
        lambda t, act: t.over(act, origin="https://localhost.example"),
        "webauthn.origin",
    ),
    "a foreign frame": (lambda t, act: t.over(act, crossOrigin=True), "webauthn.origin"),
    "a frame in a frame": (lambda t, act: t.over(act, topOrigin=ORIGIN), "webauthn.origin"),
    "a registration": (lambda t, act: t.over(act, type="webauthn.create"), "webauthn.form"),
    "another site": (lambda t, act: _with(t, act, rp_id="localhost.example"), "webauthn.site"),
    "nobody touched it": (lambda t, act: _with(t, act, flags=4), "webauthn.presence"),
    "owner not verified": (lambda t, act: _with(t, act, flags=1), "webauthn.verification"),
    "a new key inside": (lambda t, act: _with(t, act, flags=0x45), "webauthn.form"),
    "another key": (
        lambda t, act: Token(t.rp_id, t.origin, t.algorithm).over(act),
        "webauthn.signature",
    ),
}


def _with(token: Token, act: bytes, **changes: Any) -> bytes:
    before = {name: getattr(token, name) for name in changes}
    for name, value in changes.items():
        setattr(token, name, value)
    try:
        return token.over(act)
    finally:
        for name, value in before.items():
            setattr(token, name, value)


@pytest.mark.parametrize("what", WRONG)
def test_an_assertion_is_refused(city: Office, token: Token, what: str):
    spoil, code = WRONG[what]
    act = city.act("documents.sign_off", {})
    refused(city, record(city, token, act, spoil(token, act)), code)


def test_a_name_that_stands_twice_in_what_the_browser_wrote_is_refused(city: Office, token: Token):
    act = city.act("documents.sign_off", {})
    made = token.assertion(webauthn.challenge_of(act))
    client = made.client_data[:-1] + b', "origin": "http://localhost:8000"}'
    signature = token.sign(made.authenticator_data + hashlib.sha256(client).digest())
    value = webauthn.Assertion(made.authenticator_data, client, signature).to_bytes()
    refused(city, record(city, token, act, value), "webauthn.form")


def test_no_byte_of_an_assertion_can_be_changed(city: Office, token: Token):
    act = city.act("documents.sign_off", {})
    made = token.assertion(webauthn.challenge_of(act))
    for name in ("authenticator_data", "client_data", "signature"):
        data = getattr(made, name)
        for place in range(0, len(data), 7):
            changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
            value = replace(made, **{name: changed}).to_bytes()
            assert all(both(city, record(city, token, act, value))), (name, place)
        assert all(both(city, record(city, token, act, replace(made, **{name: b""}).to_bytes())))


def test_the_kind_of_the_signature_is_the_kind_of_the_key(city: Office, token: Token):
    act = city.act("documents.sign_off", {})
    soft = {"kind": "soft", "value": canonical.b64(suites.sign(city.person_key, act))}
    assert all(both(city, record(city, token, act, signature=soft)))
    assert all(both(city, record(city, token, act, credential=city.statement())))


def test_a_statement_says_what_the_key_is_for(city: Office, token: Token):
    act = city.act("documents.sign_off", {})
    other = {"ES256": "EdDSA", "EdDSA": "ES256"}[token.algorithm]
    changes: list[dict[str, Any]] = [
        {"alg": other},
        {"alg": "none"},
        {"rp_id": "other.example"},
        {"origins": ["http://localhost:8001"]},
        {"origins": []},
        {"origins": ORIGIN},
        {"credential_id": "?"},
        {"more": 1},
    ]
    for change in changes:
        said = statement(city, token, webauthn=token.binding | change)
        assert all(both(city, record(city, token, act, credential=said))), change


def test_an_act_names_the_address_at_which_it_was_done(city: Office, token: Token):
    act = city.act("documents.sign_off", {}, origin="http://127.0.0.1:8000")
    refused(city, record(city, token, act), "acts_format.credential")


def test_one_function_checks_any_bytes(city: Office, token: Token):
    """What a batch is signed with goes through the same door."""
    said = read_statement(canonical.unb64(statement(city, token)["statement"]))
    verify_signature("webauthn", said, b"any bytes", token.over(b"any bytes"))
    with pytest.raises(Unverified, match=r"webauthn\.challenge"):
        verify_signature("webauthn", said, b"other bytes", token.over(b"any bytes"))
    with pytest.raises(Unverified, match=r"credentials\.kind"):
        verify_signature("soft", said, b"any bytes", suites.sign(city.person_key, b"any bytes"))
