"""Backing up the open node, and making a node out of a backup in an empty folder."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from kernel import __version__
from kernel.acts import hold
from kernel.acts.gate import by_node
from kernel.acts.house.resuming import restored
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, Unavailable
from kernel.identity.authority import authority
from kernel.identity.desk import ServiceDesk
from kernel.identity.models import NodeFact
from kernel.node import opening, prepare_database
from kernel.settings import Settings, load
from kernel.storage import instance, log, log_check
from kernel.storage.backup import reading, snapshot, writing
from kernel.storage.backup.manifest import Manifest, Origin, Signer
from kernel.storage.database import close_database, connection
from kernel.storage.faults import disk_errors

Progress = Callable[[str, int, int], object]


@dataclass(frozen=True)
class Restored:
    """What came out of a restore.

    :ivar log: the check of the whole log. :ivar held: why the node is held, see
        :func:`kernel.acts.hold.held`. :ivar epoch: the log's name from now on.
    """

    manifest: Manifest
    log: log_check.Report
    held: hold.Facts
    epoch: str


def back_up(
    settings: Settings, target: Path, passphrase: bytes, progress: Progress = lambda *_: None
) -> Manifest:
    """Write everything that the open node is into one file; see :mod:`kernel.storage.backup`.

    :raises Conflict: ``backup.exists``.
    :raises Unavailable: ``backup.space``, ``backup.unproved``, ``storage.*``.
    :raises Unverified: ``log.inconsistent``: what cannot be vouched for is not backed up.
    """
    while log.integrate():
        pass
    with connection():
        node = NodeFact.read("uid", "")
    origin = Origin(node, log.checkpoint(), __version__, stamp(now()))
    house = authority()
    chain = [house.certificate(name) for name in ("node", "nodes", "root")]
    signer = Signer(house.node_key, chain)
    return writing.write(
        writing.Job(settings.instance, passphrase, origin, signer), target, progress
    )


def restore(
    source: Path, passphrase: bytes, folder: Path, progress: Progress = lambda *_: None
) -> Restored:
    """Make a node of a backup in an empty folder. It is held: see :mod:`kernel.acts.hold`.

    Either the folder holds the whole node in the end, verified, or nothing.

    :raises Conflict: ``restore.not_empty``.
    :raises OfficeError: ``backup.*`` for what the file is, ``storage.*`` for the disk.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise Conflict(
            "restore.not_empty",
            f"{folder} 不是空目录，不会覆盖已有数据。请指定一个空目录或新目录。",
            f"{folder} is not empty, and nothing is written over; name an empty or new folder.",
        )
    with disk_errors(), _scratch(folder) as scratch:
        with source.open("rb") as file:
            size = source.stat().st_size
            said = reading.extract(
                file, passphrase, scratch, lambda done: progress("read", done, size)
            )
        settings = _lay_out(scratch, said)
        progress("check", 0, 0)
        result = _reopen(settings, said)
        if folder.exists():
            folder.rmdir()
        settings.instance.rename(folder)
        instance.sync_folder(folder.parent)
    return result


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    made = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    made.mkdir(mode=instance.PRIVATE_FOLDER)
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _lay_out(scratch: Path, said: Manifest) -> Settings:
    """Turn the parts into an instance folder, and give its settings."""
    if said.database != "sqlite":
        raise Unavailable(
            "restore.database",
            "这份备份来自 PostgreSQL 节点，本版本只能恢复内置 SQLite 的备份。请用新版本恢复。",
            "This backup is of a node on PostgreSQL; this version restores those of its built-in "
            "SQLite only. Use a newer version.",
        )
    folder = scratch / "files"
    (scratch / "database" / snapshot.SQLITE).rename(folder / snapshot.SQLITE)
    return replace(load(folder, environ={}), instance=instance.prepare(folder), database="")


def _reopen(settings: Settings, said: Manifest) -> Restored:
    """Bring the tables up to date, open the next epoch, and check the whole log."""
    prepare_database(settings)
    close_database()
    with opening(settings):
        by_node(
            ServiceDesk(reason="restore"),
            restored,
            continues=said.origin.checkpoint,
            backup=said.origin.created,
        )
        while log.integrate():
            pass
        log.checkpoint()
        report = log_check.verify(witnessed=[said.origin.checkpoint])
        with connection():
            return Restored(said, report, hold.held() or {}, log.log_key().origin)
