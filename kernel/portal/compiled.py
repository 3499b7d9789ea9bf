"""Templates compiled once: remembered by the process, and kept on disk for the next start.

Compiling them takes longer than everything else before the first page. What is kept lies in the
instance folder, which only the node's own user can read or write, under the digest of whatever
decides how templates are compiled: after an update nothing old is used.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import CodeType

import jinja2
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from kernel.storage.instance import PRIVATE_FOLDER

_HERE = Path(__file__).resolve().parent
DECIDING = tuple(
    _HERE / name for name in ("render.py", "constants.py", "form_tokens.py", "compiled.py")
)
"""The files that say how templates are compiled: options, extensions, and this."""


class Compiled(BytecodeCache):
    """The compiled templates of this process, for all its themes and all nodes that it opens."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, CodeType]] = {}
        self._folder: Path | None = None

    def keep_in(self, folder: Path) -> None:
        """Read what an earlier start has kept there, and keep there what is compiled now."""
        self._folder = folder / recipe()

    def get_bucket(
        self, environment: Environment, name: str, filename: str | None, source: str
    ) -> Bucket:
        """The place of a template, which is another one in each language."""
        variant = getattr(environment, "variant", "")
        key = self.get_cache_key(f"{variant}|{name}" if variant else name, filename)
        bucket = Bucket(environment, key, self.get_source_checksum(source))
        self.load_bytecode(bucket)
        return bucket

    def load_bytecode(self, bucket: Bucket) -> None:
        """Hand Jinja what the same text of this file was compiled to."""
        checksum, code = self._known.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code
        elif self._folder is not None:
            # Jinja leaves the bucket empty unless its own version and the text are the same.
            with suppress(OSError, EOFError, ValueError, TypeError):
                bucket.bytecode_from_string((self._folder / bucket.key).read_bytes())
            self._remember(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what Jinja has compiled; a full disk only makes the next start slower."""
        self._remember(bucket)
        if self._folder is not None and bucket.code is not None:
            with suppress(OSError):
                _write(self._folder, bucket.key, bucket.bytecode_to_string())

    def _remember(self, bucket: Bucket) -> None:
        if bucket.code is not None:
            self._known[bucket.key] = bucket.checksum, bucket.code


def _write(folder: Path, name: str, content: bytes) -> None:
    """In one step, because several processes may do so at the same time."""
    for one in (folder.parent, folder):
        one.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    handle, scratch = tempfile.mkstemp(dir=folder)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(content)
        Path(scratch).replace(folder / name)
    except OSError:
        Path(scratch).unlink(missing_ok=True)
        raise


@cache
def recipe() -> str:
    """The digest of what decides how templates are compiled."""
    digest = hashlib.sha256(f"{sys.version} {jinja2.__version__}".encode())
    for file in DECIDING:
        digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


compiled = Compiled()
"""The ones of this process."""
