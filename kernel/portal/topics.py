"""Help topics: what a page is for, what to do first, what can go wrong there, whom to ask.

A topic is a file ``help/<name>.toml`` of the kernel or of a plugin, in both languages, and
names the pages that it helps with. The help link of a page leads to the topic of that page::

    title = "收文签收"
    title_en = "Incoming documents"
    pages = ["/inbox"]                # as @page() has them; a page below without one shares it
    [zh]
    what = "…"                        # what the page is for
    first = "…"                       # what to do first
    wrong = "…"                       # what can go wrong
    ask = "…"                         # whom to ask
    [en]
    what = "…"
    …
"""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import cached_property
from pathlib import Path
from typing import Any

from msgspec import Struct

from kernel.deferred import pattern
from kernel.plugins.bus import bus
from kernel.settings import read_toml
from kernel.slots import Slot

OWN = Path(__file__).resolve().parent / "help"
PARTS = ("what", "first", "wrong", "ask")
_NAME = pattern(r"[a-z][a-z0-9_-]{0,40}")
_KEYS = {"title": str, "title_en": str, "pages": list, "door": bool, "zh": dict, "en": dict}


class Topic(Struct, frozen=True):
    """One topic.

    :ivar name: in its address: ``inbox``; of a plugin ``documents.edit``.
    :ivar plugin: whose it is; empty for the kernel's own.
    :ivar pages: the full paths that it helps with, as in the register of pages.
    :ivar door: whether it may be read before sign-in.
    """

    name: str
    plugin: str
    title: Mapping[str, str]
    pages: tuple[str, ...]
    texts: Mapping[str, Mapping[str, str]]
    door: bool = False


def read_topic(file: Path, plugin: str = "") -> Topic:
    """Read one file; ValueError says what is missing or wrong in it."""
    data = read_toml(file)
    wrong = [key for key, value in data.items() if type(value) is not _KEYS.get(key)]
    wrong += [key for key in ("title", "title_en", "zh", "en") if not data.get(key)]
    wrong += [file.name] if not _NAME.fullmatch(file.stem) else []
    wrong += [f"pages: {path!r}" for path in data.get("pages", ()) if not _is_path(path)]
    wrong += [f"[{language}] {part}" for language, part in _lacking(data)] if not wrong else []
    if wrong:
        raise ValueError(f"help/{file.name}: missing or wrong: {', '.join(wrong)}")
    return Topic(
        f"{plugin}.{file.stem}" if plugin else file.stem,
        plugin,
        {"zh": data["title"], "en": data["title_en"]},
        tuple(f"/{plugin}{path}" if plugin else path for path in data.get("pages", ())),
        {"zh": data["zh"], "en": data["en"]},
        data.get("door", False),
    )


def _is_path(path: Any) -> bool:
    return isinstance(path, str) and path.startswith("/")


def _lacking(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for language in ("zh", "en"):
        said = data[language]
        for part in PARTS:
            if not isinstance(said.get(part), str) or not said[part].strip():
                yield language, part
        yield from ((language, name) for name in said if name not in PARTS)


def _files_in(folder: Path) -> list[Path]:
    try:
        return [folder / name for name in sorted(os.listdir(folder)) if name.endswith(".toml")]
    except OSError:  # most plugins bring none
        return []


def _may_name(text: bytes, path: str) -> bool:
    """Whether a file of this text may have the path among its pages."""
    bare = path.encode()
    return b'"%b"' % bare in text or b"'%b'" % bare in text or b"\\" in text


class Topics:
    """The topics of the kernel and of all plugins, read when a page first asks.

    :param plugins: the folder of each plugin, by its name, in the order of their menus.
    :param levels: what each page takes: full path → level.
    """

    def __init__(self, plugins: Mapping[str, Path], levels: Mapping[str, str]) -> None:
        self._plugins = dict(plugins)
        self._levels = dict(levels)
        self._by_page: dict[str, Topic | None] = {}
        self._read: dict[Path, Topic | None] = {}

    @cached_property
    def all(self) -> Sequence[Topic]:
        """Every topic, the kernel's own first, in the order of the pages.

        A plugin's that cannot be read is left out.
        """
        found = [topic for one in self._files if (topic := self._topic(one)) is not None]
        owners, pages = ["", *self._plugins], ["/", *self._levels]
        place = {path: -index for index, path in enumerate(reversed(pages))}

        def order(topic: Topic) -> tuple[int, int]:
            return owners.index(topic.plugin), min(
                (place.get(p, 1) for p in topic.pages), default=1
            )

        return sorted(found, key=order)

    @cached_property
    def _files(self) -> list[tuple[str, Path, bytes]]:
        """Whose each file is, the file and its text; the kernel's own first."""
        folders = {"": OWN} | {name: folder / "help" for name, folder in self._plugins.items()}
        found = []
        for plugin, folder in folders.items():
            for file in _files_in(folder):
                with bus().isolated(plugin, "help") if plugin else nullcontext():
                    found.append((plugin, file, file.read_bytes()))
        return found

    def _topic(self, one: tuple[str, Path, bytes]) -> Topic | None:
        """What a file says, read once; None, and one fault of its plugin, where it is wrong."""
        plugin, file, _ = one
        if file not in self._read:
            found: Topic | None = None
            with bus().isolated(plugin, "help") if plugin else nullcontext():
                found = read_topic(file, plugin)
            self._read[file] = found  # at once: another thread may be asking for it
        return self._read[file]

    def _of(self, path: str) -> Topic | None:
        """The topic that names this very page. Only a file in which the page stands is parsed, so
        that the first page of all does not wait for sixty."""
        if path not in self._by_page:
            named = (
                self._topic(one)
                for one in self._files
                if _may_name(one[2], path.removeprefix(f"/{one[0]}" if one[0] else ""))
            )
            found = (topic for topic in named if topic is not None and path in topic.pages)
            self._by_page[path] = next(found, None)
        return self._by_page[path]

    def named(self, name: str, among: Collection[str]) -> Topic | None:
        """The topic, if it is the kernel's or that of one of these plugins."""
        found = next((topic for topic in self.all if topic.name == name), None)
        return found if found and (not found.plugin or found.plugin in among) else None

    def of_page(self, path: str, among: Collection[str]) -> Topic | None:
        """The topic of a page, else that of the page above it; the home page is above none.

        :param path: as in the register: ``/documents/out/{uid}``.
        """
        while path:
            found = self._of(path) or self._of(f"{path}/")
            if found is not None:
                return found if not found.plugin or found.plugin in among else None
            path = path.rpartition("/")[0]
        return None

    def level(self, path: str) -> str:
        """What a page takes; empty for one that there is not."""
        return self._levels.get(path, "")


topics: Slot[Topics] = Slot("topics")
