"""The forms of the portal as its pages show them, and requests made of them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from starlette.routing import compile_path

from kernel.portal.app import register
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office
from tests.fuzz import mutating
from tests.fuzz.mutating import Luck
from tests.fuzz.text_parsers import ODD_FIELDS, posted_of
from tests.web.crawl import links

Fields = list[tuple[str, Any]]


@dataclass(frozen=True)
class Shown:
    """A form on a page: where it is sent, with what in it, and which of it a person types."""

    action: str
    fields: tuple[tuple[str, str], ...]
    typed: tuple[str, ...] = ()


class _Forms(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.found: list[Shown] = []
        self._address = address
        self._action: str | None = None
        self._fields: Fields = []
        self._typed: list[str] = []
        self._select = ""

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        name, value = given.get("name") or "", given.get("value") or ""
        if tag == "form" and given.get("method") == "post":
            self._action = given.get("action") or self._address
        elif self._action is None or not name and tag != "option":
            return
        elif tag in ("input", "button") and given.get("type") != "file":
            self._fields.append((name, value or ("" if given.get("type") == "hidden" else "on")))
            if tag == "input" and given.get("type", "text") in ("text", "date", "number"):
                self._typed.append(name)
        elif tag == "textarea":
            self._typed.append(name)
            self._fields.append((name, "关于做好值班工作的通知"))
        elif tag == "select":
            self._select = name
        elif tag == "option" and self._select and value:
            self._fields.append((self._select, value))
            self._select = ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form" and self._action is not None:
            self.found.append(Shown(self._action, tuple(self._fields), tuple(self._typed)))
            self._action, self._fields, self._typed = None, [], []


def forms_on(pages: dict[str, bytes]) -> list[Shown]:
    """Every form that is posted, on pages by their address."""
    found: list[Shown] = []
    for address, page in pages.items():
        if b'method="post"' in page:
            reader = _Forms(urlsplit(address).path)
            reader.feed(page.decode("utf-8", "replace"))
            found += reader.found
    return list(dict.fromkeys(found))


def post_routes(office: Office) -> dict[str, re.Pattern[str]]:
    """Path → what addresses of it look like, for every route that takes a POST."""
    return {
        path: compile_path(path)[0]
        for path, route in register(office.node.routes)
        if "POST" in (route.methods or set())
    }


def get_routes(office: Office) -> list[str]:
    """The paths of all other pages."""
    return [
        path for path, route in register(office.node.routes) if "GET" in (route.methods or set())
    ]


def route_of(routes: dict[str, re.Pattern[str]], action: str) -> str:
    """The route that an address belongs to; empty for none."""
    plain = urlsplit(action).path
    return next((path for path, pattern in routes.items() if pattern.fullmatch(plain)), "")


BY_SCRIPT: dict[str, Fields] = {
    "/login/challenge": [],
    "/acts/confirm/again": [("nonce", "x")],
    "/acts/batch/again": [("nonce", "x")],
    "/documents/out/{uid}/autosave": [("version", "1"), ("title", "关于做好值班工作的通知")],
    "/documents/out/{uid}/preview": [("version", "1"), ("title", "关于做好值班工作的通知")],
}
"""Routes that only a script of a page posts to, with what it sends."""
RARE: dict[str, Fields] = {
    "/account/delegations/end": [("delegation", "x")],
    "/account/security/end": [("session", "x")],
    "/acts/batch": [("t", "x"), ("t", "y")],
    "/acts/confirm": [("nonce", "x"), ("answer", "{}")],
    "/exchange/inbox/batch": [("t", "x")],
    "/tasks/read": [("t", "x")],
    "/tasks/sign-for": [("t", "x")],
    "/me/phrases/{uid}": [("do", "up")],
    "/me/desk": [("post", "post:x")],
    "/announcements/{uid}/withdraw": [("ask", "y")],
    "/feedback/{uid}": [("answer", "已经改好。")],
    **{
        f"/admin/keys/{{uid}}/{verb}": [("enrolment", "x"), ("label", "蓝"), ("reason", "遗失")]
        for verb in ("open", "issue", "cancel", "revoke")
    },
    "/admin/people/{uid}/rights": [("level", "house.switch"), ("given", "1")],
    "/admin/plugins/{name}": [("on", "1")],
    "/admin/proposals/{uid}": [("answer", "no"), ("reason", "时机未到")],
    "/admin/resume": [("highest", "1"), ("checked", "y"), ("held", "x")],
    "/admin/effects/again": [("t", "exchange.build:x")],
    "/admin/rollout": [("phase", "2")],
    **{
        f"/exchange/outbox/{{uid}}/{deed}": [
            *(("reason", "发错版本"), ("by", "x"), ("units", "620702"), ("role", "main")),
            *(("day", "2026-12-01"), ("channel", "phone"), ("ask", "y")),
        ]
        for deed in ("recall", "urge", "resend", "deadline", "supersede", "void")
    },
    **{
        f"/exchange/inbox/{{uid}}/{deed}": [("reason", "重复来文"), ("version", "1")]
        for deed in ("sign-for", "send-back", "agree-recall", "refuse-recall", "request-resend")
    },
    "/documents/out/{uid}/attachments": [
        *(("version", "1"), ("kind", "table"), ("title", "表"), ("text", "a,b\n1,2")),
    ],
    "/documents/out/{uid}/attachments/remove": [
        *[("version", "1"), ("number", "0"), ("title", "x"), ("do", "up")],
    ],
    "/documents/out/{uid}/actions/{verb}": [("version", "1"), ("opinion", "同意。")],
    "/documents/out/{uid}/edit": [("version", "1"), ("title", "关于做好值班工作的通知")],
    "/documents/out/{uid}/word": [
        *(("version", "1"), ("do", "accept"), ("attachments", "[]"), ("title", "通知")),
        *(("body", "正文。"), ("keep", "0")),
    ],
    "/documents/in/{uid}/read": [("version", "1")],
}
"""Routes whose form may be on no page of this office, with what it sends."""


def harvest(office: Office, names: Sequence[str]) -> dict[str, list[Shown]]:
    """Person → the forms that he meets when he follows every link, each address with real uids."""
    found: dict[str, list[Shown]] = {}
    for name in names:
        browser = office.browser()
        if name:
            browser.login(name)
        found[name] = forms_on(_walk(office, browser))
    return found


def _walk(office: Office, browser: Browser, most: int = 2) -> dict[str, bytes]:
    """Pages that links lead to, no more than two of each route, and no files."""
    routes = {path: compile_path(path)[0] for path in get_routes(office) if "/files/" not in path}
    waiting, seen, pages = ["/", "/login", "/enrol"], Counter[str](), dict[str, bytes]()
    while waiting:
        address = waiting.pop(0)
        path = route_of(routes, address)
        if not path or address in pages or seen[path] >= most or _FILE.search(address):
            continue
        seen[path] += 1
        got = browser.get(address)
        if "text/html" in got.headers.get("content-type", ""):
            pages[address] = got.content
            waiting += links(got.text, address)
    return pages


_FILE = re.compile(r"export=|/pages/|\.[a-z]{3,5}$|preview")


def uids() -> list[str]:
    """Uids of all that there is."""
    from kernel.exchange.models import Delivery, Package
    from plugins.documents.models import Document, Incoming

    with connection():
        return [row.uid for cls in (Document, Incoming, Delivery, Package) for row in cls.select()]


TYPES = [
    "application/x-www-form-urlencoded",
    "application/x-www-form-urlencoded; charset=utf-16",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=x; charset=undefined",
    "multipart/form-data; boundary=x; charset=idna",
    "multipart/form-data; boundary=x; charset=utf-7",
    "multipart/form-data; boundary=x; charset=unicode_escape",
    "multipart/form-data; boundary=" + "x" * 300,
    "application/json", "text/plain", "", "\xff", "multipart/mixed; boundary=x",
]  # fmt: skip
COOKIES = [
    "",
    "x",
    "a=b; juyan_session=",
    "juyan_session=%00",
    "juyan_flash=W1tb",
    "lang=xx; size=\xff",
]
ODD_HEADERS = [
    ("content-length", "\xb2"), ("content-length", "9" * 5000), ("sec-fetch-site", "cross-site"),
    ("origin", "http://["), ("referer", "http://["), ("accept-language", "\xff"),
    ("hx-request", "1"),
    ("cookie", "juyan_flash=" + "W1tb" * 900), ("host", "[::1"), ("range", "bytes=0-"),
    ("content-encoding", "gzip"), ("sec-fetch-mode", "cors"), ("transfer-encoding", "x"),
]  # fmt: skip


@dataclass(frozen=True)
class Sent:
    """One request."""

    method: str
    path: str
    content: bytes
    headers: dict[str, bytes]

    def by(self, browser: Browser) -> Any:
        """Send it; what the application raises comes out."""
        return browser.request(
            self.method, self.path, content=self.content, headers=self.headers,
            follow_redirects=False,
        )  # fmt: skip


def _address(luck: Luck, path: str, known: Sequence[str]) -> str:
    def filled(_: re.Match[str]) -> str:
        odd = (*ODD_FIELDS, "0" * 36, *map(str, mutating.NUMBERS), "nothing")
        value = luck.choice(known) if luck.randrange(2) else luck.choice(odd)
        return quote(value.encode("utf-8", "surrogatepass"), safe="") or "x"

    return re.sub(r"\{[^}]*\}", filled, path)


def _query(luck: Luck) -> str:
    names = ("q", "sort", "after", "tab", "export", "before", "state", "nonce", "post", "next", "n")
    some = [(luck.choice(names), luck.choice(ODD_FIELDS)) for _ in range(luck.randrange(1, 4))]
    if luck.randrange(2):
        from tests.fuzz.text_parsers import _cursor, _cursors

        some.append(("after", _cursor(luck, _cursors())[1]))
        some.append(("sort", luck.choice(("time", "title", "number", "due", "sent"))))
    return "?" + urlencode([(n, v.encode("utf-8", "surrogatepass")) for n, v in some])


def _urlencoded(fields: Fields) -> bytes:
    pairs = [(n, v if isinstance(v, str) else "x") for n, v in fields]
    return urlencode([(n, v.encode("utf-8", "surrogatepass")) for n, v in _plain(pairs)]).encode()


def _plain(pairs: Fields) -> list[tuple[bytes, str]]:
    return [(name.encode("utf-8", "surrogatepass"), value) for name, value in pairs]


def _multipart(luck: Luck, fields: Fields) -> bytes:
    parts = []
    for name, value in fields:
        text = value if isinstance(value, str) else "x"
        kind = '; filename="' + luck.choice(ODD_FIELDS[:8]) + '"' if luck.randrange(4) == 0 else ""
        head = f'--x\r\nContent-Disposition: form-data; name="{name}"{kind}\r\n\r\n{text}\r\n'
        parts.append(head.encode("utf-8", "surrogatepass"))
    body = b"".join(parts) + luck.choice((b"--x--\r\n", b"--x--", b"", b"--x"))
    return mutating.bytes_of(luck, body) if luck.randrange(2) else body


def post_of(luck: Luck, path: str, shown: Sequence[Shown], known: Sequence[str]) -> Sent:
    """A request to a route that takes a POST: a form of it changed, or something free."""
    chosen = (
        luck.choice(shown)
        if shown
        else Shown("", tuple({**RARE, **BY_SCRIPT}.get(path, [("x", "1")])))
    )
    _, fields = posted_of(luck, [list(chosen.fields)])
    if luck.randrange(6) == 0:
        fields = list(chosen.fields)
    at = (
        urlsplit(chosen.action).path
        if chosen.action and luck.randrange(8)
        else _address(luck, path, known)
    )
    headers = {"content-type": b"application/x-www-form-urlencoded"}
    content = _urlencoded(fields)
    what = luck.randrange(10)
    if what < 2:
        headers["content-type"] = b"multipart/form-data; boundary=x"
        content = _multipart(luck, fields)
    elif what == 2:
        headers["content-type"] = luck.choice(TYPES).encode("latin-1")
        content = _multipart(luck, fields) if luck.randrange(2) else content
    elif what == 3:
        content = mutating.bytes_of(luck, content)
    elif what == 4:
        content = mutating.noise(luck)
    if luck.randrange(6) == 0:
        name, value = luck.choice(ODD_HEADERS)
        headers[name] = value.encode("latin-1")
    return Sent("POST", at, content, headers)


def get_of(luck: Luck, path: str, known: Sequence[str]) -> Sent:
    """A request for a page with an odd address."""
    headers: dict[str, bytes] = {}
    if luck.randrange(6) == 0:
        name, value = luck.choice(ODD_HEADERS)
        headers[name] = value.encode("latin-1")
    query = _query(luck) if luck.randrange(4) else ""
    return Sent("GET", _address(luck, path, known) + query, b"", headers)
