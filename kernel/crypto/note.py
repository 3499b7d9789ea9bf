"""Checkpoints of the log as C2SP signed notes (c2sp.org/signed-note, c2sp.org/tlog-checkpoint).

::

    juyan/<node>/1
    1024
    <base64 of the root>

    — juyan/<node>/1 <base64 of key id and Ed25519 signature>
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct

from kernel.crypto.canonical import b64, unb64
from kernel.errors import Invalid, Unverified

_ED25519 = b"\x01"
_DASH = "\u2014 "


class Checkpoint(Struct, frozen=True):
    """What a log says about itself: so many leaves, this root."""

    origin: str
    size: int
    root: bytes

    def body(self) -> str:
        """The signed text, with its final line feed."""
        return f"{self.origin}\n{self.size}\n{b64(self.root)}\n"


def new_log_key() -> Ed25519PrivateKey:
    """A fresh key for signing checkpoints."""
    return Ed25519PrivateKey.generate()


def key_id(name: str, key: Ed25519PublicKey) -> bytes:
    """The 4 bytes that name a key: SHA-256(name, LF, 0x01, public key), cut."""
    data = name.encode() + b"\n" + _ED25519 + key.public_bytes_raw()
    return hashlib.sha256(data).digest()[:4]


def sign_checkpoint(checkpoint: Checkpoint, key: Ed25519PrivateKey) -> str:
    """The note, signed by the log whose name is the checkpoint's origin."""
    _check_name(checkpoint.origin)
    body = checkpoint.body()
    signature = key_id(checkpoint.origin, key.public_key()) + key.sign(body.encode())
    return f"{body}\n{_DASH}{checkpoint.origin} {b64(signature)}\n"


def read_checkpoint(note: str, origin: str, key: Ed25519PublicKey) -> Checkpoint:
    """Read a note that must come from this log; lines of other signers (witnesses) are left aside.

    :raises Unverified: ``note.form``, ``note.origin``, ``note.signature``.
    """
    body, lines = _split(note)
    checkpoint = _parse(body)
    if checkpoint.origin != origin:
        raise _unverified("origin", "检查点来自另一个日志", "the checkpoint is of another log")
    wanted = key_id(origin, key)
    found = [blob[4:] for name, blob in lines if name == origin and blob[:4] == wanted]
    if not found or not all(_holds(key, signature, body) for signature in found):
        raise _unverified("signature", "检查点的签名无效", "its signature does not hold")
    return checkpoint


def _split(note: str) -> tuple[str, list[tuple[str, bytes]]]:
    body, separator, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if not separator or len(lines) < 2 or lines[-1]:
        raise _malformed()
    return body + "\n", [_signature_line(line) for line in lines[:-1]]


def _signature_line(line: str) -> tuple[str, bytes]:
    parts = line.removeprefix(_DASH).split(" ")
    if not line.startswith(_DASH) or len(parts) != 2:
        raise _malformed()
    try:
        blob = unb64(parts[1])
    except Invalid as error:
        raise _malformed() from error
    if len(blob) < 5 or not parts[0]:
        raise _malformed()
    return parts[0], blob


def _parse(body: str) -> Checkpoint:
    fields: Sequence[str] = body.split("\n")
    try:
        origin, size, root, _ = fields
        checkpoint = Checkpoint(origin, int(size), unb64(root))
    except (ValueError, Invalid) as error:
        raise _malformed() from error
    # The body is written again: int() also reads "+1", " 1" and "1_0".
    if checkpoint.body() != body or checkpoint.size < 0 or len(checkpoint.root) != 32:
        raise _malformed()
    return checkpoint


def _holds(key: Ed25519PublicKey, signature: bytes, body: str) -> bool:
    try:
        key.verify(signature, body.encode())
    except InvalidSignature:
        return False
    return True


def _check_name(name: str) -> None:
    if not name or "+" in name or any(c.isspace() for c in name):
        raise Invalid(
            "note.name",
            "日志名称不能为空，也不能含空格或“+”，请改名。",
            "The name of a log cannot be empty or contain spaces or '+'; choose another.",
        )


def _malformed() -> Unverified:
    return _unverified("form", "检查点格式不对", "the checkpoint is malformed")


def _unverified(reason: str, zh: str, en: str) -> Unverified:
    return Unverified(
        f"note.{reason}",
        f"{zh}，请向该节点重新取得。",
        f"{en}; fetch it from the node again.".capitalize(),
    )
