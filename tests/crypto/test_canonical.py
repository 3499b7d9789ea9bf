"""Canonical JSON: one byte form for a value, and every other form refused."""

from __future__ import annotations

import random
from typing import Any

import pytest
import rfc8785

from kernel.crypto import canonical
from kernel.errors import Invalid, OfficeError, Unverified


def test_writes_the_form_of_rfc_8785():
    value = {"€": "Euro", "\r": "CR", "1": 1, "z": [True, None, '\x0f\\"']}
    text = r'{"\r":"CR","1":1,"z":[true,null,"\u000f\\\""],"€":"Euro"}'
    assert canonical.dumps(value) == text.encode()


CHARS = [
    "a",
    "Z",
    "0",
    '"',
    "\\",
    "/",
    "\n",
    "\x1f",
    "\x7f",
    "é",
    "\u2028",
    "公",
    "，",
    "\uff21",
    "😀",
]


def test_every_text_and_key_is_written_and_read_as_by_the_reference():
    dice = random.Random(8785)
    for _ in range(500):
        texts = ["".join(dice.choices(CHARS, k=dice.randrange(6))) for _ in range(6)]
        value = {text: [text, dice.randrange(-(2**53) + 1, 2**53), {text: None}] for text in texts}
        data = canonical.dumps(value)
        assert data == rfc8785.dumps(value)
        assert canonical.loads(data) == value


def test_what_composes_only_in_the_escaped_text_is_no_fault():
    assert canonical.loads('"\\n\u0303"'.encode()) == "\n\u0303"
    with pytest.raises(Invalid, match="canonical.text"):
        canonical.loads('"n\u0303"'.encode())


def test_keys_are_ordered_by_utf16_units():
    # U+1F600 begins with the surrogate D83D and so stands before U+FB33.
    assert canonical.dumps({"\uff21": 1, "\U0001f600": 2}) == '{"😀":2,"Ａ":1}'.encode()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (1.5, "canonical.float"),
        ({"a": [1.0]}, "canonical.float"),
        (2**53, "canonical.integer"),
        (-(2**53), "canonical.integer"),
        ("e\u0301", "canonical.text"),
        ({"e\u0301": 1}, "canonical.text"),
        ("\ud800", "canonical.text"),
        ({1: 2}, "canonical.key"),
        ({"a": {1, 2}}, "canonical.kind"),
        (b"x", "canonical.kind"),
    ],
)
def test_refuses_what_cannot_be_signed(value: Any, code: str):
    with pytest.raises(Invalid) as refused:
        canonical.dumps(value)
    assert refused.value.code == code


def test_refuses_a_value_nested_without_end():
    value = []
    for _ in range(100):
        value = [value]
    with pytest.raises(Invalid, match="depth"):
        canonical.dumps(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":1}',
        b'{"b":1,"a":2}',
        b'{"a": 1}',
        b'{"a":1}\n',
        b'"\\u0041"',
        b'"\\/"',
        b"1.0",
        b"1e2",
        b"-0",
        b"[NaN]",
        b"",
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b"[" * 100_000,
        '"e\u0301"'.encode(),
    ],
)
def test_loads_refuses_every_other_form(data: bytes):
    with pytest.raises(Invalid):
        canonical.loads(data)


def test_loads_gives_back_what_dumps_wrote():
    value = {"题": ["通知", 1, -5, None, True, {"x": ""}], "a": 2**53 - 1}
    assert canonical.loads(canonical.dumps(value)) == value


def test_base64_has_one_spelling():
    assert canonical.unb64("QQ==") == b"A"
    for text in ("QR==", "QQ", "QQ==\n", "Q Q==", None):
        with pytest.raises(Invalid):
            canonical.unb64(text)


def test_a_commitment_is_opened_by_its_own_text_only():
    one = canonical.salted("同意。")
    assert canonical.is_digest(one.commitment)
    assert canonical.salted("同意。").commitment != one.commitment
    canonical.check_salted(one.commitment, one.salt, one.text)
    for text in ("不同意。", "同意", "同意。 "):
        with pytest.raises(Unverified):
            canonical.check_salted(one.commitment, one.salt, text)
    with pytest.raises(OfficeError):
        canonical.check_salted(one.commitment, canonical.b64(b"short"), one.text)


def test_the_salt_cannot_borrow_from_the_text():
    salt = bytes(16)
    moved = canonical.salted("a" + "同意", salt)
    with pytest.raises(Unverified):
        canonical.check_salted(moved.commitment, canonical.b64(salt + b"a"), "同意")
