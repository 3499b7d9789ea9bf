"""Addresses by name: ``url('documents:out', uid=…)`` from a table built once."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import quote, urlencode

from starlette.routing import compile_path

from kernel.slots import Slot


class Urls:
    """The named routes of the node. Parameters that the path does not take become the query."""

    def __init__(self, routes: Iterable[tuple[str, str]]) -> None:
        self._paths: dict[str, tuple[str, frozenset[str]]] = {}
        for name, path in routes:
            _, plain, convertors = compile_path(path)
            if name in self._paths:
                raise ValueError(f"two routes are called {name!r}")
            self._paths[name] = (plain, frozenset(convertors))

    def __call__(self, name: str, /, **params: object) -> str:
        """The address of a route; KeyError for a name or parameter that is not there (a defect)."""
        path, wanted = self._paths[name]
        filled = path.format(**{key: quote(str(params[key]), safe="") for key in wanted})
        rest = {
            key: str(value) for key, value in params.items() if key not in wanted and value != ""
        }
        return f"{filled}?{urlencode(rest)}" if rest else filled

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


def safe_path(path: str, otherwise: str = "/") -> str:
    """The path, if it leads to a page of this portal and nowhere else.

    Browsers read ``//x``, ``/\\x`` and ``/<tab>/x`` as the address of another host.
    """
    plain = path.startswith("/") and not path.startswith("//") and "\\" not in path
    return path if plain and path.isprintable() else otherwise
