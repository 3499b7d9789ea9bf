"""Writing a backup beside the running node: all of it, verified, or no file at all."""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from msgspec import Struct

from kernel.deferred import pattern
from kernel.errors import Conflict, OfficeError, Unavailable
from kernel.storage import instance
from kernel.storage.backup import reading, snapshot
from kernel.storage.backup.manifest import FORMAT, NAME, Manifest, Origin, Part, Signer
from kernel.storage.backup.sealed import SealedWriter
from kernel.storage.faults import disk_errors

LEFT_OUT = {"run", "spool", "logs", "backups"}
"""Folders of the instance that the node makes anew, or that hold no state of the office."""
RESERVE = 64 * 1024 * 1024
"""Free bytes that are left where a backup is written."""
_PASSING = pattern(r"juyan\.db.*|.*\.lock|\..+\.[0-9a-f]{8}")
"""The database itself (the snapshot stands for it), locks, files that are being written."""
_BATCH = 1024 * 1024
Progress = Callable[[str, int, int], object]
"""Called with the step (``snapshot``, ``write``, ``verify``), bytes done, bytes in all."""


class Job(Struct, frozen=True):
    """What to back up, and how.

    :ivar instance: the folder of the node. :ivar passphrase: see :mod:`sealed`.
    """

    instance: Path
    passphrase: bytes
    origin: Origin
    signer: Signer


def write(job: Job, target: Path, progress: Progress = lambda *_: None) -> Manifest:
    """Write the backup, read it back to its last byte, and only then give it its name.

    The database first, files after it: a file that a row names is written before the row, so
    everything that the snapshot speaks of is there. Writers are not held up.

    :raises Conflict: ``backup.exists``.
    :raises Unavailable: ``backup.space``, ``storage.*``; no file is left behind.
    """
    if target.exists():
        raise Conflict(
            "backup.exists",
            f"{target} 已存在，不会覆盖以前的备份。请另起一个文件名。",
            f"{target} is there already, and no backup is written over; choose another name.",
        )
    with disk_errors(), _scratch(job.instance / "spool") as scratch:
        _check_space(job, target)
        progress("snapshot", 0, 0)
        database = snapshot.take(scratch)
        parts = [(f"database/{path.name}", path) for path in database]
        files = [(f"files/{name}", job.instance / name) for name in names(job.instance)]
        with _published(target) as file:
            made = _write(job, file, [*parts, *files], progress)
            _prove(job, file, made, progress)
    return made


def names(folder: Path) -> list[str]:
    """What of an instance folder belongs into a backup, by path below it."""
    found = []
    for place, folders, files in os.walk(folder):
        below = Path(place).relative_to(folder)
        if below == Path():
            folders[:] = [name for name in folders if name not in LEFT_OUT]
        if below == Path("blobs"):
            folders[:] = [name for name in folders if name != "incoming"]
        found += [str(below / name) for name in files if not _PASSING.fullmatch(name)]
    return sorted(name for name in found if not (folder / name).is_symlink())


@contextmanager
def _scratch(folder: Path) -> Iterator[Path]:
    """A private folder for the snapshot, which is not encrypted; what a killed one left goes."""
    folder.mkdir(mode=instance.PRIVATE_FOLDER, exist_ok=True)
    with instance.file_lock(folder / "backup.lock", seconds=1):
        for old in folder.glob("backup-*"):
            shutil.rmtree(old)
        made = folder / f"backup-{secrets.token_hex(8)}"
        made.mkdir(mode=instance.PRIVATE_FOLDER)
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)


@contextmanager
def _published(target: Path) -> Iterator[IO[bytes]]:
    scratch = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    handle = os.open(scratch, os.O_CREAT | os.O_EXCL | os.O_RDWR, instance.PRIVATE_FILE)
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        scratch.rename(target)
        instance.sync_folder(target.parent)
    finally:
        scratch.unlink(missing_ok=True)


def _check_space(job: Job, target: Path) -> None:
    database = snapshot.estimate()
    files = sum((job.instance / name).stat().st_size for name in names(job.instance))
    _need(job.instance, database)
    same = job.instance.stat().st_dev == target.parent.stat().st_dev
    _need(target.parent, database + files + (database if same else 0))


def _need(folder: Path, size: int) -> None:
    free = shutil.disk_usage(folder).free
    if free < size + RESERVE:
        wanted, there = (size + RESERVE) // 1_000_000 + 1, free // 1_000_000
        raise Unavailable(
            "backup.space",
            f"{folder} 所在磁盘空间不足：需要约 {wanted} MB，剩余 {there} MB。请清理或换一个位置。",
            f"There is not enough room in {folder}: about {wanted} MB are needed, {there} MB are "
            "free. Make room, or write the backup to another place.",
        )


def _write(
    job: Job, file: IO[bytes], parts: list[tuple[str, Path]], progress: Progress
) -> Manifest:
    made = Manifest(job.origin, snapshot.kind())
    facts = {"format": FORMAT, "node": job.origin.node, "created": job.origin.created}
    sealed = SealedWriter(file, job.passphrase, facts)
    total = sum(path.stat().st_size for _, path in parts if path.exists())
    stream = cast("IO[bytes]", sealed)  # all that tarfile asks of it is write()
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        for name, path in parts:
            part = _add(tar, name, path)
            if part is not None:
                made.parts.append(part)
                progress("write", made.size, total)
        data = made.signed(job.signer)
        tar.addfile(_member(NAME, len(data)), io.BytesIO(data))
    sealed.close()
    file.flush()
    return made


def _add(tar: tarfile.TarFile, name: str, path: Path) -> Part | None:
    """Add one file, as long as it was when it was opened: notes may be added to it meanwhile."""
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            counted = _Counted(file)
            tar.addfile(_member(name, size), cast("IO[bytes]", counted))
            return Part(name, size, counted.digest)
    except FileNotFoundError:
        return None  # swept or renamed since it was listed


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, instance.PRIVATE_FILE
    return member


class _Counted:
    """A file whose bytes are hashed as they are read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> str:
        return "sha256:" + self._hash.hexdigest()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._hash.update(data)
        return data


def _prove(job: Job, file: IO[bytes], made: Manifest, progress: Progress) -> None:
    """Read back what the disk holds now; a backup that nobody has read is a hope."""
    os.fsync(file.fileno())
    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    file.seek(0)
    try:
        found = reading.verify(
            file, job.passphrase, lambda done: progress("verify", done, made.size)
        )
    except OfficeError as error:
        raise _unproved() from error
    if (found.origin, found.parts) != (made.origin, made.parts):
        raise _unproved()


def _unproved() -> Unavailable:
    return Unavailable(
        "backup.unproved",
        "备份写入后读回核对不一致，文件已删除。请检查目标磁盘，换一个位置重新备份。",
        "The backup was not the same when it was read back, and was removed. Check that disk, and "
        "write the backup to another place.",
    )
