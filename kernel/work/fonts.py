"""The fonts of documents, their lock file, and which characters they have.

Nothing is taken from the machine: Fandol is vendored with its licence, Noto comes as a package.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import pylopdf_fonts_zh_cn
from fontTools.ttLib import TTFont

FANDOL = Path(__file__).parent / "typeset" / "fonts"
NOTO = Path(pylopdf_fonts_zh_cn.__file__).parent
FOLDERS = (FANDOL, NOTO)
LOCK = FANDOL / "fonts.lock"

FACES = {
    "fang": FANDOL / "FandolFang-Regular.otf",
    "kai": FANDOL / "FandolKai-Regular.otf",
    "hei": FANDOL / "FandolHei-Regular.otf",
    "heavy": FANDOL / "FandolSong-Bold.otf",
    "song": NOTO / "NotoSerifSC-Regular.otf",
    "sans": NOTO / "NotoSansSC-Regular.otf",
}
_UNPRINTED = frozenset("\n\r\t \u3000")


@cache
def characters(face: str) -> frozenset[str]:
    """All characters that a face (``fang``, ``kai``, ``hei``, ``heavy``, ``song``…) can draw."""
    with TTFont(FACES[face], lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def lacking(texts: Iterable[tuple[str, str]]) -> tuple[list[str], list[str]]:
    """What falls back to Noto and what nobody can draw, of ``(face, text)`` pairs; both sorted."""
    poor = {char for face, text in texts for char in set(text) - _UNPRINTED - characters(face)}
    missing = {char for char in poor if char not in characters("song")} if poor else set()
    return sorted(poor - missing), sorted(missing)


def check_lock() -> list[str]:
    """The names of font files that differ from the lock file; empty when all is as it should be."""
    lines = LOCK.read_text("utf-8").splitlines()
    wanted = [line.split() for line in lines if line and not line.startswith("#")]
    found = {path.name: path for path in FACES.values()}
    return [name for digest, name in wanted if _digest(found.get(name)) != digest]


def _digest(path: Path | None) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path and path.exists() else ""
