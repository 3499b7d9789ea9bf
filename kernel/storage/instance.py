"""The folder of a node: who may read it, and the locks that live in it."""

from __future__ import annotations

import fcntl
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.errors import Unavailable

FOLDERS = ("blobs", "keys", "spool")
PRIVATE_FOLDER = 0o700
PRIVATE_FILE = 0o600


def prepare(folder: Path) -> Path:
    """Make the instance folder with its sub-folders, readable by the node's own user only.

    :raises Unavailable: ``storage.folder`` when it cannot be made or written to.
    """
    try:
        for path in (folder, *(folder / name for name in FOLDERS)):
            path.mkdir(parents=True, exist_ok=True)
            path.chmod(PRIVATE_FOLDER)
    except OSError as error:
        raise Unavailable(
            "storage.folder",
            f"数据目录 {folder} 无法建立或写入（{error.strerror}），请检查目录权限和磁盘后重试。",
            f"The data folder {folder} cannot be made or written to ({error.strerror}); "
            "check its permissions and the disk, then try again.",
        ) from error
    return folder


def private_file(path: Path) -> None:
    """Make an empty file that only its owner can read, unless it exists."""
    os.close(os.open(path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, PRIVATE_FILE))


def sync_folder(folder: Path) -> None:
    """Make renames and new files in a folder survive a power cut."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def try_lock(handle: int) -> bool:
    """Take the flock of an open file without waiting; False when another process has it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def file_lock(path: Path, seconds: float = 60.0) -> Iterator[None]:
    """Hold a lock file between processes; a process that dies lets go of it.

    :param seconds: how long to wait for another process.
    :raises Unavailable: ``storage.busy`` after that time.
    """
    private_file(path)
    handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        deadline = time.monotonic() + seconds
        while not try_lock(handle):
            if time.monotonic() > deadline:
                raise Unavailable(
                    "storage.busy",
                    f"另一个进程正占用 {path.name}，请稍后重试。",
                    f"Another process is holding {path.name}; try again in a moment.",
                )
            time.sleep(0.05)
        yield
    finally:
        os.close(handle)


def crash_point(name: str) -> None:
    """Die here as by a power cut when ``JUYAN_CRASH`` names this place (fault tests)."""
    if os.environ.get("JUYAN_CRASH") == name:
        os.kill(os.getpid(), signal.SIGKILL)
