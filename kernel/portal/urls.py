"""Addresses by name: ``url('documents:out', uid=…)`` from a table built once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import quote, urlencode

from kernel.deferred import pattern
from kernel.slots import Slot

_WANTED = pattern(r"{([A-Za-z_]\w*)(?::\w+)?}")
"""A parameter of a path, as Starlette writes it."""


def _named(path: str) -> list[str]:
    return [found[1] for found in _WANTED.finditer(path)]


def _plain(text: str) -> bool:
    """Whether it stands in an address as it is; nearly all that does is a word or a uid."""
    return text.isascii() and text.replace("-", "").isalnum()


def _quoted(text: str) -> str:
    return text if _plain(text) else quote(text, safe="")


def query_of(params: Mapping[str, str]) -> str:
    """The part of an address after ``?``."""
    if all(map(_plain, params.values())) and all(map(_plain, params)):
        return "&".join([f"{name}={value}" for name, value in params.items()])
    return urlencode(params)


_NO_WAY = "", "", ""


class Urls:
    """The named routes of the node. Parameters that the path does not take become the query."""

    def __init__(self, routes: Iterable[tuple[str, str]]) -> None:
        self._paths: dict[str, tuple[str, frozenset[str]]] = {}
        self._single: dict[str, tuple[str, str, str]] = {}
        for name, path in routes:
            if name in self._paths:
                raise ValueError(f"two routes are called {name!r}")
            self._paths[name] = (_WANTED.sub(r"{\1}", path), frozenset(_named(path)))
            if len(_named(path)) == 1:  # most of them: written without format()
                head, key, tail = _WANTED.split(path)
                self._single[name] = key, head, tail

    def __call__(self, name: str, /, **params: object) -> str:
        """The address of a route; KeyError for a name or parameter that is not there (a defect)."""
        single = self._single.get(name)
        if single is not None and len(params) == 1 and single[0] in params:
            return f"{single[1]}{_quoted(str(params[single[0]]))}{single[2]}"
        path, wanted = self._paths[name]
        if not params and not wanted:
            return path
        if wanted:
            path = path.format(**{key: _quoted(str(params[key])) for key in wanted})
        rest = {
            key: str(value) for key, value in params.items() if key not in wanted and value != ""
        }
        return f"{path}?{query_of(rest)}" if rest else path

    def of(self, name: str, uid: str) -> str:
        """The address of a route that takes a uid and nothing else, in the shortest way, because
        lists ask for one in each row; empty for all other routes."""
        key, head, tail = self._single.get(name, _NO_WAY)
        return f"{head}{_quoted(uid)}{tail}" if key == "uid" else ""

    def pattern(self, name: str) -> str:
        """The path of a route as it was declared (``/documents/out/{uid}``); empty for none."""
        return self._paths[name][0] if name in self._paths else ""

    def names(self) -> list[str]:
        """All names, for tests and the register of routes."""
        return sorted(self._paths)


urls: Slot[Urls] = Slot("urls")


def url(name: str, /, **params: object) -> str:
    """The address of a named route of the open node."""
    return urls()(name, **params)


def path_of(scope: Mapping[str, Any]) -> str:
    """The path of a request, as it stands in an address; without the host, which need not be
    put together and taken to pieces for it."""
    return str(scope["path"]).replace("?", "%3F").replace("#", "%23").replace("\\", "%5C")


def place_of(scope: Mapping[str, Any]) -> str:
    """Path and query of a request: where its answer is found again."""
    query = scope["query_string"].decode("utf-8", "replace")
    return f"{path_of(scope)}?{query}" if query else path_of(scope)


def safe_path(path: str, otherwise: str = "/") -> str:
    """The path, if it leads to a page of this portal and nowhere else.

    Browsers read ``//x``, ``/\\x`` and ``/<tab>/x`` as the address of another host.
    """
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() else otherwise
