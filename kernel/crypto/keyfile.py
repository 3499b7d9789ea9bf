"""Secrets in files: written whole or not at all, readable by their owner only, wrapped at rest."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from kernel.errors import Unverified

KEY_BYTES = 32
_MAGIC = b"juyan-wrap-1\n"
_NONCE_BYTES = 12


def new_secret() -> bytes:
    """A fresh key for :func:`wrap`: 32 random bytes."""
    return secrets.token_bytes(KEY_BYTES)


def wrap(key: bytes, secret: bytes, purpose: str) -> bytes:
    """Encrypt a secret with AES-256-GCM (NIST SP 800-38D).

    :param key: 32 bytes.
    :param purpose: what the secret is for; it is bound, so that files cannot be exchanged.
    """
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return _MAGIC + nonce + AESGCM(key).encrypt(nonce, secret, _MAGIC + purpose.encode())


def unwrap(key: bytes, wrapped: bytes, purpose: str) -> bytes:
    """Decrypt what :func:`wrap` wrote, for the same purpose.

    :raises Unverified: ``keyfile.wrapped`` for another key, another purpose or altered bytes.
    """
    nonce, sealed = wrapped[len(_MAGIC) :][:_NONCE_BYTES], wrapped[len(_MAGIC) + _NONCE_BYTES :]
    try:
        if not wrapped.startswith(_MAGIC):
            raise InvalidTag
        return AESGCM(key).decrypt(nonce, sealed, _MAGIC + purpose.encode())
    except (InvalidTag, ValueError) as error:
        raise Unverified(
            "keyfile.wrapped",
            "密钥文件打不开：口令不对，或文件被改动过。请检查后重试，或从备份恢复。",
            "The key file cannot be opened: wrong key, or it was altered. Check, or restore it.",
        ) from error


def write_private(path: Path, data: bytes) -> None:
    """Write a file that only its owner can read; after a crash the old or the new one is there.

    The bytes go to a new file beside it, are forced to the disk, and take the name by a rename
    that is forced to the disk too.
    """
    scratch = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        scratch.replace(path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
