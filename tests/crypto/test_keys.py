"""Suites and key files."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from kernel.crypto import keyfile, suites
from kernel.errors import Invalid, Unverified


def test_a_signature_holds_for_its_bytes_and_key_only():
    key = suites.new_key()
    signature = suites.sign(key, b"text")
    suites.verify(key.public_key(), b"text", signature)
    for public, data, value in (
        (key.public_key(), b"texT", signature),
        (suites.new_key().public_key(), b"text", signature),
        (key.public_key(), b"text", signature[:-1] + bytes([signature[-1] ^ 1])),
        (key.public_key(), b"text", signature + b"\0"),
        (key.public_key(), b"text", b""),
    ):
        with pytest.raises(Unverified, match=r"suites\.signature"):
            suites.verify(public, data, value)


@pytest.mark.parametrize("suite", ["", "none", "intl-0", "rsa-verify-1"])
def test_a_suite_off_the_list_is_refused(suite: str):
    key = suites.new_key()
    with pytest.raises(Unverified, match=r"suites\.unknown"):
        suites.verify(key.public_key(), b"", suites.sign(key, b""), suite)
    with pytest.raises(Unverified, match=r"suites\.unknown"):
        suites.sign(key, b"", suite)


def test_keys_travel_as_pem_and_base64():
    key = suites.new_key()
    pem = suites.private_pem(key, b"1234")
    assert b"ENCRYPTED" in pem
    again = suites.load_private(pem, b"1234")
    assert suites.public_b64(again) == suites.public_b64(key.public_key())
    assert suites.load_public(suites.public_b64(key)) == key.public_key()
    for data, password in ((pem, b"4321"), (pem, None), (b"nothing", None)):
        with pytest.raises(Invalid, match=r"suites\.private"):
            suites.load_private(data, password)
    with pytest.raises(Unverified, match=r"suites\.key"):
        suites.load_public("AAAA")


def test_a_wrapped_secret_opens_with_its_key_and_purpose_only():
    key, secret = keyfile.new_secret(), b"the exchange key"
    wrapped = keyfile.wrap(key, secret, "exchange/620700")
    assert secret not in wrapped
    assert keyfile.unwrap(key, wrapped, "exchange/620700") == secret
    with pytest.raises(Unverified):
        keyfile.unwrap(keyfile.new_secret(), wrapped, "exchange/620700")
    with pytest.raises(Unverified):
        keyfile.unwrap(key, wrapped, "exchange/620701")
    for position in range(len(wrapped)):
        altered = bytearray(wrapped)
        altered[position] ^= 1
        with pytest.raises(Unverified):
            keyfile.unwrap(key, bytes(altered), "exchange/620700")
    for length in range(len(wrapped)):
        with pytest.raises(Unverified):
            keyfile.unwrap(key, wrapped[:length], "exchange/620700")


def test_a_private_file_is_whole_and_its_owners_alone(tmp_path: Path):
    path = tmp_path / "node.key"
    umask = os.umask(0)
    try:
        keyfile.write_private(path, b"one")
        keyfile.write_private(path, b"two")
    finally:
        os.umask(umask)
    assert path.read_bytes() == b"two"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert os.listdir(tmp_path) == ["node.key"]


def test_a_failed_write_leaves_the_old_file(tmp_path: Path):
    path = tmp_path / "taken"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError):
        keyfile.write_private(path, b"x")
    assert os.listdir(tmp_path) == ["taken"]
