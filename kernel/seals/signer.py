"""The signer: a process of its own that holds the keys of units and nothing else.

``python -m kernel.seals.signer --instance DIR``; :class:`kernel.seals.signer_client.Signer` starts
it when it is needed. It opens no database and no network. It signs only what a person's signed act
allows, which it verifies itself up to the root that it saw when it first started.
"""

from __future__ import annotations

import argparse
import contextlib
import logging
import os
import resource
import select
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from typing import Any

from kernel.errors import OfficeError, Unavailable
from kernel.seals import signer_place, signer_wire
from kernel.seals.signer_work import Work
from kernel.storage.instance import file_lock
from kernel.work import logs

IDLE_SECONDS = 30 * 60
PATIENCE = 30.0
"""Seconds that a client may take to write its request, and a request to end at the stop."""
LOCK_SECONDS = 15.0
"""How long to wait for a predecessor that is ending."""

log = logging.getLogger("juyan.signer")


class Server:
    """The socket: one thread per connection, one request per connection."""

    def __init__(self, work: Work, path: Path, idle: float) -> None:
        self._work = work
        self._path = path
        self._idle = idle
        self._busy = 0
        self._quiet_since = time.monotonic()
        self._change = threading.Condition()
        # A signal only writes here: what a handler raises could strike anywhere, also between
        # counting a request and starting on it.
        self._awake, self._bell = socket.socketpair()

    def stop(self) -> None:
        """Take no more requests and end when the open ones are answered; safe in a handler."""
        self._bell.send(b".")

    def serve(self) -> None:
        """Answer until nobody has asked for long, or until SIGTERM."""
        with socket.socket(socket.AF_UNIX) as listener:
            self._path.unlink(missing_ok=True)
            listener.bind(str(self._path))
            listener.listen(64)
            listener.settimeout(1)  # for a client that is gone between the two calls below
            try:
                self._accept(listener)
            finally:
                self._path.unlink(missing_ok=True)
        with self._change:
            self._change.wait_for(lambda: not self._busy, PATIENCE)

    def _accept(self, listener: socket.socket) -> None:
        while not self._forgotten():
            pause = min(PATIENCE, self._idle / 2)
            ready, _, _ = select.select([listener, self._awake], [], [], pause)
            if self._awake in ready:
                return
            if not ready:
                continue
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                continue
            with self._change:
                self._busy += 1
            threading.Thread(target=self._attend, args=(connection,), daemon=True).start()

    def _forgotten(self) -> bool:
        with self._change:
            return not self._busy and time.monotonic() - self._quiet_since > self._idle

    def _attend(self, connection: socket.socket) -> None:
        try:
            # A client that is gone asks again; everything here can be asked twice.
            with contextlib.suppress(OSError, EOFError, ValueError), connection:
                connection.settimeout(PATIENCE)
                self._converse(connection)
        finally:
            with self._change:
                self._busy -= 1
                self._quiet_since = time.monotonic()
                self._change.notify_all()

    def _converse(self, connection: socket.socket) -> None:
        request = signer_wire.receive(connection)
        stop = request.get("op") == "shutdown"
        signer_wire.send(connection, self._answer(request))
        if stop:
            self.stop()

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if request.get("op") in ("ping", "shutdown"):
            return {"ok": {"pid": os.getpid()}}
        try:
            return {"ok": self._work.answer(request)}
        except OfficeError as error:
            return {"error": signer_wire.failure(error)}
        except Exception:
            log.exception("a request failed")
            return {"error": signer_wire.failure(_failed())}


def serve(instance: Path, idle: float = IDLE_SECONDS) -> None:
    """Be the signer of this node until told to stop.

    :raises Unavailable: ``storage.busy`` when another one serves it, ``signer.no_root``.
    """
    with file_lock(signer_place.run_folder(instance) / "signer.lock", seconds=LOCK_SECONDS):
        work = Work(instance)
        try:
            server = Server(work, signer_place.record(instance), idle)
            signal.signal(signal.SIGTERM, lambda *_: server.stop())
            server.serve()
        finally:
            work.close()
            signer_place.forget(instance)


def main(arguments: list[str] | None = None) -> int:
    """The command line; 0 after a clean end, 3 when it could not start."""
    parser = argparse.ArgumentParser(prog="kernel.seals.signer", description=__doc__)
    parser.add_argument("--instance", type=Path, required=True)
    parser.add_argument("--idle", type=float, default=IDLE_SECONDS, help="seconds before it ends")
    options = parser.parse_args(arguments)
    logs.to_stderr()
    _shield()
    try:
        serve(options.instance.resolve(), options.idle)
    except OfficeError as error:
        log.error("signer.not_started", extra={"said": {"code": error.code}})
        return 3
    return 0


def _shield() -> None:
    """Private files, no core dumps with keys in them, a clean end at SIGTERM."""
    os.umask(0o077)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Until there is something to end in order.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))


def _failed() -> Unavailable:
    return Unavailable(
        "signer.failed",
        "签章程序内部出错，没有签署任何内容。请稍后再试；如仍不行，请将 signer.log 交系统管理员。",
        "The signer failed; nothing was signed. Try again in a moment; if it goes on, give "
        "signer.log to the system administrator.",
    )


if __name__ == "__main__":
    sys.exit(main())
