"""The real parts that some tests need from the machine, and where each is found.

A test says ``@pytest.mark.needs("chromium")``; :mod:`kernel.testing` leaves it out, loudly, where
the part is missing.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from glob import glob


def _programs(*names: str) -> Callable[[], str | None]:
    return lambda: next((path for name in names if (path := shutil.which(name))), None)


def _chromium() -> str | None:
    """Best the one without windows: others draw tabs and a toolbar too, though nobody looks."""
    shell = ("chromium-headless-shell", "chrome-headless-shell")
    whole = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
    return os.environ.get("JUYAN_CHROMIUM") or _programs(*shell, *whole)()


def _softhsm() -> str | None:
    places = ["/usr/lib/softhsm", "/usr/lib/*/softhsm", "/usr/lib64", "/usr/local/lib/softhsm"]
    found = [file for place in places for file in sorted(glob(f"{place}/libsofthsm2.so"))]
    return found[0] if found and shutil.which("softhsm2-util") else None


def _postgresql() -> str | None:
    packaged = sorted(glob("/usr/lib/postgresql/*/bin/postgres"))
    return packaged[-1] if packaged else shutil.which("postgres")


PARTS: dict[str, tuple[str, Callable[[], str | None]]] = {
    "chromium": ("Chromium", _chromium),
    "pdfsig": ("poppler, with pdfsig", _programs("pdfsig")),
    "pdftoppm": ("poppler, with pdftoppm", _programs("pdftoppm")),
    "certutil": ("NSS tools, with certutil", _programs("certutil")),
    "openssl": ("OpenSSL", _programs("openssl")),
    "softhsm": ("SoftHSM2", _softhsm),
    "clamav": ("ClamAV", _programs("clamd")),
    "strace": ("strace", _programs("strace")),
    "postgresql": ("PostgreSQL", _postgresql),
    "npm": ("npm, which brings Chromium 109 to the long run", _programs("npm")),
}
"""Each part: its name for people, and how its path is found."""


def find(part: str) -> str | None:
    """The path of a part on this machine (a program, or SoftHSM's library), or None.

    :raises KeyError: there is no part of that name.
    """
    return PARTS[part][1]()


def required() -> list[str]:
    """The parts that this run must find: ``JUYAN_REQUIRED_PARTS``, separated by blanks."""
    return os.environ.get("JUYAN_REQUIRED_PARTS", "").split()


def overview() -> list[str]:
    """One line for each part: found where, or MISSING."""
    paths = {part: find(part) for part in PARTS}
    return [f"  {part:<11} {paths[part] or f'MISSING ({PARTS[part][0]})'}" for part in PARTS]
