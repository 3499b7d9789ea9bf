"""Static files: found along the theme's chain, named with their version, read once.

``app.css`` is not a file: it is the default theme's ``tokens.css`` and the sheets in
``static/css`` in their order, so that a page asks for one sheet and people read small ones.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import mimetypes
import re
import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from time import monotonic

from msgspec import Struct

from kernel.deferred import pattern
from kernel.portal.theme import Theme, chain

BUNDLE = "app.css"
FRESH = 2.0
"""Seconds before a file is looked at again: a page asks for the same few some fifty times."""
_COMMENT = pattern(rb"/\*.*?\*/", re.DOTALL)
"""What the sheet of sheets leaves out: its comments are for who writes them."""
_TYPES = {
    ".js": "text/javascript",
    ".css": "text/css",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
    ".json": "application/json",
}
"""What each machine would say from lists of its own; any other suffix is looked up there."""


class Asset(Struct, frozen=True, dict=True):
    """One static file, ready to be sent."""

    data: bytes
    media_type: str
    version: str
    """The first 12 hex digits of its SHA-256: the ``?v=`` of its URL."""

    @cached_property
    def packed(self) -> bytes:
        """The same with gzip, packed once; empty where that would save nothing. It is the same for
        everybody, so that its length tells nobody anything (BREACH)."""
        packed = gzip.compress(self.data, 9, mtime=0)
        return packed if len(packed) < len(self.data) else b""

    @property
    def headers(self) -> dict[str, str]:
        """How long browsers may keep it: for good, because a new version has a new URL."""
        return {
            "Cache-Control": "public, max-age=31536000, immutable",
            "ETag": f'"{self.version}"',
            "Vary": "Accept-Encoding",
            "X-Content-Type-Options": "nosniff",
        }

    def sent(self, accepted: str) -> tuple[bytes, dict[str, str]]:
        """What is sent, and its headers.

        :param accepted: the request's ``Accept-Encoding``.
        """
        if not ("gzip" in accepted and self.packed):
            return self.data, self.headers
        own = {"Content-Encoding": "gzip", "ETag": f'"{self.version}-gzip"'}
        return self.packed, {**self.headers, **own}


class Assets:
    """The static files of all themes and plugins.

    :param themes: by id.
    :param plugins: the ``static`` folders by plugin name; a file is asked for as
        ``<plugin>/x.js`` and served under ``/static/plugins/<plugin>/x.js``.
    """

    def __init__(self, themes: dict[str, Theme], plugins: Mapping[str, Path]) -> None:
        self._themes = themes
        self._plugins = dict(plugins)
        self._cache: dict[str, tuple[float, Asset]] = {}
        self._sheets: dict[str, tuple[float, list[str]]] = {}
        self._urls: dict[tuple[str, str], tuple[float, str]] = {}
        self._lock = threading.Lock()
        self._integrity = self._read_locks()

    def url(self, theme: str, name: str) -> str:
        """Where to fetch the file *name* under that theme, version included.

        :raises KeyError: no such file, which is a defect of the template.
        """
        known = self._urls.get((theme, name))
        if known is not None and monotonic() - known[0] < FRESH:
            return known[1]
        path = self._locate(theme, name)
        asset = self.read(path)
        if asset is None:
            raise KeyError(f"no static file {name!r}")
        url = f"/static/{path}?v={asset.version}"
        self._urls[theme, name] = (monotonic(), url)
        return url

    def sheets(self, theme: str) -> list[str]:
        """The style sheets of a page: the bundle, then the tokens of the theme and its parents."""
        known = self._sheets.get(theme)
        if known is None or monotonic() - known[0] >= FRESH:
            own = [t for t in reversed(chain(self._themes, theme)) if t.id != "default"]
            names = [f"{t.id}/tokens.css" for t in own if (t.folder / "tokens.css").exists()]
            known = self._sheets[theme] = (monotonic(), [BUNDLE, *names])
        return [self.url(theme, name) for name in known[1]]

    def integrity(self, name: str) -> str:
        """The ``sha384-…`` of a vendored file, from the lock."""
        return self._integrity[name]

    def read(self, path: str) -> Asset | None:
        """The file behind ``/static/<path>``; None when there is none (404)."""
        files = self._files(path)
        if not files:
            return None
        changed = max(file.stat().st_mtime for file in files)
        with self._lock:
            known = self._cache.get(path)
            if known is None or known[0] != changed:
                known = self._cache[path] = (changed, _load(files))
        return known[1]

    def _locate(self, theme: str, name: str) -> str:
        head, _, rest = name.partition("/")
        if head in self._themes and self._files(name):
            return name
        if head in self._plugins and rest:
            return f"plugins/{name}"
        for step in chain(self._themes, theme):
            if self._files(f"{step.id}/{name}"):
                return f"{step.id}/{name}"
        return name

    def _files(self, path: str) -> list[Path]:
        head, _, rest = path.partition("/")
        if head == "plugins":
            plugin, _, rest = rest.partition("/")
            return _inside(self._plugins.get(plugin), rest)
        theme = self._themes.get(head)
        if theme is None:
            return []
        if path == f"default/{BUNDLE}":
            sheets = sorted((theme.folder / "static/css").glob("*.css"))
            return [theme.folder / "tokens.css", *sheets]
        folder = theme.folder if rest == "tokens.css" else theme.folder / "static"
        return _inside(folder, rest)

    def _read_locks(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for theme in self._themes.values():
            lock = theme.folder / "static/vendor/vendor.lock.json"
            for package in json.loads(lock.read_text("utf-8"))["packages"] if lock.exists() else []:
                for file, digest in package["files"].items():
                    found[f"vendor/{package['name']}/{package['version']}/{file}"] = digest
        return found


def _inside(folder: Path | None, rest: str) -> list[Path]:
    if folder is None or not rest:
        return []
    root = folder.resolve()
    file = (root / rest).resolve()
    return [file] if file.is_relative_to(root) and file.is_file() else []


def _load(files: list[Path]) -> Asset:
    content = b"\n".join(file.read_bytes() for file in files)
    if len(files) > 1:
        content = _COMMENT.sub(b"", content)
    suffix = files[-1].suffix
    kind = _TYPES.get(suffix) or mimetypes.guess_type(files[-1].name)[0]
    return Asset(
        data=content,
        media_type=kind or "application/octet-stream",
        version=hashlib.sha256(content).hexdigest()[:12],
    )
