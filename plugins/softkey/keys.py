"""The authenticator, and the one file that holds the keys of a demo node."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from kernel.api import (
    Signature,
    load_private,
    load_public,
    new_key,
    private_pem,
    public_b64,
    sign_bytes,
    verify_signature,
)


def key_file(instance: Path) -> Path:
    """Where the keys of a demo node lie."""
    return instance / "demo-keys" / "keys.json"


class SoftKeys:
    """Keys of people that lie in a file of the node. Never anything but a demonstration.

    :param instance: the folder of the node.
    """

    kind = "soft"
    title = "软件密钥（演示）"

    def __init__(self, instance: Path) -> None:
        self._instance = instance
        self._file = key_file(instance)
        self._keys: dict[str, str] = {}

    def verify(self, statement: dict[str, Any], data: bytes, signature: Signature) -> None:
        """Raise Unverified unless the key of the credential statement signed these bytes."""
        verify_signature(load_public(statement["public_key"]), data, signature.value)

    def sign(self, credential: str, data: bytes) -> Signature | None:
        """Sign with the key of a credential; None where its key is not in the file."""
        pem = self._find(credential)
        if pem is None:
            return None
        return Signature(self.kind, sign_bytes(load_private(pem.encode("ascii")), data))

    def make_keys(self, credentials: Sequence[str]) -> dict[str, str]:
        """Make and file keys for these credentials: credential → public key, in this order."""
        made = {uid: new_key() for uid in credentials}
        write_keys(self._instance, {uid: private_pem(key).decode() for uid, key in made.items()})
        return {uid: public_b64(key) for uid, key in made.items()}

    def _find(self, credential: str) -> str | None:
        if credential not in self._keys and self._file.is_file():
            self._keys = json.loads(self._file.read_text("utf-8"))
        return self._keys.get(credential)


def write_keys(instance: Path, keys: dict[str, str]) -> None:
    """Add keys (credential uid → PEM) to the file, which only the node's user may read."""
    file = key_file(instance)
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    known = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    scratch = file.with_suffix(".new")
    scratch.unlink(missing_ok=True)
    handle = os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        json.dump(known | keys, stream, indent=0)
    scratch.replace(file)
