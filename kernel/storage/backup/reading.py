"""Reading a backup: to verify it, or to lay out what it holds in an empty folder."""

from __future__ import annotations

import hashlib
import os
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, cast

from kernel.deferred import pattern
from kernel.storage import instance
from kernel.storage.backup import manifest
from kernel.storage.backup.manifest import Manifest, Part
from kernel.storage.backup.sealed import SealedReader, altered
from kernel.storage.faults import disk_errors

Progress = Callable[[int], object]
"""Called with the bytes done."""
Place = Callable[[str], IO[bytes]]
"""Opens the place where a part goes."""
_PART = pattern(r"(database|files)(/[^/\0]+)+")
_STEP = 1024 * 1024


def verify(file: IO[bytes], passphrase: bytes, progress: Progress = lambda _: None) -> Manifest:
    """Read a backup to its last byte and hold every part against the signed manifest.

    :param file: at its beginning.
    :raises Invalid: ``backup.format``.
    :raises Unverified: ``backup.locked``, ``backup.altered``.
    """
    return _read(file, passphrase, lambda _: Path(os.devnull).open("wb"), progress)


def extract(
    file: IO[bytes], passphrase: bytes, folder: Path, progress: Progress = lambda _: None
) -> Manifest:
    """Lay the parts out below a folder, as ``database/…`` and ``files/…``.

    Nothing there may be used before this has returned: the manifest comes last.

    :raises OfficeError: as :func:`verify`; ``storage.full``.
    """

    def place(name: str) -> IO[bytes]:
        path = folder / name
        path.parent.mkdir(mode=instance.PRIVATE_FOLDER, parents=True, exist_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, instance.PRIVATE_FILE)
        return os.fdopen(handle, "wb")

    with disk_errors():
        return _read(file, passphrase, place, progress)


def _read(file: IO[bytes], passphrase: bytes, place: Place, progress: Progress) -> Manifest:
    sealed = SealedReader(file, passphrase)
    stream = cast("IO[bytes]", sealed)  # all that tarfile asks of it is read()
    found: list[Part] = []
    said: Manifest | None = None
    done = 0
    try:
        with tarfile.open(fileobj=stream, mode="r|") as tar:
            for member in tar:
                source = _source(tar, member, said)
                if member.name == manifest.NAME:
                    said = manifest.read(source.read())
                    continue
                found.append(_copy(member.name, source, place))
                done += member.size
                progress(done)
        sealed.finish()
    except (tarfile.TarError, FileExistsError) as error:
        raise altered() from error
    if said is None or said.parts != found or not _same(sealed, said):
        raise altered()
    return said


def _source(tar: tarfile.TarFile, member: tarfile.TarInfo, said: Manifest | None) -> IO[bytes]:
    """The bytes of a member; nothing comes after the manifest, and only files are parts."""
    parts = Path(member.name).parts
    named = member.name == manifest.NAME or bool(_PART.fullmatch(member.name))
    source = tar.extractfile(member) if member.isreg() and named and ".." not in parts else None
    if source is None or said is not None:
        raise altered()
    return source


def _copy(name: str, source: IO[bytes], place: Place) -> Part:
    whole, size = hashlib.sha256(), 0
    with place(name) as target:
        while data := source.read(_STEP):
            whole.update(data)
            size += target.write(data)
    return Part(name, size, "sha256:" + whole.hexdigest())


def _same(sealed: SealedReader, said: Manifest) -> bool:
    """The header speaks of the same backup as the manifest."""
    origin = said.origin
    return (sealed.facts.get("node"), sealed.facts.get("created")) == (origin.node, origin.created)
