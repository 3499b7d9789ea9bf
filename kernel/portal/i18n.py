"""Two languages: Chinese sentences in the source are message ids, English is in catalogues.

Catalogues are ``locale/<language>/LC_MESSAGES/messages.po`` of the kernel and of each plugin. They
are read as they are, without a build step. The language belongs to the request: :func:`speaking`
sets it, :func:`gettext` and lazy strings follow it.
"""

from __future__ import annotations

import hashlib
import io
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from gettext import GNUTranslations, NullTranslations
from pathlib import Path

LANGUAGES = ("zh", "en")
KERNEL_LOCALE = Path(__file__).resolve().parent.parent / "locale"

_language: ContextVar[str] = ContextVar("language", default="zh")
_lock = threading.Lock()
_folders: dict[str, Path] = {"kernel": KERNEL_LOCALE}
_catalogues: dict[str, NullTranslations] = {}


def normal(language: str | None) -> str:
    """``zh`` or ``en`` for anything that a browser, a cookie or a setting says."""
    return "en" if (language or "").lower().startswith("en") else "zh"


def choose(person: str | None, cookie: str | None, default: str) -> str:
    """The language of a page: the person's choice, else the cookie ``lang``, else the node's."""
    return normal(person or cookie or default)


def use_folders(folders: Mapping[str, Path]) -> None:
    """Say where the plugins keep their ``locale`` folders, by plugin name."""
    with _lock:
        _folders.clear()
        _folders.update({"kernel": KERNEL_LOCALE, **folders})
        _catalogues.clear()


def translations(language: str) -> NullTranslations:
    """The merged catalogue of kernel and plugins; the kernel's own words win over a plugin's."""
    known = _catalogues.get(language)  # asked for each sentence of a page: without the lock
    if known is not None:
        return known
    language = normal(language)
    with _lock:
        if language not in _catalogues:
            _catalogues[language] = _merge(language)
        return _catalogues[language]


def _merge(language: str) -> NullTranslations:
    merged = NullTranslations()
    for file in _files(language):
        merged.add_fallback(read_catalogue(file))
    return merged


def _files(language: str) -> list[Path]:
    named = [one / language / "LC_MESSAGES" / "messages.po" for one in _folders.values()]
    return [file for file in named if file.exists()]


def edition(language: str) -> str:
    """What the sentences of a language are, in a few characters: another one when one changes."""
    digest = hashlib.sha256()
    for file in _files(normal(language)):
        digest.update(file.read_bytes())
    return f"{normal(language)}-{digest.hexdigest()[:16]}"


def read_catalogue(file: Path) -> GNUTranslations:
    """One ``.po`` file, ready for use."""
    from babel.messages.mofile import write_mo  # the source's own language needs no catalogue
    from babel.messages.pofile import read_po

    with file.open("rb") as source:
        catalogue = read_po(source)
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    return GNUTranslations(compiled)


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Within this block sentences come in that language."""
    token = _language.set(normal(language))
    try:
        yield
    finally:
        _language.reset(token)


def language() -> str:
    """The language spoken now: ``zh`` or ``en``."""
    return _language.get()


def gettext(text: str) -> str:
    """The sentence in the language spoken now."""
    return translations(_language.get()).gettext(text)


def ngettext(one: str, many: str, number: int) -> str:
    """The sentence for that number, in the language spoken now."""
    return translations(_language.get()).ngettext(one, many, number)


class Lazy:
    """A sentence that is put into a language when it is shown, with its values filled in."""

    __slots__ = ("text", "values")

    def __init__(self, text: str, values: Mapping[str, object] | None = None) -> None:
        self.text = text
        self.values = values

    def __str__(self) -> str:
        text = gettext(self.text)
        return text % self.values if self.values else text

    def __repr__(self) -> str:
        return f"_l({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return str(self) == str(other)

    def __hash__(self) -> int:
        return hash((self.text, *sorted((self.values or {}).items(), key=str)))


def _l(text: str, **values: object) -> Lazy:
    """A sentence written at import time; ``%(name)s`` are filled from *values* when it is shown."""
    return Lazy(text, values or None)


def _(text: str, **values: object) -> str:
    """The sentence now, with ``%(name)s`` filled in."""
    found = gettext(text)
    return found % values if values else found


KEYWORDS: dict[str, tuple[int, ...] | None] = {
    "_": None,
    "_l": None,
    "gettext": None,
    "ngettext": (1, 2),
}


_OPTIONS = {"silent": "false", "extensions": "jinja2.ext.loopcontrols,jinja2.ext.do"}


def extract_messages(paths: Sequence[Path]) -> set[str]:
    """Every sentence marked for translation in the Python files and templates under *paths*."""
    from babel.messages.extract import extract_from_file

    found: set[str] = set()
    for path in paths:
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            method = {".py": "python", ".html": "jinja2.ext:babel_extract"}.get(file.suffix)
            if method is None:
                continue
            for _line, message, _comments, _context in extract_from_file(
                method, str(file), keywords=KEYWORDS, options=_OPTIONS
            ):
                found.update([message] if isinstance(message, str) else message)
    return found
