"""Incidents: each defect has a number for people and an entry for whoever mends it.

A defect at a page leaves its type and its places in the code in ``logs/incidents.jsonl``; a defect
at the command line leaves the whole trace in a file of its own, because it is its user's own input.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from kernel.crypto.ids import now, stamp
from kernel.work.logs import kind, places

FILE = "incidents.jsonl"
LARGEST = 10_000_000
"""Bytes of the file; a node that fails at every page must not fill the disk with it."""


class Incident(Struct, frozen=True):
    """One defect. :ivar where: the page (``GET /documents/out/{uid}``) or ``command``."""

    number: str
    at: str
    where: str
    error: str
    trace: tuple[str, ...] = ()
    file: str = ""


def keep(error: BaseException, where: str, folder: Path) -> str:
    """Write a defect down and give its number; a full disk must not hide the page that says so.

    :param folder: the instance folder.
    """
    number = f"E-{secrets.token_hex(3).upper()}"
    kept = Incident(number, stamp(now()), where, kind(error), tuple(places(error)))
    try:
        _append(folder / "logs" / FILE, json.dumps(asdict(kept)) + "\n")
    except OSError:
        return number
    return number


def _append(file: Path, line: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if file.exists() and file.stat().st_size > LARGEST:
        return
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as stream:
        stream.write(line)


def known(folder: Path) -> list[Incident]:
    """All incidents of a node, the newest first."""
    logs = folder / "logs"
    file = logs / FILE
    lines = file.read_text("ascii").splitlines() if file.exists() else []
    found = [_read(line) for line in lines]
    found += [_of_command(one) for one in logs.glob("incident-*.log")]
    return sorted((one for one in found if one), key=lambda one: one.at, reverse=True)


def _read(line: str) -> Incident | None:
    # A line that a full disk cut short is no reason to hide the others.
    try:
        values = json.loads(line)
        return Incident(**{**values, "trace": tuple(values["trace"])})
    except (ValueError, TypeError, KeyError):
        return None


def _of_command(file: Path) -> Incident:
    number = file.stem.removeprefix("incident-")
    lines = file.read_text("utf-8", errors="replace").splitlines() or [""]
    at = (lines[0].split() + ["", ""])[1].replace("+00:00", "Z")
    last = lines[-1].partition(":")[0]
    return Incident(number, at, "command", last, (), str(file))
