"""The file of a backup: every byte of it counts."""

import io
import random
from pathlib import Path

import pytest

from kernel.errors import Invalid, OfficeError, Unverified
from kernel.storage.backup import sealed
from kernel.storage.backup.sealed import CHUNK, SealedReader, SealedWriter

WORD = b"a passphrase for tests"


def written(plain: bytes) -> bytes:
    file = io.BytesIO()
    writer = SealedWriter(file, WORD, {"node": "n"})
    writer.write(plain)
    writer.close()
    return file.getvalue()


def opened(data: bytes, word: bytes = WORD) -> bytes:
    reader = SealedReader(io.BytesIO(data), word)
    parts = []
    while part := reader.read(100_000):
        parts.append(part)
    return b"".join(parts)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7])
def test_what_goes_in_comes_out(size: int):
    plain = random.Random(size).randbytes(size)
    assert opened(written(plain)) == plain


def test_nothing_can_be_read_without_the_passphrase():
    data = written(b"the minutes of the meeting" * 100)
    assert b"minutes" not in data
    with pytest.raises(Unverified) as refusal:
        opened(data, b"another passphrase")
    assert refusal.value.code == "backup.locked"


def test_every_changed_byte_of_a_small_file_is_found():
    data = written(b"x" * 300)
    for place in range(len(data)):
        bad = bytearray(data)
        bad[place] ^= 1 << place % 8
        with pytest.raises(OfficeError):
            opened(bytes(bad))


def test_chunks_left_out_exchanged_repeated_or_added_are_found():
    data = written(random.Random(1).randbytes(3 * CHUNK))
    step = CHUNK + 16
    head = data[: len(data) - 3 * step]
    chunks = [data[len(head) + n * step :][:step] for n in range(3)]
    assert opened(head + b"".join(chunks)) != b""
    for order in ([0, 1], [0, 2], [1, 0, 2], [0, 1, 1, 2], [0, 1, 2, 2], [0], []):
        with pytest.raises(OfficeError):
            opened(head + b"".join(chunks[n] for n in order))
    for length in (1, step // 2, 2 * step, 3 * step - 1):
        with pytest.raises(OfficeError):
            opened(head + b"".join(chunks)[:length])
    with pytest.raises(OfficeError):
        opened(data + b"\0")


def test_two_files_share_neither_key_nor_bytes():
    assert written(b"same" * 100)[-400:] != written(b"same" * 100)[-400:]


def test_another_kind_of_file_is_named():
    with pytest.raises(Invalid) as refusal:
        opened(b"PK\x03\x04" + bytes(100))
    assert refusal.value.code == "backup.format"


def test_a_short_passphrase_is_refused(tmp_path: Path):
    (tmp_path / "short").write_text("123456\n")
    for file in (tmp_path / "short", tmp_path / "gone"):
        with pytest.raises(Invalid) as refusal:
            sealed.read_passphrase(file)
        assert refusal.value.code == "backup.passphrase"


def test_a_passphrase_is_made_once(tmp_path: Path):
    file = tmp_path / "key"
    word = sealed.make_passphrase(file)
    assert sealed.make_passphrase(file) == word == file.read_bytes().strip()
    assert file.stat().st_mode & 0o777 == 0o600
