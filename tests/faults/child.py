"""Processes that are made to die: forked from a warm parent, heard through a socket."""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import time
import traceback
from collections.abc import Callable
from typing import Any

Say = Callable[..., None]
Job = Callable[[Say], None]
LONGEST = 120.0
"""Seconds after which a child that still runs is a violation."""


class Child:
    """A forked process that does one job and says what it has done.

    :param job: is given ``say(**facts)``; what it said before it died is in :attr:`said`.
    """

    def __init__(self, job: Job) -> None:
        self.said: list[dict[str, Any]] = []
        self.status: int | None = None
        self._rest = b""
        self._ours, theirs = socket.socketpair()
        self.pid = os.fork()
        if self.pid == 0:
            self._ours.close()
            _be_child(job, theirs)
        theirs.close()

    def hear(self, seconds: float) -> bool:
        """Listen that long at most; False once the child has closed its end."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if not select.select([self._ours], [], [], left)[0]:
                return True
            piece = self._ours.recv(1 << 16)
            if not piece:
                return False
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self.said += [json.loads(line) for line in lines]
        return True

    def until(self, key: str, seconds: float = LONGEST) -> bool:
        """Listen until it says something of this name; False when it ended without."""
        end = time.monotonic() + seconds
        while not any(key in one for one in self.said):
            if time.monotonic() > end or not self.hear(0.02):
                return any(key in one for one in self.said)
        return True

    def end(self, seconds: float = LONGEST) -> int:
        """Hear it out; what runs on is killed. Gives the wait status."""
        if self.hear(seconds):
            self.said.append({"defect": f"still running after {seconds:.0f} s"})
        return self.kill()

    def kill(self) -> int:
        """SIGKILL to it and to its children, and hear what it had said."""
        if self.status is None:
            for target in (-self.pid, self.pid):
                try:
                    os.kill(target, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.status = os.waitpid(self.pid, 0)[1]
            self.hear(0.5)
            self._ours.close()
        return self.status

    def died(self) -> bool:
        """Whether it has ended by itself, or was ended by somebody else."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = status
                self.hear(0.5)
                self._ours.close()
        return self.status is not None

    def facts(self, key: str) -> list[Any]:
        """All that it said under this name."""
        return [one[key] for one in self.said if key in one]


def _be_child(job: Job, out: socket.socket) -> None:
    os.setsid()

    def say(**facts: object) -> None:
        out.sendall(json.dumps(facts).encode() + b"\n")

    code = 0
    try:
        job(say)
    except BaseException:
        code = 1
        say(defect=traceback.format_exc())
    finally:
        os._exit(code)
