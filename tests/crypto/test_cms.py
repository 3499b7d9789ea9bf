"""Detached signatures: one byte form, and OpenSSL agrees."""

from __future__ import annotations

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from kernel.crypto import cms, suites, x509
from kernel.crypto.ids import now
from kernel.errors import OfficeError, Unverified

ACT = "sha256:" + "ab" * 32
DATA = "<manifest>公文</manifest>".encode()
MOMENT = now().replace(microsecond=0)


@pytest.fixture(scope="module")
def root() -> x509.Issuer:
    return x509.new_root("Zhangye")


@pytest.fixture(scope="module")
def authority(root: x509.Issuer) -> x509.Issuer:
    return x509.issue_intermediate(root, "exchange", "Zhangye")


class Signer:
    def __init__(self, authority: x509.Issuer, purpose: str = "exchange") -> None:
        self.key, self.authority = suites.new_key(), authority
        subject = x509.Subject("公文交换", "中共张掖市委办公室", "620700-SWB")
        start, end = MOMENT - timedelta(hours=1), MOMENT + timedelta(days=1)
        public = self.key.public_key()
        self.cert = x509.issue(authority, purpose, subject, public, start, end)

    def sign(self, data: bytes = DATA, act: str | None = ACT) -> bytes:
        chain = [self.authority.cert]
        return cms.sign_detached(
            data, self.key, self.cert, chain, signing_time=MOMENT, act_digest=act
        )


@pytest.fixture(scope="module")
def signer(authority: x509.Issuer) -> Signer:
    return Signer(authority)


@pytest.fixture(scope="module")
def signature(signer: Signer) -> bytes:
    return signer.sign()


def test_a_signature_says_who_when_and_after_which_act(
    root: x509.Issuer, authority: x509.Issuer, signer: Signer, signature: bytes
):
    signed = cms.verify_detached(signature, DATA, [root.cert], "exchange")
    assert signed == cms.Signed(signer.cert, (signer.cert, authority.cert, root.cert), MOMENT, ACT)
    without = cms.verify_detached(signer.sign(act=None), DATA, [root.cert], "exchange")
    assert without.act_digest is None


@pytest.mark.parametrize("extra", [["-purpose", "any"], ["-cades"]])
@pytest.mark.needs("openssl")
def test_openssl_accepts_it(root: x509.Issuer, signature: bytes, tmp_path: Path, extra: list[str]):
    for name, data in (("m", DATA), ("s", signature), ("root", x509.pem(root.cert))):
        (tmp_path / name).write_bytes(data)
    command = "openssl cms -verify -binary -content m -inform DER -in s -CAfile root".split()
    done = subprocess.run([*command, *extra], cwd=tmp_path, capture_output=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == DATA
    (tmp_path / "m").write_bytes(DATA + b" ")
    done = subprocess.run([*command, *extra], cwd=tmp_path, capture_output=True)
    assert done.returncode != 0


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_not_one_byte_can_be_changed(root: x509.Issuer, signature: bytes, mask: int):
    for position in range(len(signature)):
        altered = bytearray(signature)
        altered[position] ^= mask
        with pytest.raises(OfficeError):
            cms.verify_detached(bytes(altered), DATA, [root.cert], "exchange")
    for cut in (b"", signature[:-1], signature[1:], signature + b"\0"):
        with pytest.raises(OfficeError):
            cms.verify_detached(cut, DATA, [root.cert], "exchange")


def test_the_twin_of_an_ecdsa_signature_is_all_that_openssl_itself_allows(
    root: x509.Issuer, signer: Signer
):
    # The same key may sign twice: the bytes differ, both hold, and both say the same.
    one, two = signer.sign(), signer.sign()
    assert one != two
    said = [cms.verify_detached(each, DATA, [root.cert], "exchange") for each in (one, two)]
    assert said[0] == said[1]


def refused(code: str, signature: bytes, root: x509.Issuer, data: bytes = DATA) -> None:
    with pytest.raises(Unverified) as error:
        cms.verify_detached(signature, data, [root.cert], "exchange")
    assert error.value.code == code


def test_other_content_another_purpose_another_root(
    root: x509.Issuer, authority: x509.Issuer, signature: bytes
):
    refused("cms.digest", signature, root, DATA + b"x")
    refused("x509.purpose", Signer(authority, "seals").sign(), root)
    refused("x509.chain", signature, x509.new_root("Zhangye"))


def test_a_key_cannot_sign_with_the_certificate_of_another(
    root: x509.Issuer, authority: x509.Issuer, signer: Signer
):
    thief = Signer(authority)
    thief.cert = signer.cert
    refused("suites.signature", thief.sign(), root)


def test_certificates_that_nobody_needs_are_refused(root: x509.Issuer, signer: Signer):
    other = x509.issue_intermediate(root, "exchange", "Other")
    chain = [signer.authority.cert, other.cert]
    signature = cms.sign_detached(
        DATA, signer.key, signer.cert, chain, signing_time=MOMENT, act_digest=None
    )
    refused("cms.form", signature, root)


def test_an_act_digest_has_its_form(signer: Signer):
    with pytest.raises(ValueError, match="act_digest"):
        signer.sign(act="ab" * 32)
