"""The signer's journal: what was signed once is handed out again, never signed twice.

One file per deed, written whole before the answer leaves. It holds the bytes that were signed and
the answer, so that a process killed in between answers the same after its restart.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from kernel.crypto.canonical import b64, digest, dumps
from kernel.crypto.ids import now, stamp
from kernel.crypto.keyfile import write_private
from kernel.errors import Conflict
from kernel.storage.instance import crash_point, sync_folder


class Deed(Struct, frozen=True):
    """One thing that an act lets the signer sign."""

    operation: str
    unit: str
    act: str
    """The digest of the act; one act leads to one deed of a kind."""
    data: bytes
    """What is signed; it must be the same when the same is asked again."""
    about: str = ""
    """Tells apart the deeds of one act, where an act may lead to several."""

    @property
    def name(self) -> str:
        """The name of its journal file."""
        parts = [self.operation, self.unit, self.act, self.about]
        return digest(dumps(parts)).removeprefix("sha256:")


class Journal:
    """The folder with one file per deed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._locks: dict[str, threading.Lock] = {}

    def once(self, deed: Deed, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        """The answer of the deed; ``make`` is called only if it was never done.

        :raises Conflict: ``signer.used`` when the act was used for other bytes before.
        """
        # One lock per operation: a slow sealing does not hold up receipts.
        with self._locks.setdefault(deed.operation, threading.Lock()):
            path = self._folder / deed.name[:2] / f"{deed.name}.json"
            if path.exists():
                return _recall(path, deed)
            answer = make()
            if not path.parent.exists():
                path.parent.mkdir(mode=0o700)
                sync_folder(self._folder)
            write_private(path, json.dumps(_entry(deed, answer), ensure_ascii=False).encode())
            crash_point("signer.after_journal")
            return answer


def _entry(deed: Deed, answer: dict[str, Any]) -> dict[str, Any]:
    return {
        "operation": deed.operation,
        "unit": deed.unit,
        "act": deed.act,
        "about": deed.about,
        "at": stamp(now()),
        "digest": digest(deed.data),
        "data": b64(deed.data),
        "answer": answer,
    }


def _recall(path: Path, deed: Deed) -> dict[str, Any]:
    entry: dict[str, Any] = json.loads(path.read_bytes())
    if entry["digest"] != digest(deed.data):
        raise Conflict(
            "signer.used",
            "这次办理已经用于签署另一份内容，不能再签。请重新办理。",
            "This act was used to sign other content before; do the act again.",
        )
    answer: dict[str, Any] = entry["answer"]
    return answer
