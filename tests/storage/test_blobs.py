"""Blobs: what goes in comes out, and nothing else ever does."""

import io
import os
import random
import resource
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from kernel.errors import NotFound, OfficeError, Unavailable, Unverified
from kernel.storage.blobs import SEGMENT, BlobStore, blobs, load_key, open_blobs
from kernel.storage.instance import prepare

KEY = bytes(range(32))


@pytest.fixture
def shelf(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", KEY, reserve=0)


def file_of(shelf: BlobStore, digest: str) -> Path:
    name = digest.removeprefix("sha256:")
    return shelf.folder / name[:2] / name[2:]


def files(shelf: BlobStore) -> list[Path]:
    return [path for path in shelf.folder.rglob("*") if path.is_file()]


@pytest.mark.parametrize("size", [0, 1, 1000, SEGMENT - 1, SEGMENT, SEGMENT + 1, 3 * SEGMENT])
def test_what_goes_in_comes_out(shelf: BlobStore, size: int) -> None:
    content = random.Random(size).randbytes(size)
    digest = shelf.put(content)
    assert digest == f"sha256:{sha256(content).hexdigest()}"
    assert shelf.get(digest) == content
    assert shelf.size(digest) == size
    assert shelf.has(digest)
    assert all(len(piece) <= SEGMENT for piece in shelf.open(digest))
    assert shelf.put(io.BytesIO(content)) == digest
    assert list(shelf.digests()) == [digest]


def test_it_cannot_be_read_on_the_disk(shelf: BlobStore) -> None:
    digest = shelf.put("关于召开会议的通知".encode() * 100)
    file = file_of(shelf, digest)
    assert "会议".encode() not in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Unverified):
        BlobStore(shelf.folder, bytes(32)).get(digest)


def test_no_key_and_nonce_are_used_twice(shelf: BlobStore) -> None:
    digest = shelf.put(b"content" * 20)
    first = file_of(shelf, digest).read_bytes()
    shelf.put(b"content" * 20)
    assert file_of(shelf, digest).read_bytes()[-100:] != first[-100:]


def test_every_flipped_bit_is_noticed(shelf: BlobStore) -> None:
    digest = shelf.put("张掖市".encode() * 5)
    file = file_of(shelf, digest)
    good = file.read_bytes()
    unnoticed = []
    for bit in range(len(good) * 8):
        bad = bytearray(good)
        bad[bit // 8] ^= 1 << bit % 8
        file.write_bytes(bad)
        try:
            shelf.get(digest)
            unnoticed.append(bit)
        except Unverified as refusal:
            assert refusal.code == "blobs.corrupt"
    assert unnoticed == []


def test_flipped_bits_in_a_long_file_are_noticed(shelf: BlobStore) -> None:
    luck = random.Random(4)
    digest = shelf.put(luck.randbytes(2 * SEGMENT + 5))
    file = file_of(shelf, digest)
    good = file.read_bytes()
    for _ in range(100):
        place, bit = luck.randrange(len(good)), luck.randrange(8)
        with file.open("r+b") as handle:
            handle.seek(place)
            handle.write(bytes([good[place] ^ 1 << bit]))
        with pytest.raises(Unverified):
            shelf.get(digest)
        with file.open("r+b") as handle:
            handle.seek(place)
            handle.write(good[place : place + 1])
    assert len(shelf.get(digest)) == 2 * SEGMENT + 5


HEAD, SEALED = 104, SEGMENT + 16
DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda good: b"",
    "cut in the header": lambda good: good[:50],
    "one byte short": lambda good: good[:-1],
    "one byte long": lambda good: good + b"\0",
    "last segment gone": lambda good: good[: HEAD + 2 * SEALED],
    "first segment gone": lambda good: good[:HEAD] + good[HEAD + SEALED :],
    "segments exchanged": lambda good: (
        good[:HEAD]
        + good[HEAD + SEALED : HEAD + 2 * SEALED]
        + good[HEAD : HEAD + SEALED]
        + good[HEAD + 2 * SEALED :]
    ),
}


@pytest.mark.parametrize("name", DAMAGES)
def test_a_file_that_was_cut_or_shuffled_is_refused(shelf: BlobStore, name: str) -> None:
    digest = shelf.put(random.Random(5).randbytes(2 * SEGMENT + 100))
    file = file_of(shelf, digest)
    file.write_bytes(DAMAGES[name](file.read_bytes()))
    with pytest.raises(Unverified):
        shelf.get(digest)


def test_whatever_is_hung_on_is_refused(shelf: BlobStore) -> None:
    digest = shelf.put(bytes(SEGMENT))
    with file_of(shelf, digest).open("ab") as file:
        file.write(b"more")
    with pytest.raises(Unverified):
        shelf.get(digest)


def test_another_genuine_file_is_refused_before_its_first_byte(shelf: BlobStore) -> None:
    wanted, other = shelf.put(b"one" * 9), shelf.put(b"two" * 9)
    file_of(shelf, wanted).write_bytes(file_of(shelf, other).read_bytes())
    with pytest.raises(Unverified):
        shelf.open(wanted)


def test_putting_it_again_mends_it(shelf: BlobStore) -> None:
    digest = shelf.put(b"content")
    file_of(shelf, digest).write_bytes(b"damaged")
    assert shelf.put(b"content") == digest
    assert shelf.get(digest) == b"content"


@pytest.mark.parametrize(
    "digest", ["sha256:" + "0" * 64, "", "sha256:../../keys/blob.key", "sha256:" + "A" * 64, "x"]
)
def test_what_is_not_there(shelf: BlobStore, digest: str) -> None:
    assert not shelf.has(digest)
    with pytest.raises(NotFound) as refusal:
        shelf.get(digest)
    assert refusal.value.code == "blobs.missing"


class Endless(io.RawIOBase):
    """A stream of zeros that is never in memory as a whole."""

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, size: int = -1) -> bytes:
        piece = bytes(min(size, self.left))
        self.left -= len(piece)
        return piece


def test_memory_stays_flat(shelf: BlobStore) -> None:
    tracemalloc.start()
    digest = shelf.put(Endless(48 * SEGMENT))
    assert sum(len(piece) for piece in shelf.open(digest)) == 48 * SEGMENT
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * SEGMENT


def test_the_last_of_the_disk_is_left_to_the_database(tmp_path: Path) -> None:
    shelf = BlobStore(tmp_path / "blobs", KEY, reserve=1 << 60)
    with pytest.raises(Unavailable) as refusal:
        shelf.put(b"content")
    assert refusal.value.code == "storage.full"
    assert files(shelf) == []


def test_a_full_disk_keeps_nothing_half(shelf: BlobStore) -> None:
    kept = shelf.put(b"before")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (SEGMENT, limits[1]))
    try:
        with pytest.raises(Unavailable) as refusal:
            shelf.put(bytes(3 * SEGMENT))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert refusal.value.code == "storage.full"
    assert files(shelf) == [file_of(shelf, kept)]
    assert shelf.get(shelf.put(bytes(3 * SEGMENT))) == bytes(3 * SEGMENT)


def test_a_stream_that_breaks_leaves_nothing(shelf: BlobStore) -> None:
    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise ValueError("the browser went away")

    with pytest.raises(ValueError, match="went away"):
        shelf.put(Broken())
    assert files(shelf) == []


def test_sweeping(shelf: BlobStore) -> None:
    old, wanted, young = shelf.put(b"old"), shelf.put(b"wanted"), shelf.put(b"young")
    again = shelf.put(b"again")
    left_over = shelf.folder / "incoming" / "left-over"
    left_over.write_bytes(b"after a crash")
    for path in [file_of(shelf, old), file_of(shelf, wanted), file_of(shelf, again), left_over]:
        os.utime(path, (0, 0))
    shelf.put(b"again")
    assert shelf.sweep(lambda digest: digest == wanted, timedelta(days=1)) == 2
    assert set(shelf.digests()) == {wanted, young, again}
    assert not left_over.exists()


def test_the_key_is_made_once_and_only_for_an_empty_store(tmp_path: Path) -> None:
    folder = prepare(tmp_path / "instance")
    first = open_blobs(folder)
    digest = first.put(b"content")
    assert (folder / "keys" / "blob.key").stat().st_mode & 0o777 == 0o600
    assert open_blobs(folder).get(digest) == b"content"
    assert blobs().get(digest) == b"content"
    (folder / "keys" / "blob.key").unlink()
    with pytest.raises(OfficeError) as refusal:
        load_key(folder)
    assert refusal.value.code == "blobs.key"
    blobs.clear()
