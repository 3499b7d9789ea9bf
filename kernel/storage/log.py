"""The tamper-evident log: a Merkle tree (RFC 6962) over all acts and evidence.

Writers only insert a leaf, in the transaction of what it speaks of, and never wait for each
other. A sequencer (:func:`integrate`, about once a second) gives the leaves their positions and
stores the nodes of the tree; :func:`checkpoint` then signs size and root as a C2SP signed note.
A leaf that is committed is in the log at the next integration, at the latest after 5 seconds.
Positions go to what is committed: that ids may have gaps, or be committed in another order than
they were given (on PostgreSQL), does no harm. There is one sequencer at a time.

What goes in must be digests and salted commitments: personal data has to be erasable elsewhere
without touching the log. Checking is in :mod:`kernel.storage.log_check`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import peewee
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from msgspec import Struct
from msgspec.structs import asdict

from kernel.crypto import canonical, merkle
from kernel.crypto.ids import now
from kernel.crypto.keyfile import write_private
from kernel.crypto.note import Checkpoint, new_log_key, read_checkpoint, sign_checkpoint
from kernel.errors import Unavailable, Unverified
from kernel.slots import Slot
from kernel.storage import instance
from kernel.storage.bulk import insert_rows, ready_rows
from kernel.storage.database import (
    connection,
    exclusive,
    execute_many,
    require_transaction,
    transaction,
)
from kernel.storage.models import LogCheckpoint, LogLeaf, LogNode
from kernel.storage.notes import notebook

BATCH = 5000
"""How many leaves one integration takes at most, so that writers wait for it only briefly."""


class LogKey(Struct, frozen=True):
    """Who signs the checkpoints: the log's name (``juyan/<node>/<epoch>``) and its Ed25519 key."""

    name: Callable[[], str]
    private: Ed25519PrivateKey

    @property
    def origin(self) -> str:
        """The log's name now: a restored node goes on under a new epoch, in all processes."""
        return self.name()

    @property
    def public(self) -> Ed25519PublicKey:
        """What checkpoints are verified with."""
        return self.private.public_key()


log_key = Slot[LogKey]("log_key")
"""The open node's log key."""


def open_log_key(folder: Path, origin: str | Callable[[], str]) -> LogKey:
    """Read ``keys/log.key`` of an instance folder, or make it for a new log; fills the slot.

    The database must be open and migrated.

    :param origin: the name of the log, or who is asked for it each time.

    :raises Unavailable: ``log.key`` when checkpoints were signed with a key that is gone.
    """
    path = folder / "keys" / "log.key"
    with instance.file_lock(folder / "keys.lock"), connection():
        if not path.exists() and not LogCheckpoint.select().exists():
            write_private(path, new_log_key().private_bytes_raw())
        raw = path.read_bytes() if path.exists() else b""
    if len(raw) != 32:
        raise Unavailable(
            "log.key",
            f"日志签名密钥 {path} 缺失或损坏，请从备份中恢复该密钥后再启动。",
            f"The log's signing key, {path}, is missing or damaged; restore it from the backup, "
            "then start again.",
        )
    name = (lambda: origin) if isinstance(origin, str) else origin
    return log_key.fill(LogKey(name, Ed25519PrivateKey.from_private_bytes(raw)))


def append(kind: str, ref: str, data: dict[str, Any]) -> str:
    """Add a leaf, within the caller's transaction.

    :param kind: what it speaks of (``act``, ``evidence``).
    :param ref: the uid of that.
    :param data: JSON without floats and without personal data.
    :returns: the leaf hash in hex: a promise that can be redeemed once the leaf is integrated.
    :raises Invalid: ``canonical.*`` for data that has no canonical form.
    """
    require_transaction("log.append")
    one = leaf(kind, ref, data)
    LogLeaf.create(**asdict(one))
    return one.promise


class Leaf(Struct, frozen=True):
    """A leaf that is not in the log yet."""

    kind: str
    ref: str
    data: bytes
    hash: bytes

    @property
    def promise(self) -> str:
        """The leaf hash in hex, see :func:`append`."""
        return self.hash.hex()


def leaf(kind: str, ref: str, data: dict[str, Any]) -> Leaf:
    """Make a leaf, for :func:`ready_all`; the arguments are those of :func:`append`."""
    said = canonical.dumps({"kind": kind, "ref": ref, "data": data})
    return Leaf(kind, ref, said, merkle.leaf_hash(said))


def ready_all(many: Iterable[Leaf]) -> Callable[[], int]:
    """Make leaves ready; gives what adds them, within the caller's transaction."""
    return ready_rows(LogLeaf, [asdict(one) for one in many])


def leaves_of(kind: str, refs: Collection[str]) -> dict[str, list[tuple[dict[str, Any], str]]]:
    """What the leaves of a kind say about a few things, with the promise of each, by ``ref``."""
    some = LogLeaf.select(LogLeaf.ref, LogLeaf.data, LogLeaf.hash)
    some = some.where((LogLeaf.kind == kind) & LogLeaf.ref.in_(list(refs)))
    found: dict[str, list[tuple[dict[str, Any], str]]] = {}
    with connection():
        rows: Any = some.order_by(LogLeaf.id).tuples()
        for ref, data, value in rows:
            # A leaf that somebody has spoilt is named by the check of the log itself.
            said: object = None
            with suppress(ValueError, KeyError, TypeError):
                said = json.loads(data)["data"]
            said = said if isinstance(said, dict) else {}
            found.setdefault(ref, []).append((said, raw(value).hex()))
    return found


def size() -> int:
    """How many leaves have a position."""
    with connection():
        last = LogLeaf.select(peewee.fn.MAX(LogLeaf.position)).scalar()
    return 0 if last is None else int(last) + 1


def integrate() -> int:
    """Give the waiting leaves their positions, in the order of their ids, in one transaction.

    :returns: how many were taken, 0 when none waits; call again while it gives ``BATCH``.
    """
    waiting = LogLeaf.select(LogLeaf.id, LogLeaf.hash).where(LogLeaf.position.is_null())
    with connection():
        if not waiting.exists():
            return 0
    with transaction():
        exclusive("log")
        found: Any = waiting.order_by(LogLeaf.id).limit(BATCH).tuples()
        rows: list[tuple[int, bytes]] = list(found)
        start = size()
        nodes = merkle.append(node, start, [raw(value) for _, value in rows])
        insert_rows(
            LogNode,
            [{"level": level, "position": index, "hash": value} for level, index, value in nodes],
        )
        execute_many(
            "UPDATE log_leaf SET position = ? WHERE id = ?",
            [(position, row[0]) for position, row in enumerate(rows, start)],
        )
    return len(rows)


def checkpoint() -> str:
    """The newest signed checkpoint; signs a new one when the log has grown since.

    The note is committed before it is handed out, and a new one is signed only when the tree is
    proved to continue the last one.

    :raises Unverified: ``log.inconsistent`` when the stored tree does not continue it;
        ``note.*`` when the last checkpoint itself was altered.
    """
    signer = log_key()
    with transaction():
        exclusive("log")
        origin, count = signer.origin, size()
        last = _last(signer, origin)
        if last is not None and last[0].size == count:
            return last[1]
        if notebook.filled and notebook().beyond(origin, count):
            raise _inconsistent()
        current = Checkpoint(origin, count, merkle.subtree_root(node, 0, count))
        if last is not None:
            _prove(last[0], current)
        note = sign_checkpoint(current, signer.private)
        LogCheckpoint.insert(origin=origin, size=count, note=note, created=now()).execute()
    if notebook.filled:
        notebook().add(note)
    return note


def note_newest() -> None:
    """Note the newest checkpoint outside the database, where a crash came before that."""
    signer = log_key()
    with connection():
        last = _last(signer, signer.origin)
    if last is not None and not notebook().knows(last[0]):
        notebook().add(last[1])


def root_at(count: int) -> bytes:
    """The root over the first ``count`` leaves, from the stored nodes.

    :raises Unverified: ``log.inconsistent`` when one of them is not there.
    """
    with connection():
        return merkle.subtree_root(node, 0, count)


def node(level: int, position: int) -> bytes:
    """The stored hash of a complete subtree, for proofs.

    :raises Unverified: ``log.inconsistent`` when it is not there.
    """
    wanted = (LogNode.level == level) & (LogNode.position == position)
    with connection():
        row = LogNode.select(LogNode.hash).where(wanted).tuples().first()
    if row is None:
        raise _inconsistent()
    return raw(row[0])


def raw(value: object) -> bytes:
    """The bytes of a stored value, also where somebody put a text or a number in its place."""
    return bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()


def _last(signer: LogKey, origin: str) -> tuple[Checkpoint, str] | None:
    mine = LogCheckpoint.select(LogCheckpoint.note).where(LogCheckpoint.origin == origin)
    row = mine.order_by(LogCheckpoint.size.desc()).tuples().first()
    return None if row is None else (read_checkpoint(row[0], origin, signer.public), row[0])


def _prove(last: Checkpoint, current: Checkpoint) -> None:
    if last.size > current.size:
        raise _inconsistent()
    proof = merkle.consistency_proof(node, last.size, current.size)
    if not merkle.verify_consistency(last.size, current.size, last.root, current.root, proof):
        raise _inconsistent()


def _inconsistent() -> Unverified:
    return Unverified(
        "log.inconsistent",
        "日志与上次签名的检查点不一致，可能被改动或回退，已停止签发新检查点。"
        "请运行“manage.py log verify”并通知审计管理员。",
        "The log does not continue its last signed checkpoint; it may have been altered or rolled "
        "back. No new checkpoint was signed. Run `manage.py log verify` and tell the audit "
        "administrator.",
    )
