"""Walks a portal as a person would click: every link of every page, and files behind them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from html import unescape
from urllib.parse import parse_qsl, urljoin, urlsplit

from kernel.storage.database import connection, db
from kernel.testing_office import Browser

_LINKS = re.compile(r'(?:(?:href|src)="|data-[a-z-]+="(?=[/?]))([^"]+)"')
_LEFT_OUT = re.compile(r"/static/|.*/pages/(?!1\b)")
"""Files that are the same for all, and images of pages after the first: drawing them takes long."""
MOST = 1000
"""Above what any office of these tests has: a crawl that is cut short proves nothing."""
EACH = 8
"""Addresses of a page that differ in the values of their query alone: a calendar has no end."""


def crawl(browser: Browser, *, start: tuple[str, ...] = ("/",), **headers: str) -> dict[str, bytes]:
    """Every page that links lead to: address → content (with its headers); nothing is sent."""
    waiting, seen, kinds = list(start), dict[str, bytes](), Counter[str]()
    while waiting:
        address = waiting.pop(0)
        if address in seen or kinds[_kind(address)] >= EACH:
            continue
        kinds[_kind(address)] += 1
        assert len(seen) < MOST, f"these pages have no end: {kinds.most_common(3)}"
        got = browser.get(address, headers=headers)
        shown = "\n".join(f"{name}: {value}" for name, value in got.headers.items())
        seen[address] = got.content + b"\n" + shown.encode()
        if "text/html" in got.headers.get("content-type", ""):
            waiting += [one for one in links(got.text, address) if one not in seen]
    return seen


def _kind(address: str) -> str:
    """The address without the values of its query."""
    parts = urlsplit(address)
    return f"{parts.path}?{sorted({name for name, _ in parse_qsl(parts.query, True)})}"


def links(html: str, base: str) -> list[str]:
    """The addresses within the portal that a page names, style sheets and the like left out."""
    found = [urljoin(base, unescape(one)) for one in _LINKS.findall(html)]
    inside = [one for one in found if one.startswith("/") and not _LEFT_OUT.match(one)]
    return [urlsplit(one)._replace(fragment="").geturl() for one in dict.fromkeys(inside)]


def fingerprint() -> dict[str, str]:
    """A digest of all rows of each table (when a session was last seen is left out)."""
    with connection():
        return {table: _digest(table) for table in sorted(db.get_tables())}


def _digest(table: str) -> str:
    names = [one.name for one in db.get_columns(table) if (table, one.name) != _SEEN]
    columns = ", ".join(f'"{name}"' for name in names)
    rows = db.execute_sql(f'SELECT {columns} FROM "{table}"').fetchall()  # noqa: S608  # our own names
    lines = sorted(
        repr(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)) for row in rows
    )
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


_SEEN = ("identity_session", "seen")
