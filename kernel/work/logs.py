"""The log of the node: JSON lines that say what happened and never what it was about.

Only the fields in :data:`FIELDS` are written, and only as plain identifiers, so that no title, no
name and no text of a document reaches a file that is carried to a log server. Of an error its type
and its places in the code are kept, not its sentence, which often quotes what a person typed.
"""

from __future__ import annotations

import json
import logging
import logging.handlers
import time
import traceback
from collections.abc import Mapping
from pathlib import Path

from kernel.deferred import pattern
from kernel.errors import OfficeError

FIELDS = (
    "code",
    "method",
    "route",
    "status",
    "ms",
    "incident",
    "person",
    "organ",
    "plugin",
    "effect",
    "attempt",
    "errno",
)
"""What a line may say beside its time, level, logger and event."""
_PLAIN = pattern(r"[A-Za-z0-9._:/{}<>+-]{0,200}")
_log = logging.getLogger("juyan")


def event(name: str, /, level: int = logging.INFO, **fields: object) -> None:
    """Write one line.

    :param name: what happened, ``request`` or ``outbox.failed``.
    :param fields: some of :data:`FIELDS`; uids and codes, never words.
    """
    _log.log(level, name, extra={"said": fields})


def kind(error: BaseException) -> str:
    """What an error is, without its text, which may hold content: ``KeyError``; of one at an
    import also which module was asked for, because no place in the code tells it."""
    name = getattr(error, "name", None) if isinstance(error, ImportError) else None
    return f"{type(error).__name__} {plain(name)}" if name else type(error).__name__


def places(error: BaseException) -> list[str]:
    """Where in the code an error came from, outermost first: ``kernel/node.py:12 open_node``."""
    found = traceback.extract_tb(error.__traceback__)
    return [f"{_short(one.filename)}:{one.lineno} {one.name}" for one in found]


def _short(name: str) -> str:
    for root in ("/site-packages/", "/kernel/", "/plugins/", "/tests/", "/lib/"):
        if root in name:
            head = "" if root == "/site-packages/" else root[1:]
            return head + name.rsplit(root, 1)[1]
    return Path(name).name


class Lines(logging.Formatter):
    """A record as one line of JSON, in ASCII: what would be a line break or an escape is spelt."""

    def format(self, record: logging.LogRecord) -> str:
        """The line; of a message without fields, the sentence of the program without its values."""
        line: dict[str, object] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": str(record.msg)[:200],
            **_allowed(getattr(record, "said", None) or _of_arguments(record)),
        }
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            line |= {"error": kind(error), "trace": places(error)}
        return json.dumps(line)


def _allowed(fields: Mapping[str, object]) -> dict[str, object]:
    return {name: plain(fields[name]) for name in FIELDS if name in fields}


def plain(value: object) -> object:
    """The value if it is a number or an identifier; ``?`` for anything that could be content."""
    if isinstance(value, bool | int | float) or value is None:
        return value
    return value if isinstance(value, str) and _PLAIN.fullmatch(value) else "?"


def _of_arguments(record: logging.LogRecord) -> dict[str, object]:
    given = record.args if isinstance(record.args, tuple) else ()
    errors = [one for one in given if isinstance(one, BaseException)]
    found: dict[str, object] = {}
    for error in errors:
        if isinstance(error, OfficeError):
            found["code"] = error.code
        elif isinstance(error, OSError):
            found["errno"] = error.errno
    return found


def to_file(file: Path) -> None:
    """Write everything from INFO on to a file (10 MB, five old ones kept), its owner's only."""
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handler = logging.handlers.RotatingFileHandler(
        file, maxBytes=10_000_000, backupCount=5, encoding="utf-8"
    )
    handler.setFormatter(Lines())
    file.chmod(0o600)
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    # Its lines about each start and each stop are for developers.
    logging.getLogger("uvicorn").setLevel(logging.WARNING)


def to_stderr() -> None:
    """Write to the standard error, for a process whose output is a file already."""
    handler = logging.StreamHandler()
    handler.setFormatter(Lines())
    logging.getLogger().addHandler(handler)
