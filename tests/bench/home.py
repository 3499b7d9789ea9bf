"""A page with 50 of a desk's tasks among all of the node: ours, and the same rows written bare.

Ours is the list of the task centre, with session, rights, counts, menu and messages. The raw way
is a Starlette app on the same file: three statements that fetch session and rights, counts, and
the rows; a template that unpacks tuples; and as many bytes out, the rest of which is fixed text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from jinja2 import DictLoader, Environment
from peewee import fn, sqlite3
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from kernel.acts.models import Task
from kernel.identity import sessions
from kernel.identity.models import Credential, Post
from kernel.portal import cookies, ctx
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.bench.measure import Clock, Result, side_by_side

ROWS, PAGES = 50, 10
GOAL = 1.5
PATH = "/tasks"
SESSION = """
SELECT s.uid, s.person, s.post, s.created, s.seen, p.name, t.title, t.roles, u.code, u.short_name
FROM identity_session s JOIN identity_credential c ON c.uid = s.credential
JOIN identity_post t ON t.uid = s.post JOIN identity_person p ON p.id = t.person_id
JOIN identity_unit u ON u.id = t.unit_id
WHERE s.token_hash = ? AND s.ended IS NULL AND c.revoked IS NULL"""
OPEN = """
organ = ? AND (post = ? OR post = '') AND done IS NULL
AND (post != '' OR ((unit = '' OR unit = ?) AND level IN ({levels})))"""
COUNTS = "SELECT form, COUNT(*) FROM acts_task WHERE {open} GROUP BY form"
TASKS = """
SELECT uid, kind, subject, title, meta, step, sender, urgency, created, due FROM acts_task
WHERE {open} AND form = 'todo' ORDER BY id DESC LIMIT 51"""
PAGE = """{{ head }}{% for uid, kind, subject, title, meta, step, sender, urgency, created, due
in rows %}<tr><td><input type="checkbox" name="t" value="{{ uid }}"></td><td>
<a href="/{{ kind }}/{{ subject }}">{{ title }}</a><small>{{ meta }}</small></td><td>{{ urgency }}
</td><td>{{ step }}</td><td>{{ sender }}</td><td><time>{{ created }}</time></td><td>{{ due }}</td>
{{ filling }}</tr>{% endfor %}{% for form, count in counts %}{{ form }} {{ count }}{% endfor %}"""


async def fetched(app: Any, path: str, token: str) -> tuple[int, bytes]:
    """Status and body of a GET, straight from an ASGI application."""
    cookie = f"{cookies.name_of(cookies.SESSION)}={token}".encode()
    headers = [(b"host", b"testserver"), (b"cookie", cookie), (b"sec-fetch-site", b"same-origin")]
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "scheme": "http",
        "server": ("testserver", 80), "client": ("127.0.0.1", 1), "headers": headers, "state": {},
    }  # fmt: skip
    out: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        out.append(message)

    await app(scope, receive, send)
    return out[0]["status"], b"".join(part.get("body", b"") for part in out[1:])


@contextmanager
def long_lists() -> Iterator[None]:
    """Lists of so many rows meanwhile."""
    build: Any = ctx.build
    patched: Any = ctx
    patched.build = lambda spec, *a, **k: build(replace(spec, page_size=ROWS), *a, **k)
    try:
        yield
    finally:
        patched.build = build


class Home:
    """One desk with many tasks, and both ways to show the first of them."""

    def __init__(self, office: Office, pages: int) -> None:
        self.office, self.pages = office, pages
        self.post = busy_post()
        with transaction():
            key = Credential.get(Credential.person == self.post.person.uid)
            self.token = sessions.start(self.post, key.uid)
            desk = sessions.find(self.token, office.settings.public_origin)
            assert desk is not None
        self.levels, self.place = sorted(desk.levels), (desk.organ_code, desk.unit.code)
        self.app = office.node.app()
        # The session's clock is moved on once, not in a page that is measured.
        self.html = self._page(self.app)
        self.bare = self._bare()

    def _page(self, app: Any) -> str:
        status, body = asyncio.run(fetched(app, PATH, self.token))
        assert status == 200, status
        return body.decode()

    def _bare(self) -> Starlette:
        organ, unit = self.place
        open_ = OPEN.format(levels=",".join("?" * len(self.levels)))
        given = (organ, self.post.uid, unit, *self.levels)
        base = sqlite3.connect(self.office.settings.database_path, check_same_thread=False)
        base.execute("PRAGMA cache_size = -8000")
        env = Environment(loader=DictLoader({"page": PAGE}), autoescape=True)
        template, fixed = env.get_template("page"), {"head": "", "filling": ""}

        async def page(request: Request) -> HTMLResponse:
            found = sessions._hash(request.cookies[cookies.name_of(cookies.SESSION)])
            assert base.execute(SESSION, (found,)).fetchone()
            counts = base.execute(COUNTS.format(open=open_), given).fetchall()
            rows = base.execute(TASKS.format(open=open_), given).fetchall()[:ROWS]
            return HTMLResponse(template.render(rows=rows, counts=counts, **fixed))

        app = Starlette(routes=[Route(PATH, page)])
        lacking = len(self.html) - len(self._page(app))
        shown = max(1, self._page(app).count("<tr>"))
        # As many bytes as ours: half of them in the rows, the rest around them.
        fixed["filling"] = "x" * max(0, lacking // 2 // shown)
        fixed["head"] = "x" * max(0, len(self.html) - len(self._page(app)))
        return app

    def measured(self, app: Any) -> Callable[[Clock], None]:
        """So many pages, one after the other."""

        async def pages(clock: Clock) -> None:
            with clock.running():
                for _ in range(self.pages):
                    await fetched(app, PATH, self.token)

        return lambda clock: asyncio.run(pages(clock))


def busy_post() -> Post:
    """Of the people with a key the one on whose desk most lies by name."""
    with connection():
        waiting: Any = (
            Task.select(Task.post).where(Task.done.is_null() & (Task.form == "todo"))
            .group_by(Task.post).order_by(fn.COUNT(Task.id).desc()).tuples()
        )  # fmt: skip
        keys = Credential.select(Credential.person)
        for (uid,) in waiting:
            post = Post.get_or_none(Post.uid == uid)
            if post is not None and keys.where(Credential.person == post.person.uid).exists():
                return post
    raise LookupError("nobody with a key has anything to do")


def home(office: Office, rounds: int, size: float = 1) -> list[Result]:
    """One line, judged by CPU."""
    with long_lists(), connection():
        total = Task.select().count()
        bench = Home(office, max(2, int(PAGES * size)))
        pair = side_by_side(
            rounds, bench.measured(bench.app), bench.measured(bench.bare), bench.pages
        )
    ratio = pair.ratio("cpu")
    more = {
        "wall_ms": pair.median("ours", "wall"), "wall_baseline_ms": pair.median("raw", "wall"),
        "bytes": len(bench.html.encode()), "rounds": rounds,
    }  # fmt: skip
    return [
        Result(
            f"{ROWS} of {total} tasks, with session, rights and frame: CPU",
            pair.median("ours", "cpu"), "ms", pair.median("raw", "cpu"), ratio,
            f"<= {GOAL} x the bare page", ratio <= GOAL, more,
        )
    ]  # fmt: skip
