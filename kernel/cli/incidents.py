"""A defect gets a number for people and a file for whoever mends it."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import traceback
from datetime import UTC, datetime
from pathlib import Path

from kernel.settings import Settings


def record(error: BaseException, instance: Path | None = None) -> tuple[str, Path]:
    """Write down what happened and give the incident's number and its file.

    The file is readable by its owner only, because a trace can hold what a person typed.

    :param instance: the node's folder; its ``logs`` is used where it exists or can be made,
        else the machine's folder for temporary files.
    """
    now = datetime.now(UTC)
    number = f"{now:%Y%m%d}-{secrets.token_hex(3)}"
    trace = "".join(traceback.format_exception(error))
    text = f"{number} {now.isoformat()} {sys.argv[1:2]}\n{trace}"
    for folder in (_logs(instance), Path(tempfile.gettempdir())):
        file = folder / f"incident-{number}.log"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            _write(file, text)
            return number, file
        except OSError:
            continue
    sys.stderr.write(text)
    return number, Path(os.devnull)


def _logs(instance: Path | None) -> Path:
    named = os.environ.get("JUYAN_INSTANCE")
    return (instance or (Path(named) if named else Settings().instance)) / "logs"


def _write(file: Path, text: str) -> None:
    handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as stream:
        stream.write(text)
