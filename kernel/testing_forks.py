"""Processes of a node in tests, forked from one that has imported what they need.

A Python that serves pages or signs PDFs takes two seconds of a processor to start, and hundreds of
tests need one.
What is forked is the same program in a process of its own, reached, ended and killed as always;
only the start is shared. Where the start itself is tested: ``@pytest.mark.started_anew``.
"""

from __future__ import annotations

import atexit
import gc
import importlib
import json
import os
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, cast

from kernel.seals import signer_client, signer_place
from kernel.settings import ROOT
from kernel.work import workshop

READY = (
    *("kernel.seals.signer", "kernel.seals.pdf", "kernel.work.workshop_child"),
    *("kernel.cli.serve", "kernel.cli.demo", "kernel.rehearsal", "uvicorn.protocols.http.h11_impl"),
)
"""What the parent imports before it forks."""
_NUMBER = struct.Struct("q")
_LARGEST = 1 << 17


class Forked:
    """What :class:`subprocess.Popen` is for a program that was started: the same, if forked.

    :param place: the socket of the parent. :param command: ``python -m module arguments``.
    :raises OSError: the parent is gone.
    """

    stdin: IO[bytes] | None = None
    stdout: IO[bytes] | None = None
    returncode: int | None = None

    def __init__(
        self, place: str, module: str, *arguments: str, fds: tuple[int, int, int], session: bool
    ) -> None:
        self._lock = threading.Lock()
        self._parent = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self._parent.connect(place)
            asked = {"module": module, "arguments": arguments, "session": session}
            said = json.dumps({**asked, "environment": dict(os.environ)})
            socket.send_fds(self._parent, [said.encode()], fds)
            if not (told := self._parent.recv(_NUMBER.size)):
                raise ConnectionResetError("the parent of forked programs has ended")
            self.pid = int(_NUMBER.unpack(told)[0])
        except BaseException:
            self._parent.close()
            raise

    def poll(self) -> int | None:
        """The exit status, or None while it runs."""
        with suppress(subprocess.TimeoutExpired):
            self.wait(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end. :raises subprocess.TimeoutExpired: it goes on."""
        if not self._lock.acquire(timeout=-1 if timeout is None else timeout):
            raise subprocess.TimeoutExpired("forked", timeout or 0)
        try:
            if self.returncode is None:
                self._parent.settimeout(timeout)
                told = self._parent.recv(_NUMBER.size)
                self.returncode = _NUMBER.unpack(told)[0] if told else -signal.SIGKILL
                self._parent.close()
        except (TimeoutError, BlockingIOError) as error:
            raise subprocess.TimeoutExpired("forked", timeout or 0) from error
        finally:
            self._lock.release()
        return self.returncode

    def kill(self) -> None:
        """SIGKILL, unless it has ended."""
        self.send_signal(signal.SIGKILL)

    def send_signal(self, sign: int) -> None:
        """Send a signal, unless it has ended."""
        if self.poll() is None:
            with suppress(ProcessLookupError):
                os.kill(self.pid, sign)

    def __del__(self) -> None:
        """Nobody waits for it any more."""
        self._parent.close()


class Forks:
    """The parent of forked programs, started when the first one is asked for."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="juyan-forks-"))
        self._process: subprocess.Popen[bytes] | None = None

    def place(self) -> str:
        """Its socket; it listens."""
        place = str(self._folder / "socket")
        if self._process is None:
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
                listener.bind(place)
                listener.listen(64)
                # It ends when its stdin does, however these tests end.
                self._process = subprocess.Popen(
                    [sys.executable, "-m", "kernel.testing_forks", place, str(listener.fileno())],
                    stdin=subprocess.PIPE,
                    pass_fds=[listener.fileno()],
                    cwd=ROOT,
                    start_new_session=True,
                )
        return place

    def close(self) -> None:
        """End it; what it has forked ends as if it had been started."""
        if self._process is not None:
            self._process.terminate()  # a child that tests forked may still hold its stdin
            self._process.communicate()
        shutil.rmtree(self._folder, ignore_errors=True)


@contextmanager
def forking() -> Iterator[None]:
    """Within the block, this process forks signers and workshops instead of starting them."""
    forks = Forks()
    _places.append(forks.place)
    try:
        with _instead(lambda: _use(forks.place)):
            yield
    finally:
        _places.remove(forks.place)
        forks.close()


_places: list[Callable[[], str]] = []


def manage(instance: Path, *arguments: str, output: IO[bytes]) -> subprocess.Popen[bytes]:
    """``manage.py`` for a folder, both its outputs in one file: forked, or started outside tests.

    :param output: an open file.
    """
    line = ("--instance", str(instance), *arguments)
    if not _places:
        command = [sys.executable, str(ROOT / "manage.py"), *line]
        return subprocess.Popen(command, stdout=output, stderr=output, cwd=ROOT)
    with open(os.devnull, "rb") as nothing:
        fds = (nothing.fileno(), output.fileno(), output.fileno())
        made = Forked(_places[-1](), "kernel.cli", *line, fds=fds, session=False)
    return cast("subprocess.Popen[bytes]", made)


@contextmanager
def started_anew() -> Iterator[None]:
    """Within the block, they are started after all."""

    def use() -> None:
        signer_client._spawn, workshop._spawn = _PLAIN

    with _instead(use):
        yield


_PLAIN = signer_client._spawn, workshop._spawn


@contextmanager
def _instead(use: Callable[[], None]) -> Iterator[None]:
    before = signer_client._spawn, workshop._spawn
    use()
    try:
        yield
    finally:
        signer_client._spawn, workshop._spawn = before


def _use(place: Callable[[], str]) -> None:
    def a_signer(instance: Path) -> subprocess.Popen[bytes]:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
        log = os.open(signer_place.run_folder(instance) / "signer.log", flags, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        try:
            what = ("kernel.seals.signer", "--instance", str(instance))
            made = Forked(place(), *what, fds=(nothing, log, log), session=True)
        finally:
            os.close(log)
            os.close(nothing)
        return cast("subprocess.Popen[bytes]", made)

    def a_workshop() -> subprocess.Popen[bytes]:
        ours, theirs = os.pipe(), os.pipe()
        try:
            fds = (ours[0], theirs[1], 2)
            made = Forked(place(), "kernel.work.workshop_child", fds=fds, session=False)
        finally:
            os.close(ours[0])
            os.close(theirs[1])
        made.stdin, made.stdout = os.fdopen(ours[1], "wb"), os.fdopen(theirs[0], "rb")
        return cast("subprocess.Popen[bytes]", made)

    signer_client._spawn, workshop._spawn = a_signer, a_workshop


class _Parent:
    """Forks what it is asked for, and tells who asked how that ended."""

    def __init__(self, place: str, listener: socket.socket) -> None:
        self._place, self._listener = place, listener
        self._selector = selectors.DefaultSelector()
        self._asking: dict[int, socket.socket] = {}

    def run(self) -> None:
        """Until stdin ends."""
        self._selector.register(0, selectors.EVENT_READ)
        self._selector.register(self._listener, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                if key.fd == 0:
                    return
                if key.fileobj is self._listener:
                    self._fork()
                else:
                    self._ended(key.fd, key.data)

    def _fork(self) -> None:
        asking, _ = self._listener.accept()
        asked, fds, _, _ = socket.recv_fds(asking, _LARGEST, 3)
        if not asked:
            asking.close()
            return
        pid = os.fork()
        if pid == 0:
            self._let_go(asking)
            _be(self._place, json.loads(asked), fds)
        for one in fds:
            os.close(one)
        ending = os.pidfd_open(pid)
        self._selector.register(ending, selectors.EVENT_READ, pid)
        self._asking[pid] = asking
        with suppress(OSError):
            asking.send(_NUMBER.pack(pid))

    def _let_go(self, asking: socket.socket) -> None:
        """In the child: close what belongs to the parent."""
        for ending in [key.fd for key in self._selector.get_map().values() if key.data]:
            os.close(ending)
        self._selector.close()
        for one in (asking, self._listener, *self._asking.values()):
            one.close()

    def _ended(self, ending: int, pid: int) -> None:
        self._selector.unregister(ending)
        os.close(ending)
        code = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        with self._asking.pop(pid) as asking, suppress(OSError):
            asking.send(_NUMBER.pack(code))


def _be(place: str, asked: dict[str, Any], fds: list[int]) -> None:
    """In the child: run the module as if Python had been started with it."""
    code = 1
    try:
        for target, one in enumerate(fds):
            os.dup2(one, target)
        for one in fds:
            os.close(one)
        if asked["session"]:
            os.setsid()
        os.environ.clear()
        os.environ.update(asked["environment"])
        sys.argv = [asked["module"], *asked["arguments"]]
        _use(lambda: place)
        named = {"prog_name": "manage.py"} if asked["module"] == "kernel.cli" else {}
        code = importlib.import_module(asked["module"]).main(**named) or 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(bool(end.code))
    except BaseException:
        traceback.print_exc()
    finally:
        _leave(code)


def _leave(code: int) -> None:
    """End as Python does, but without what belongs to the parent."""
    with suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]  # it has no public name
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    os._exit(code)


def main() -> None:
    """The parent: ``python -m kernel.testing_forks SOCKET FD``."""
    place, number = sys.argv[1], int(sys.argv[2])
    for name in READY:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is forked shares its memory, instead of copying it to look at it
    _Parent(place, socket.socket(fileno=number)).run()


if __name__ == "__main__":
    main()
