"""Checkpoints as signed notes."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from kernel.crypto import note
from kernel.errors import Invalid, Unverified

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
POINT = note.Checkpoint("juyan/zhangye/1", 1024, bytes(32))


def test_a_checkpoint_is_read_as_it_was_signed():
    text = note.sign_checkpoint(POINT, KEY)
    assert text.startswith("juyan/zhangye/1\n1024\nAAAA")
    assert note.read_checkpoint(text, "juyan/zhangye/1", KEY.public_key()) == POINT


def test_lines_of_witnesses_are_left_aside():
    text = note.sign_checkpoint(POINT, KEY)
    witness = "\u2014 archive.example " + base64.b64encode(b"1234" + bytes(72)).decode() + "\n"
    assert note.read_checkpoint(text + witness, POINT.origin, KEY.public_key()) == POINT


def test_every_altered_character_is_refused():
    text = note.sign_checkpoint(POINT, KEY)
    for position, character in enumerate(text):
        altered = text[:position] + ("B" if character != "B" else "C") + text[position + 1 :]
        with pytest.raises(Unverified):
            note.read_checkpoint(altered, POINT.origin, KEY.public_key())


@pytest.mark.parametrize("change", [("1024", "01024"), ("1024", "+1024"), ("1024", "1_024")])
def test_a_size_has_one_spelling(change: tuple[str, str]):
    body = POINT.body().replace(*change)
    signature = note.key_id(POINT.origin, KEY.public_key()) + KEY.sign(body.encode())
    line = f"\u2014 {POINT.origin} {base64.b64encode(signature).decode()}\n"
    with pytest.raises(Unverified, match=r"note\.form"):
        note.read_checkpoint(f"{body}\n{line}", POINT.origin, KEY.public_key())


def test_another_log_and_another_key_are_refused():
    text = note.sign_checkpoint(POINT, KEY)
    with pytest.raises(Unverified, match=r"note\.origin"):
        note.read_checkpoint(text, "juyan/zhangye/2", KEY.public_key())
    with pytest.raises(Unverified, match=r"note\.signature"):
        note.read_checkpoint(text, POINT.origin, note.new_log_key().public_key())


def test_a_log_name_without_spaces():
    with pytest.raises(Invalid):
        note.sign_checkpoint(note.Checkpoint("a b", 1, bytes(32)), KEY)
