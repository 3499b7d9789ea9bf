"""One server on one data folder: the second one is told who was first."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from types import TracebackType

from msgspec import Struct
from msgspec.structs import asdict

from kernel.errors import Unavailable
from kernel.storage import instance

NAME = "server.lock"


class Running(Struct, frozen=True):
    """The server that holds a data folder."""

    pid: int
    port: int


class InstanceLock:
    """Held by a server for as long as it runs; the system lets go of it when the process dies.

    ::

        with InstanceLock(settings.instance, settings.port):
            ...serve...

    :raises Unavailable: ``node.running`` on entering, naming process and port of the other one.
    """

    def __init__(self, folder: Path, port: int) -> None:
        self._folder = folder
        self._port = port
        self._handle: int | None = None

    def acquire(self) -> None:
        """Take the lock, or refuse with ``node.running``."""
        self._handle = _open(self._folder)
        # A few tries, because running() of another process takes the lock for a moment.
        if not any(_try(self._handle, wait) for wait in (0.0, 0.1, 0.2)):
            other = _read(self._handle)
            self.release()
            raise _running(self._folder, other)
        text = json.dumps(asdict(Running(os.getpid(), self._port))).encode()
        os.ftruncate(self._handle, 0)
        os.pwrite(self._handle, text, 0)

    def release(self) -> None:
        """Let go of the lock; harmless when it is not held."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> InstanceLock:
        """Take the lock."""
        self.acquire()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Let go of it."""
        self.release()


def running(folder: Path) -> Running | None:
    """The server that holds this folder now, or None."""
    if not (folder / NAME).exists():
        return None
    handle = _open(folder)
    try:
        return None if instance.try_lock(handle) else _read(handle) or Running(0, 0)
    finally:
        os.close(handle)


def _open(folder: Path) -> int:
    instance.private_file(folder / NAME)
    return os.open(folder / NAME, os.O_RDWR | os.O_CLOEXEC)


def _try(handle: int, wait: float) -> bool:
    time.sleep(wait)
    return instance.try_lock(handle)


def _read(handle: int) -> Running | None:
    try:
        return Running(**json.loads(os.pread(handle, 4096, 0)))
    except (ValueError, TypeError):
        return None  # between the other one's lock and its first line


def _running(folder: Path, other: Running | None) -> Unavailable:
    zh = f"（进程 {other.pid}，端口 {other.port}）" if other else ""
    en = f" (process {other.pid}, port {other.port})" if other else ""
    return Unavailable(
        "node.running",
        f"这套数据（{folder}）已有一个服务在运行{zh}。请直接使用它，或先停止它再启动。",
        f"A server is already running on this data, {folder}{en}. Use that one, or stop it first.",
    )
