"""Backing up the open node, and making a node out of a backup in an empty folder."""

from __future__ import annotations

import json
import re
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from msgspec import Struct

from kernel import __version__
from kernel.acts import hold
from kernel.acts.gate import by_node
from kernel.acts.house.resuming import restored
from kernel.crypto.ids import now, stamp
from kernel.crypto.keyfile import write_private
from kernel.errors import Conflict, Invalid
from kernel.identity.authority import authority
from kernel.identity.desk import ServiceDesk
from kernel.identity.models import NodeFact
from kernel.node import FOUNDED, opening, prepare_database
from kernel.settings import Settings, load
from kernel.storage import instance, log, log_check
from kernel.storage.backup import reading, snapshot, writing
from kernel.storage.backup.manifest import Manifest, Origin, Signer
from kernel.storage.database import close_database, connection, db, open_database
from kernel.storage.faults import disk_errors
from kernel.storage.postgresql import clear, masked

Progress = Callable[[str, int, int], object]


class Restored(Struct, frozen=True):
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
    source: Path,
    passphrase: bytes,
    folder: Path,
    progress: Progress = lambda *_: None,
    *,
    database: str = "",
) -> Restored:
    """Make a node of a backup in an empty folder. It is held: see :mod:`kernel.acts.hold`.

    Either the folder holds the whole node in the end, verified, or nothing.

    :param database: the URL of an empty database, for the backup of a node on PostgreSQL.
    :raises Conflict: ``restore.not_empty``. :raises Invalid: ``restore.database``.
    :raises OfficeError: ``backup.*`` for what the file is, ``storage.*`` for the disk.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise _not_empty(folder)
    with disk_errors(), _scratch(folder) as scratch:
        with source.open("rb") as file:
            size = source.stat().st_size
            said = reading.extract(
                file, passphrase, scratch, lambda done: progress("read", done, size)
            )
        _check_kind(said, database)
        settings = _lay_out(scratch, said, database)
        result = _reopen_or_empty(settings, said, progress)
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


def _lay_out(scratch: Path, said: Manifest, database: str) -> Settings:
    """Turn the parts into an instance folder, and give its settings."""
    folder = instance.prepare(scratch / "files")
    _write_database(folder / "settings.toml", database)
    settings = replace(load(folder, environ={}), instance=folder)
    if said.database == "sqlite":
        (scratch / "database" / snapshot.SQLITE).rename(folder / snapshot.SQLITE)
    else:
        _fill_server(settings, scratch)
    return settings


def _write_database(file: Path, database: str) -> None:
    """Name this database in the settings and no other: the old one may be at work still."""
    lines = file.read_text("utf-8").splitlines() if file.exists() else []
    kept = [line for line in lines if not re.match(r"\s*database\s*=", line)]
    if database:
        kept.insert(0, f"database = {json.dumps(database)}")
    write_private(file, "\n".join([*kept, ""]).encode())


def _fill_server(settings: Settings, scratch: Path) -> None:
    """Make our tables in an empty database and fill them; what fails leaves it empty."""
    from kernel.storage.backup import tables  # needs a driver that may not be there

    founded, aside = settings.instance / FOUNDED, scratch / FOUNDED
    founded.rename(aside)  # until then the folder has no database that could be its own
    open_database(settings)
    with connection():
        if db.get_tables():
            raise _not_empty(masked(settings.database))
    try:
        prepare_database(settings)
        tables.put_back(scratch / "database")
        aside.rename(founded)
    except BaseException:
        _empty(settings)
        raise


def _empty(settings: Settings) -> None:
    open_database(settings)
    with connection():
        clear(db.obj)
    close_database()


def _check_kind(said: Manifest, database: str) -> None:
    """A backup goes back into the kind of database that it came from."""
    if (said.database == "postgresql") != bool(database):
        raise Invalid(
            "restore.database",
            "备份来自 PostgreSQL 时须用 --database 指定一个空数据库；来自内置 SQLite 时不能指定。",
            "A backup of a node on PostgreSQL needs an empty database, named with --database; one "
            "of the built-in SQLite takes none.",
        )


def _not_empty(place: object) -> Conflict:
    return Conflict(
        "restore.not_empty",
        f"{place} 不是空的，不会覆盖已有数据。请指定一个空的或新的。",
        f"{place} is not empty, and nothing is written over; name an empty or new one.",
    )


def _reopen_or_empty(settings: Settings, said: Manifest, progress: Progress) -> Restored:
    try:
        return _reopen(settings, said, progress)
    except BaseException:
        if settings.database:
            _empty(settings)
        raise


def _reopen(settings: Settings, said: Manifest, progress: Progress) -> Restored:
    """Bring the tables up to date, open the next epoch, and check the whole log."""
    prepare_database(settings, far=lambda _, share: progress("upgrade", int(share * 100), 100))
    close_database()
    progress("check", 0, 0)
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
