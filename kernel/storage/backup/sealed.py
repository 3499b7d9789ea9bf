"""The file of a backup: a header in the clear, then encrypted chunks of 1 MiB.

::

    juyan-backup-1 LF | 4 bytes length | header, canonical JSON | chunk | chunk | … | last chunk

Each chunk is AES-256-GCM (NIST SP 800-38D) under a key made for this one file; its index is the
nonce, and the digest of everything before the chunks and a flag for the last one are bound to it.
So no byte can be changed, and no chunk left out, exchanged, repeated or added, without notice. The
key lies in the header, wrapped by scrypt (RFC 7914) of a passphrase.
"""

from __future__ import annotations

import hashlib
import secrets
import struct
from functools import lru_cache
from pathlib import Path
from typing import IO, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from kernel.crypto import canonical
from kernel.crypto.keyfile import new_secret, unwrap, wrap, write_private
from kernel.errors import Invalid, OfficeError, Unverified
from kernel.storage.faults import disk_errors

MAGIC = b"juyan-backup-1\n"
CHUNK = 1024 * 1024
SHORTEST = 12
"""Characters of a passphrase that are asked for at least."""
_TAG = 16
_LENGTH = struct.Struct(">I")
_LONGEST_HEADER = 4096
_PURPOSE = "backup"


def make_passphrase(path: Path) -> bytes:
    """The passphrase in a file; a new random one is written there where there is none yet."""
    if not path.exists():
        with disk_errors():
            write_private(path, secrets.token_hex(32).encode() + b"\n")
    return read_passphrase(path)


def read_passphrase(path: Path) -> bytes:
    """The passphrase in a file, without the line feed at its end.

    :raises Invalid: ``backup.passphrase`` when there is none, or a very short one.
    """
    text = path.read_bytes().strip() if path.is_file() else b""
    if len(text) >= SHORTEST:
        return text
    raise Invalid(
        "backup.passphrase",
        f"口令文件 {path} 不存在或口令不足 {SHORTEST} 个字符。请用 --key 指定备份时的口令文件。",
        f"There is no passphrase of {SHORTEST} characters or more in {path}. Name the file that "
        "was used for the backup with --key.",
    )


class SealedWriter:
    """Takes plain bytes and writes the file; :meth:`close` writes the last chunk."""

    def __init__(self, file: IO[bytes], passphrase: bytes, facts: dict[str, Any]) -> None:
        key, salt = new_secret(), secrets.token_bytes(16)
        wrapped = wrap(_derive(passphrase, salt), key, _PURPOSE)
        header = canonical.dumps(
            {**facts, "salt": canonical.b64(salt), "key": canonical.b64(wrapped)}
        )
        head = MAGIC + _LENGTH.pack(len(header)) + header
        file.write(head)
        self._file, self._chunks, self._buffer = file, _Chunks(key, head), bytearray()

    def write(self, data: bytes) -> int:
        """Take plain bytes."""
        self._buffer += data
        # One byte more than a chunk: the last chunk is known only when no other follows.
        while len(self._buffer) > CHUNK:
            self._file.write(self._chunks.seal(bytes(self._buffer[:CHUNK]), last=False))
            del self._buffer[:CHUNK]
        return len(data)

    def close(self) -> None:
        """Write what is left, as the last chunk."""
        self._file.write(self._chunks.seal(bytes(self._buffer), last=True))
        self._buffer.clear()


class SealedReader:
    """Gives the plain bytes of a file, each chunk verified before it is handed out.

    :raises Invalid: ``backup.format`` for a file of another kind.
    :raises Unverified: ``backup.locked`` for another passphrase, ``backup.altered``; both also
        later, from :meth:`read`.
    """

    def __init__(self, file: IO[bytes], passphrase: bytes) -> None:
        head, self.facts = _read_head(file)
        try:
            salt = canonical.unb64(self.facts["salt"])
            wrapped = canonical.unb64(self.facts["key"])
            key = unwrap(_derive(passphrase, salt), wrapped, _PURPOSE)
        except (OfficeError, KeyError, TypeError) as error:
            raise _locked() from error
        self._file, self._chunks, self._buffer = file, _Chunks(key, head), bytearray()
        self._ahead = file.read(CHUNK + _TAG)
        self._over = False

    def read(self, size: int) -> bytes:
        """Up to ``size`` plain bytes; fewer only at the end."""
        while len(self._buffer) < size and not self._over:
            sealed, self._ahead = self._ahead, self._file.read(CHUNK + _TAG)
            self._over = not self._ahead
            self._buffer += self._chunks.open(sealed, last=self._over)
        found = bytes(self._buffer[:size])
        del self._buffer[:size]
        return found

    def finish(self) -> None:
        """Read to the end, so that its last byte is verified too."""
        while self.read(CHUNK):
            pass


class _Chunks:
    """Encrypts or decrypts the chunks of one file, in their order."""

    def __init__(self, key: bytes, head: bytes) -> None:
        self._cipher = AESGCM(key)
        self._head = hashlib.sha256(head).digest()
        self._index = 0

    def seal(self, plain: bytes, *, last: bool) -> bytes:
        return self._cipher.encrypt(self._nonce(), plain, self._bound(last))

    def open(self, sealed: bytes, *, last: bool) -> bytes:
        try:
            return self._cipher.decrypt(self._nonce(), sealed, self._bound(last))
        except (InvalidTag, ValueError) as error:
            raise altered() from error

    def _nonce(self) -> bytes:
        self._index += 1  # a counter is enough: every file has a key of its own
        return self._index.to_bytes(12, "big")

    def _bound(self, last: bool) -> bytes:
        return self._head + (b"\x01" if last else b"\x00")


# Slow on purpose; every backup is written and read back, and both need it.
@lru_cache(maxsize=4)
def _derive(passphrase: bytes, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(passphrase)


def _read_head(file: IO[bytes]) -> tuple[bytes, dict[str, Any]]:
    start = file.read(len(MAGIC) + _LENGTH.size)
    if not start.startswith(MAGIC) or len(start) < len(MAGIC) + _LENGTH.size:
        raise Invalid(
            "backup.format",
            "这不是居延的备份文件，或文件开头已损坏。请换用另一份备份。",
            "This is no backup of Juyan, or its beginning is damaged; use another copy.",
        )
    length = min(_LENGTH.unpack(start[len(MAGIC) :])[0], _LONGEST_HEADER)
    header = file.read(length)
    try:
        facts = canonical.loads(header)
        return start + header, dict(facts)
    except (OfficeError, TypeError, ValueError) as error:
        raise altered() from error


def altered() -> Unverified:
    """The refusal for a backup that is not what was written."""
    return Unverified(
        "backup.altered",
        "备份文件已损坏、不完整或被改动，没有恢复任何内容。请换用另一份备份。",
        "The backup is damaged, cut short or was altered; nothing was restored. Use another copy.",
    )


def _locked() -> Unverified:
    return Unverified(
        "backup.locked",
        "打不开备份：口令文件不是备份时用的那一个，或文件开头被改动过。"
        "请用 --key 指定正确的口令文件。",
        "The backup cannot be opened: it was made with another passphrase file, or its beginning "
        "was altered. Name the right file with --key.",
    )
