"""One server on one data folder."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from kernel.errors import Unavailable
from kernel.storage.lock import InstanceLock, Running, running

SERVE = """
import sys
from pathlib import Path
from kernel.storage.lock import InstanceLock
with InstanceLock(Path(sys.argv[1]), 8123):
    print("serving", flush=True)
    sys.stdin.readline()
"""


def test_the_second_server_is_told_about_the_first(tmp_path: Path) -> None:
    assert running(tmp_path) is None
    with subprocess.Popen(
        [sys.executable, "-c", SERVE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "serving\n"
        with pytest.raises(Unavailable) as refusal:
            InstanceLock(tmp_path, 8000).acquire()
        assert running(tmp_path) == Running(other.pid, 8123)
        # Killed, not ended: the lock must not outlive the process.
        other.kill()
    assert refusal.value.code == "node.running"
    for text in (refusal.value.zh, refusal.value.en):
        assert str(other.pid) in text and "8123" in text
    with InstanceLock(tmp_path, 8000):
        assert running(tmp_path) == Running(os.getpid(), 8000)
    assert running(tmp_path) is None


def test_a_lock_file_that_says_nothing_still_locks(tmp_path: Path) -> None:
    with InstanceLock(tmp_path, 8000):
        (tmp_path / "server.lock").write_bytes(b"")
        with pytest.raises(Unavailable) as refusal:
            InstanceLock(tmp_path, 8001).acquire()
    assert refusal.value.code == "node.running"


def test_release_may_be_repeated(tmp_path: Path) -> None:
    lock = InstanceLock(tmp_path, 8000)
    lock.acquire()
    lock.release()
    lock.release()
    with InstanceLock(tmp_path, 8000):
        assert running(tmp_path) is not None
