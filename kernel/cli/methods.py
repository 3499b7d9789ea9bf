"""What dataclasses write for their classes, compiled once and kept for the next start.

A dataclass makes the source of its methods when its module is imported and has it compiled, each
time anew: a fifth of the whole start of the web server. What was compiled is kept by its source,
so that a class that was changed finds nothing old. The file lies in the instance folder, which only
the node's own user can read or write, as the compiled templates do.
"""

from __future__ import annotations

import dataclasses
import hashlib
import marshal
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Any

_VERSION = sys.version.replace("\n", " ").encode() + b"\n"


class Methods:
    """The compiled methods of this process."""

    def __init__(self) -> None:
        self._file: Path | None = None
        self._known: dict[str, CodeType] = {}
        self._new = False

    def recall(self, instance: Path) -> None:
        """Let the dataclasses of all modules that are imported from now on look here first.

        :param instance: the folder of a node; nothing happens where no server ran yet.
        """
        folder = instance / "run"
        if self._file is None and folder.is_dir():
            self._file = folder / "methods"
            self._known = _read(self._file)
            vars(dataclasses)["exec"] = self._execute

    def keep(self) -> None:
        """Write what was compiled since; from now on each class has its own compiled again.

        A full disk only makes the next start slower.
        """
        if self._file is None:
            return
        vars(dataclasses).pop("exec", None)
        if self._new:
            with suppress(OSError):
                _write(self._file, self._known)
        self._file, self._known, self._new = None, {}, False

    def _execute(self, source: str, names: dict[str, Any], local: dict[str, Any]) -> None:
        code = self._known.get(source)
        if code is None:
            code = compile(source, "<string>", "exec", dont_inherit=True)
            self._known[source] = code
            self._new = True
        exec(code, names, local)  # noqa: S102  # the standard library's own source


def _read(file: Path) -> dict[str, CodeType]:
    """What was kept by this very Python; nothing if it is not whole."""
    with suppress(OSError, ValueError, EOFError, TypeError):
        version, digest, content = file.read_bytes().split(b"\n", 2)
        if version + b"\n" == _VERSION and hashlib.sha256(content).hexdigest().encode() == digest:
            found: dict[str, CodeType] = marshal.loads(content)  # noqa: S302  # written by ourselves
            return found
    return {}


def _write(file: Path, known: dict[str, CodeType]) -> None:
    """In one step, because several processes may do so at the same time."""
    content = marshal.dumps(known)
    digest = hashlib.sha256(content).hexdigest().encode()
    handle, scratch = tempfile.mkstemp(dir=file.parent)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(_VERSION + digest + b"\n" + content)
        Path(scratch).replace(file)
    except OSError:
        Path(scratch).unlink(missing_ok=True)
        raise


methods = Methods()
"""The ones of this process."""
