"""How a node and its signer talk: one JSON object each way, its length before it in four bytes."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Iterator
from typing import Any

from kernel import errors
from kernel.errors import OfficeError

LONGEST = 128 << 20
"""Bytes of one message; a sealed document of 90 MB still fits."""


def send(connection: socket.socket, message: dict[str, Any]) -> None:
    """Write one message."""
    data = json.dumps(message, ensure_ascii=False).encode()
    connection.sendall(struct.pack(">I", len(data)) + data)


def receive(connection: socket.socket) -> dict[str, Any]:
    """Read one message; EOFError when the other side has gone or sends nonsense."""
    (size,) = struct.unpack(">I", _exactly(connection, 4))
    if size > LONGEST:
        raise EOFError("the message is too long")
    message = json.loads(_exactly(connection, size))
    if not isinstance(message, dict):
        raise EOFError("not a message")
    return message


def failure(error: OfficeError) -> dict[str, str]:
    """An error as it travels."""
    kind = type(error).__name__
    return {"kind": kind, "code": error.code, "zh": error.zh, "en": error.en}


def error_of(failed: dict[str, str]) -> OfficeError:
    """The error that the other side raised, of the same class where that is one of the house."""
    kind = getattr(errors, failed["kind"], OfficeError)
    cls = kind if isinstance(kind, type) and issubclass(kind, OfficeError) else OfficeError
    return cls(failed["code"], failed["zh"], failed["en"])


def _exactly(connection: socket.socket, size: int) -> bytes:
    return b"".join(_parts(connection, size))


def _parts(connection: socket.socket, size: int) -> Iterator[bytes]:
    while size:
        part = connection.recv(min(size, 1 << 20))
        if not part:
            raise EOFError("the other side has gone")
        size -= len(part)
        yield part
