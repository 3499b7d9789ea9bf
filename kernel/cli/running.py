"""A running node: the worker, the web server, the log files, and a clean end."""

from __future__ import annotations

import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType

import uvicorn

from kernel.acts import outbox
from kernel.cli.deadlines import DeadlineProtocol, enough_descriptors
from kernel.errors import OfficeError, Unavailable
from kernel.exchange import settling
from kernel.node import Node
from kernel.portal.live import hub
from kernel.seals.signer_client import Signer
from kernel.settings import Settings
from kernel.storage import log
from kernel.work import logs
from kernel.work.schedules import schedules

PULSE = 0.5
"""Seconds between two looks at the outbox and the log when nobody rings."""
GRACE = 5
"""Seconds that open requests have after Ctrl-C."""
_log = logging.getLogger("juyan.worker")


class Worker(threading.Thread):
    """Does what acts leave behind: effects of the outbox, schedules, the positions of the log.

    Several may run, in one process or in many. Use as a context manager.
    """

    def __init__(self) -> None:
        super().__init__(name="juyan-worker", daemon=True)
        self._over = threading.Event()

    def run(self) -> None:
        """Work until told to stop."""
        self._begin()
        bell = outbox.handlers().bell
        while not self._over.is_set():
            bell.clear()
            self.once()
            bell.wait(PULSE)

    def _begin(self) -> None:
        try:
            settling.unpark_waiting()
        except Exception:
            _log.exception("what waits for plugins could not be handed over; it goes on waiting")

    def once(self) -> None:
        """Look once: a busy database or a full disk must not end the worker."""
        try:
            outbox.drain()
            schedules().run_due()
            if log.integrate():
                log.checkpoint()
        except OfficeError as error:
            _log.warning("%s", error)
        except Exception:
            _log.exception("the worker failed; it goes on")

    def __enter__(self) -> Worker:
        """Start, and say that somebody works here."""
        outbox.handlers().worker = True
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Finish what is in hand and stop."""
        self._over.set()
        outbox.wake()
        self.join(timeout=30)
        outbox.handlers().worker = False
        self.once()


@contextmanager
def own_signer(settings: Settings) -> Iterator[None]:
    """Stop the node's signer at the end; whoever needs it then starts it anew."""
    try:
        yield
    finally:
        Signer(settings.instance).shutdown()


def listen(settings: Settings) -> socket.socket:
    """The socket of the web server.

    :raises Unavailable: ``node.port`` when another program has the port.
    """
    taken = socket.socket(socket.AF_INET6 if ":" in settings.host else socket.AF_INET)
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        taken.bind((settings.host, settings.port))
    except OSError as error:
        taken.close()
        raise Unavailable(
            "node.port",
            f"不能使用 {settings.host} 的端口 {settings.port}（{error.strerror}）。"
            "请用 --port 另选一个端口。",
            f"Port {settings.port} of {settings.host} cannot be used ({error.strerror}); choose "
            "another one with --port.",
        ) from error
    return taken


class _Server(uvicorn.Server):
    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        hub.close()  # streams have no end of their own, and would be waited for
        await super().shutdown(sockets)


def serve(node: Node, taken: socket.socket) -> None:
    """Serve the portal until Ctrl-C or SIGTERM; open requests have a few seconds to end."""
    DeadlineProtocol.ALL = enough_descriptors()
    config = uvicorn.Config(
        node.app(),
        http=DeadlineProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
        lifespan="off",
        timeout_graceful_shutdown=GRACE,
    )
    # uvicorn gives the signal on when it has ended; SIGTERM would then kill us before the
    # signer and the lock are released, so it ends like Ctrl-C.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        _Server(config).run(sockets=[taken])
    except KeyboardInterrupt:
        pass


def log_to_files(settings: Settings) -> None:
    """Write ``logs/juyan.log`` in the instance folder."""
    logs.to_file(settings.instance / "logs" / "juyan.log")
