"""How the workshop and its child talk: one line of JSON, then as many bytes as it announces."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import IO, Any


def send(stream: IO[bytes], head: Mapping[str, Any], blob: bytes = b"") -> None:
    """Write one message; BrokenPipeError when the other side has gone."""
    line = json.dumps({**head, "blob": len(blob)}, ensure_ascii=False)
    stream.write(line.encode() + b"\n")
    stream.write(blob)
    stream.flush()


def receive(stream: IO[bytes]) -> tuple[dict[str, Any], bytes]:
    """Read one message; EOFError when the other side has gone."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        raise EOFError("the other side has gone")
    head = json.loads(line)
    blob = stream.read(head["blob"])
    if len(blob) != head.pop("blob"):
        raise EOFError("the other side has gone")
    return head, blob
