"""The certificate authority: what a certificate is for, when, and from whom."""

from __future__ import annotations

import base64
import subprocess
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from kernel.crypto import suites, x509
from kernel.crypto.ids import now
from kernel.errors import Invalid, Unverified

SUBJECT = x509.Subject("中共张掖市委办公室公文交换", "中共张掖市委办公室", "620700-SWB")
DAY = timedelta(days=1)


@pytest.fixture(scope="module")
def root():
    return x509.new_root("Zhangye")


@pytest.fixture(scope="module")
def authority(root: x509.Issuer):
    return x509.issue_intermediate(root, "exchange", "Zhangye")


def leaf(
    issuer: x509.Issuer,
    purpose: str = "exchange",
    start: float = -1,
    end: float = 30,
    subject: x509.Subject = SUBJECT,
):
    key = suites.new_key().public_key()
    return x509.issue(issuer, purpose, subject, key, now() + start * DAY, now() + end * DAY)


def refused(
    code: str,
    cert: x509.Certificate,
    authority: x509.Issuer,
    root: x509.Issuer,
    purpose: str = "exchange",
    at: datetime | None = None,
    **more: Any,
):
    with pytest.raises(Unverified) as error:
        x509.verify_chain(cert, [authority.cert], [root.cert], at or now(), purpose, **more)
    assert error.value.code == f"x509.{code}"


def test_a_chain_leads_to_the_root(root: x509.Issuer, authority: x509.Issuer):
    cert = leaf(authority)
    chain = x509.verify_chain(cert, [authority.cert], [root.cert], now(), "exchange")
    assert chain == (cert, authority.cert, root.cert)
    assert x509.unit_of(cert) == "620700-SWB"
    assert not x509.is_demo(cert)
    assert x509.load_cert(x509.pem(cert)) == x509.load_cert(x509.der(cert)) == cert


def test_a_certificate_is_good_for_its_purpose_only(root: x509.Issuer, authority: x509.Issuer):
    refused("purpose", leaf(authority), authority, root, "seals")
    crossed = leaf(authority, purpose="seals")
    refused("purpose", crossed, authority, root, "seals")
    refused("purpose", crossed, authority, root, "exchange")


def test_a_certificate_is_good_in_its_time_only(root: x509.Issuer, authority: x509.Issuer):
    refused("time", leaf(authority, end=-0.5), authority, root)
    refused("time", leaf(authority), authority, root, at=now() - 3 * DAY)
    refused("time", leaf(authority), authority, root, at=now() + 40 * DAY)


def test_a_stranger_is_not_trusted(root: x509.Issuer, authority: x509.Issuer):
    other = x509.new_root("Zhangye")
    refused("chain", leaf(x509.issue_intermediate(other, "exchange", "Zhangye")), authority, root)
    refused("chain", root.cert, authority, other)
    refused("usage", root.cert, authority, root)


def test_a_leaf_issues_nothing(root: x509.Issuer, authority: x509.Issuer):
    key = suites.new_key()
    mine = x509.issue(authority, "exchange", SUBJECT, key.public_key(), now() - DAY, now() + DAY)
    forged = leaf(x509.Issuer(key, mine))
    with pytest.raises(Unverified, match=r"x509\.usage"):
        x509.verify_chain(forged, [mine, authority.cert], [root.cert], now(), "exchange")


def test_an_authority_signs_no_documents(root: x509.Issuer, authority: x509.Issuer):
    refused("usage", authority.cert, authority, root)
    assert x509.verify_chain(authority.cert, [], [root.cert], now(), "exchange", authority=True)


def test_what_was_taken_back_no_longer_signs(root: x509.Issuer, authority: x509.Issuer):
    cert = leaf(authority)
    hour = timedelta(hours=1)
    crl = x509.load_crl(x509.pem(x509.make_crl(authority, [(cert.serial_number, now() - hour)], 1)))
    refused("revoked", cert, authority, root, crls=[crl])
    before = now() - 2 * hour
    x509.verify_chain(cert, [authority.cert], [root.cert], before, "exchange", crls=[crl])


def test_only_the_issuer_takes_back(root: x509.Issuer, authority: x509.Issuer):
    cert = leaf(authority)
    impostor = x509.Issuer(suites.new_key(), authority.cert)
    crl = x509.make_crl(impostor, [(cert.serial_number, now() - DAY)], 1)
    x509.verify_chain(cert, [authority.cert], [root.cert], now(), "exchange", crls=[crl])


def test_demo_shows_in_the_subject_and_counts_only_below_a_demo_root(root: x509.Issuer):
    demo = x509.new_root("Zhangye", demo=True)
    issuer = x509.issue_intermediate(demo, "seals", "Zhangye")
    cert = leaf(issuer, purpose="seals")
    assert "O=DEMO 中共张掖市委办公室" in cert.subject.rfc4514_string()
    assert x509.is_demo(x509.verify_chain(cert, [issuer.cert], [demo.cert], now(), "seals")[-1])
    formal = x509.issue_intermediate(root, "seals", "Zhangye")
    inner = x509.Subject("印章", "DEMO 中共张掖市委办公室", "620700-SWB")
    refused("demo", leaf(formal, purpose="seals", subject=inner), formal, root, "seals")


def test_a_name_that_is_too_long_is_refused(authority: x509.Issuer):
    with pytest.raises(Invalid, match=r"x509\.name"):
        leaf(authority, subject=x509.Subject("长" * 65, "x"))


@pytest.mark.needs("openssl")
def test_openssl_accepts_the_chain(root: x509.Issuer, authority: x509.Issuer, tmp_path: Path):
    for name, cert in (("root", root.cert), ("mid", authority.cert), ("leaf", leaf(authority))):
        (tmp_path / name).write_bytes(x509.pem(cert))
    command = ["openssl", "verify", "-x509_strict", "-CAfile", "root", "-untrusted", "mid", "leaf"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout == "leaf: OK\n", done.stderr


def test_no_bits_lie_beyond_a_signature(root: x509.Issuer, authority: x509.Issuer):
    # Nobody signed how many of the last byte's bits do not count; other parsers overlook it.
    while authority.cert.signature[-1] & 1:
        authority = x509.issue_intermediate(root, "exchange", "Zhangye")
    crl = x509.make_crl(authority, [], 1)
    while crl.signature[-1] & 1:
        crl = x509.make_crl(authority, [], 1)
    for thing, load in ((authority.cert, x509.load_cert), (crl, x509.load_crl)):
        written = bytearray(thing.public_bytes(Encoding.DER))
        load(pem_of(written, load))
        written[-len(thing.signature) - 1] = 1
        with pytest.raises(Unverified) as error:
            load(pem_of(written, load))
        assert error.value.code == "x509.form"


def pem_of(written: bytes, load: Any) -> bytes:
    kind = "CERTIFICATE" if load is x509.load_cert else "X509 CRL"
    lines = base64.encodebytes(written).decode()
    return f"-----BEGIN {kind}-----\n{lines}-----END {kind}-----\n".encode()
