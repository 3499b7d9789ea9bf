"""Where the signer of a node is found: its folder, its lock and its socket."""

from __future__ import annotations

import hashlib
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from kernel.errors import Unavailable
from kernel.storage import instance as instances

LONGEST_PATH = 100
"""Bytes of a socket's path; the system allows 108."""


def run_folder(instance: Path) -> Path:
    """The folder for sockets and their locks; made if it is not there."""
    return _private(instance / "run")


def recorded(instance: Path) -> Path | None:
    """Where the signer said that it listens, or None."""
    try:
        return Path((instance / "run" / "signer.path").read_text("utf-8"))
    except OSError:
        return None


def record(instance: Path) -> Path:
    """Choose the path of the socket, write it down for clients, and give it."""
    folder = run_folder(instance)
    path = folder / "signer.sock"
    if len(os.fsencode(path)) > LONGEST_PATH:
        path = _short(instance) / "signer.sock"
    scratch = folder / "signer.path.new"
    scratch.write_text(str(path), "utf-8")
    scratch.replace(folder / "signer.path")
    return path


def forget(instance: Path) -> None:
    """Once the signer has ended: leave no empty folder behind among the temporary ones."""
    path = recorded(instance)
    if path is not None and path.parent != instance / "run":
        with suppress(OSError):  # not empty: what is in it is not ours
            path.parent.rmdir()


def _short(instance: Path) -> Path:
    base = os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir()
    name = hashlib.sha256(os.fsencode(instance)).hexdigest()[:16]
    return _private(Path(base) / f"juyan-{os.getuid()}-{name}")


def _private(folder: Path) -> Path:
    folder.mkdir(mode=instances.PRIVATE_FOLDER, parents=True, exist_ok=True)
    facts = folder.lstat()
    # Somebody else may have made a folder of this name below the common temporary one.
    if facts.st_uid != os.getuid() or not stat.S_ISDIR(facts.st_mode):
        raise Unavailable(
            "signer.folder",
            f"目录 {folder} 不属于本系统的用户，签章程序不能使用它，请删除该目录。",
            f"The folder {folder} belongs to somebody else; the signer cannot use it. Remove it.",
        )
    folder.chmod(instances.PRIVATE_FOLDER)
    return folder
