"""What the people in the browser tests work at: a demo node of their own, and Chromium."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from kernel import testing_parts
from kernel.reference import ZHANGYE
from kernel.testing_forks import manage

ARGS = ["--no-sandbox", "--headless", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True)
class Place:
    """A running demo node."""

    url: str
    folder: Path


@contextmanager
def office(folder: Path, database: str = "") -> Iterator[Place]:
    """Found and serve a demo node in an empty folder (and database); it ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with started(folder, "demo", *(["--database", database] if database else [])) as place:
        yield place


@contextmanager
def started(folder: Path, command: str, *options: str, port: int = 0) -> Iterator[Place]:
    """``manage.py demo`` or ``serve`` on a free or given port, for as long as the block lasts."""
    port = port or free_port()
    output = folder.with_suffix(".log")
    with output.open("wb") as log:
        node = manage(folder, command, *options, "--port", str(port), output=log)
    try:
        place = Place(f"http://localhost:{port}", folder)
        _wait_for(place, node, output)
        yield place
    finally:
        node.send_signal(signal.SIGINT)
        node.wait(timeout=60)


def free_port() -> int:
    """A port on which nobody listens now."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _wait_for(place: Place, node: subprocess.Popen[bytes], output: Path) -> None:
    deadline = time.monotonic() + 300  # a founding on a machine that is busy
    while time.monotonic() < deadline:
        if node.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{place.url}/health", timeout=5):  # noqa: S310  # our own
                return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"the node did not start: {output.read_text('utf-8')[-2000:]}")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=testing_parts.find("chromium"), args=ARGS)
        try:
            yield browser
        finally:
            browser.close()


def notice() -> dict[str, Any]:
    """The founding notice."""
    found: dict[str, Any] = json.loads((ZHANGYE / "notice.json").read_text("utf-8"))
    return found


def pictures_folder() -> Path | None:
    """Where screenshots are wanted (``JUYAN_PICTURES``)."""
    named = os.environ.get("JUYAN_PICTURES", "")
    if not named:
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder
