"""Files by content: named by their digest, encrypted at rest, verified whenever they are read.

A file is a header and segments of 1 MiB, AES-256-GCM each (NIST SP 800-38D) under a key of its
own, derived from the node's blob key and a random salt. The header binds digest and size to that
key, so that a file that was altered, cut, extended or exchanged for another one is noticed before
its first byte is handed out. Names are ``sha256:<hex>`` of the plain bytes.

Put the blob first, then write the row that names it: a crash in between leaves a blob that
:meth:`BlobStore.sweep` takes away, never a row without its blob.
"""

from __future__ import annotations

import hashlib
import hmac
import io
import os
import secrets
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import IO, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.crypto.canonical import is_digest
from kernel.crypto.keyfile import KEY_BYTES, new_secret, write_private
from kernel.errors import NotFound, Unavailable, Unverified
from kernel.slots import Slot
from kernel.storage import instance
from kernel.storage.faults import disk_errors, full

SEGMENT = 1024 * 1024
RESERVE = 64 * 1024 * 1024
"""Bytes of the disk that blobs leave alone, so that the database can still commit."""

_CHUNK = 64 * 1024
_MAGIC = b"juyan-blob-1\n\x00\x00\x00"
_SALT = 16
_TAG = 16
_HEADER = struct.Struct(">16s16s32sQ32s")  # magic, salt, digest, size, HMAC-SHA256 of these


class BlobStore:
    """The blobs of a node in a local folder.

    :param folder: where they are; its sub-folders are made as needed.
    :param key: 32 bytes, see :func:`load_key`.
    :param reserve: free bytes below which nothing is taken in any more.
    """

    def __init__(self, folder: Path, key: bytes, reserve: int = RESERVE) -> None:
        self.folder = folder
        self._key = key
        self._reserve = reserve
        self._scratch = folder / "incoming"
        self._scratch.mkdir(parents=True, exist_ok=True, mode=instance.PRIVATE_FOLDER)

    def put(self, source: bytes | BinaryIO) -> str:
        """Take in bytes or a binary stream, in constant memory.

        :returns: the digest, the same for the same content. The file is on the disk then.
        :raises Unavailable: ``storage.full``, ``storage.failed``; nothing was kept.
        """
        stream = io.BytesIO(source) if isinstance(source, bytes) else source
        scratch = self._scratch / secrets.token_hex(16)
        with disk_errors():
            try:
                digest = self._write(scratch, stream)
                self._publish(scratch, self._path(digest))
            finally:
                scratch.unlink(missing_ok=True)
        return digest

    def get(self, digest: str) -> bytes:
        """The whole content; for what is known to be small.

        :raises NotFound: ``blobs.missing``.
        :raises Unverified: ``blobs.corrupt``.
        """
        return b"".join(self.open(digest))

    def open(self, digest: str) -> Iterator[bytes]:
        """The content in pieces of up to 1 MiB, each verified before it is handed out.

        Missing and altered headers are refused at once, not at the first piece.

        :raises NotFound: ``blobs.missing``.
        :raises Unverified: ``blobs.corrupt``, also in the middle of the iteration.
        """
        self.size(digest)
        return self._segments(digest)

    def has(self, digest: str) -> bool:
        """Whether there is a file for the digest (it is not read)."""
        return is_digest(digest) and self._path(digest).exists()

    def size(self, digest: str) -> int:
        """The number of plain bytes.

        :raises NotFound: ``blobs.missing``.
        :raises Unverified: ``blobs.corrupt``.
        """
        with self._file(digest) as file:
            return self._header(file, digest)[0]

    def digests(self) -> Iterator[str]:
        """All digests, in no promised order."""
        for path in self.folder.glob("[0-9a-f][0-9a-f]/*"):
            yield f"sha256:{path.parent.name}{path.name}"

    def sweep(self, keep: Callable[[str], bool], older_than: timedelta) -> int:
        """Take away what nobody refers to any more.

        :param keep: asked for each digest; True when a row still names it.
        :param older_than: younger blobs stay, because their row may not be committed yet; putting
            the same content again makes a blob young.
        :returns: how many were taken away.
        """
        limit = time.time() - older_than.total_seconds()
        unwanted = [p for p in self._scratch.iterdir() if _modified(p) < limit]
        for digest in self.digests():
            path = self._path(digest)
            if _modified(path) < limit and not keep(digest):
                unwanted.append(path)
        for path in unwanted:
            path.unlink(missing_ok=True)
        return len(unwanted)

    def _path(self, digest: str) -> Path:
        name = digest.removeprefix("sha256:")
        return self.folder / name[:2] / name[2:]

    def _write(self, scratch: Path, stream: BinaryIO) -> str:
        salt = secrets.token_bytes(_SALT)
        key = self._file_key(salt)
        cipher, whole, size = AESGCM(key), hashlib.sha256(), 0
        handle = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_RDWR, instance.PRIVATE_FILE)
        with os.fdopen(handle, "wb") as file:
            file.write(bytes(_HEADER.size))
            for number, plain in enumerate(_cut(stream)):
                self._check_space()
                whole.update(plain)
                size += len(plain)
                file.write(cipher.encrypt(_nonce(number), plain, None))
            file.seek(0)
            file.write(_make_header(key, salt, whole.digest(), size))
            file.flush()
            os.fsync(file.fileno())
        return "sha256:" + whole.hexdigest()

    def _publish(self, scratch: Path, path: Path) -> None:
        if not path.parent.exists():
            path.parent.mkdir(exist_ok=True, mode=instance.PRIVATE_FOLDER)
            instance.sync_folder(self.folder)
        # Also when the file is there already: the new one is known to be good and young.
        scratch.replace(path)
        instance.sync_folder(path.parent)

    def require_space(self) -> None:
        """Refuse before anything is accepted that may not be finished for want of room.

        :raises Unavailable: ``storage.full``.
        """
        self._check_space()

    def _check_space(self) -> None:
        disk = os.statvfs(self.folder)
        if disk.f_bavail * disk.f_frsize < self._reserve + SEGMENT:
            raise full()

    def _file(self, digest: str) -> IO[bytes]:
        try:
            if is_digest(digest):
                with disk_errors():
                    return self._path(digest).open("rb")
        except FileNotFoundError:
            pass
        raise NotFound(
            "blobs.missing",
            "找不到这个文件的内容，请联系系统管理员从备份中恢复。",
            "The content of this file is not there; ask the system administrator to restore it "
            "from a backup.",
        )

    def _header(self, file: IO[bytes], digest: str) -> tuple[int, AESGCM]:
        """Size and cipher, once the header is known to be ours and about this digest."""
        with disk_errors():
            head = file.read(_HEADER.size)
            length = os.fstat(file.fileno()).st_size
        if len(head) != _HEADER.size:
            raise _corrupt(digest)
        magic, salt, content, size, _ = _HEADER.unpack(head)
        key = self._file_key(salt)
        genuine = hmac.compare_digest(head, _make_header(key, salt, content, size))
        expected = _HEADER.size + size + _TAG * -(-size // SEGMENT)
        if magic != _MAGIC or not genuine or length != expected:
            raise _corrupt(digest)
        if "sha256:" + content.hex() != digest:
            raise _corrupt(digest)
        return size, AESGCM(key)

    def _segments(self, digest: str) -> Iterator[bytes]:
        whole = hashlib.sha256()
        with self._file(digest) as file:
            size, cipher = self._header(file, digest)
            for number in range(-(-size // SEGMENT)):
                with disk_errors():
                    sealed = file.read(SEGMENT + _TAG)
                try:
                    plain = cipher.decrypt(_nonce(number), sealed, None)
                except InvalidTag as error:
                    raise _corrupt(digest) from error
                whole.update(plain)
                yield plain
        if "sha256:" + whole.hexdigest() != digest:
            raise _corrupt(digest)

    def _file_key(self, salt: bytes) -> bytes:
        return hmac.digest(self._key, _MAGIC + salt, "sha256")


blobs = Slot[BlobStore]("blobs")
"""The open node's blobs."""


def open_blobs(folder: Path) -> BlobStore:
    """Open the blobs of an instance folder and fill the slot.

    :raises Unavailable: ``blobs.key`` when there are blobs but their key is gone.
    """
    return blobs.fill(BlobStore(folder / "blobs", load_key(folder)))


def load_key(folder: Path) -> bytes:
    """The blob key of an instance folder; made, readable by its owner only, with a new store.

    :raises Unavailable: ``blobs.key`` when there are blobs but their key is missing or damaged.
    """
    path = folder / "keys" / "blob.key"
    with instance.file_lock(folder / "keys.lock"):
        if not path.exists() and not any((folder / "blobs").glob("[0-9a-f][0-9a-f]/*")):
            write_private(path, new_secret())
        key = path.read_bytes() if path.exists() else b""
    if len(key) != KEY_BYTES:
        raise Unavailable(
            "blobs.key",
            f"文件库的密钥 {path} 缺失或损坏，请从备份中恢复该密钥后再启动。",
            f"The key of the file store, {path}, is missing or damaged; restore it from the "
            "backup, then start again.",
        )
    return key


def _cut(stream: BinaryIO) -> Iterator[bytes]:
    buffer = bytearray()
    while chunk := stream.read(_CHUNK):
        buffer += chunk
        if len(buffer) >= SEGMENT:
            yield bytes(buffer[:SEGMENT])
            del buffer[:SEGMENT]
    if buffer:
        yield bytes(buffer)


def _make_header(key: bytes, salt: bytes, digest: bytes, size: int) -> bytes:
    fields = _HEADER.pack(_MAGIC, salt, digest, size, b"")[:-32]
    return fields + hmac.digest(key, fields, "sha256")


def _nonce(number: int) -> bytes:
    # A counter is enough: every file has a key of its own.
    return number.to_bytes(12, "big")


def _modified(path: Path) -> float:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime
    return time.time()


def _corrupt(digest: str) -> Unverified:
    return Unverified(
        "blobs.corrupt",
        f"文件内容已损坏或被改动（{digest[:23]}…），未予打开。请联系系统管理员从备份中恢复。",
        f"The file is damaged or was altered ({digest[:23]}…) and was not opened. Ask the system "
        "administrator to restore it from a backup.",
    )
