"""Pages that are opened most, beside the same page written bare.

The list is the task centre with 50 of a desk's tasks among all of the node: session, rights,
counts, menu, messages. The raw way is what a plain application would do to show that very page:
the same file, the statements that what is shown comes from, written by hand, and one template in
which whatever is the same for everybody stands as text. What it gives is our page, sign by sign,
or the bench fails. The home pages of a leader and of a clerk stand beside it, by the clock.
"""

from __future__ import annotations

import re
import secrets
import statistics
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

import uvloop
from jinja2 import Environment
from markupsafe import Markup, escape
from msgspec.structs import replace
from peewee import fn, sqlite3
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route

from kernel.acts.models import Task
from kernel.crypto.ids import now
from kernel.identity import sessions
from kernel.identity.models import Credential, Post
from kernel.plugins.switches import switchboard
from kernel.portal import cookies, ctx, words
from kernel.portal.ctx import renderer
from kernel.portal.icons import SPRITE, icon_markup
from kernel.portal.looks import NODE_THEME
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.bench.measure import Clock, Result, side_by_side

ROWS, PAGES = 50, 10
GOAL = 1.5
SERVED = 300.0
"""Milliseconds in which a page is drawn, nineteen times of twenty."""
PATH = "/tasks"
SESSION = """
SELECT p.name, t.title, t.roles, u.name, u.short_name, o.name, o.short_name, l.product, l.mark,
  l.support, l.theme, w.popup
FROM identity_session s JOIN identity_credential c ON c.uid = s.credential AND c.person = s.person
JOIN identity_post t ON t.uid = s.post JOIN identity_person p ON p.id = t.person_id
JOIN identity_unit u ON u.id = t.unit_id JOIN identity_unit o ON o.code = u.organ
LEFT JOIN identity_look l ON l.organ = o.code LEFT JOIN acts_notice_wish w ON w.person = p.uid
WHERE s.token_hash = ? AND s.ended IS NULL AND c.revoked IS NULL AND p.active AND t.active"""
RIGHTS = "SELECT level, given FROM identity_grant WHERE post = ?"
PLUGINS = 'SELECT plugin, "on" FROM plugins_activation WHERE organ = ?'
OPEN = """
organ = ? AND (post = ? OR post = '') AND done IS NULL
AND (post != '' OR ((unit = '' OR unit = ?) AND level IN ({levels})))"""
COUNTS = """
SELECT form, plugin, COUNT(*) FROM acts_task WHERE {open} AND form IN ('draft', 'todo', 'toread')
GROUP BY form, plugin"""
TASKS = """
SELECT uid, kind, subject, title, meta, step, sender, urgency, created, due FROM acts_task
WHERE {open} AND form = 'todo' ORDER BY CASE urgency WHEN '特提' THEN '0' WHEN '特急' THEN '1'
WHEN '加急' THEN '2' WHEN '平急' THEN '3' ELSE '4' END || COALESCE(due, '9'), uid LIMIT 51"""
OWN = "organ = ?1 AND post = ?2 AND done IS NULL"
SHARED = """organ = ?1 AND post = '' AND done IS NULL AND (unit = '' OR unit = ?3)
AND level IN ({levels})"""
QUICK_COUNTS = """
SELECT form, plugin, SUM(n) FROM (
  SELECT form, plugin, COUNT(*) AS n FROM acts_task WHERE {own} AND plugin IN ({plugins})
    AND form IN ('draft', 'todo', 'toread') GROUP BY form, plugin
  UNION ALL SELECT form, plugin, COUNT(*) FROM acts_task WHERE {shared} AND plugin IN ({plugins})
    AND form IN ('draft', 'todo', 'toread') GROUP BY form, plugin)
GROUP BY form, plugin"""
QUICK_TASKS = """
SELECT uid, kind, subject, title, meta, step, sender, urgency, created, due FROM acts_task
WHERE id IN (
  SELECT id FROM acts_task WHERE {own} AND form = 'todo' AND plugin IN ({plugins})
  UNION ALL SELECT id FROM acts_task WHERE {shared} AND form = 'todo' AND plugin IN ({plugins}))
ORDER BY CASE urgency WHEN '特提' THEN '0' WHEN '特急' THEN '1'
WHEN '加急' THEN '2' WHEN '平急' THEN '3' ELSE '4' END || COALESCE(due, '9'), uid LIMIT 51"""
"""The same questions as SQLite answers them quickest: what our own page asks. A plain application
would hardly put them so, but the ratio to a bare page that does, and that remembers what it said
of a time as ours does, is told beside the other one (``quick_ratio``)."""
OTHERS = "SELECT uid, title FROM identity_post WHERE person_id = ? AND active"
BELL = "SELECT COUNT(*), MAX(id), SUM(id) FROM acts_notice WHERE post = ? AND seen IS NULL"
WAITING = """
SELECT (SELECT COUNT(*) FROM exchange_delivery WHERE organ = :organ AND state = 'delivered'),
  (SELECT COUNT(*) FROM announcements_announcement WHERE (organ = :organ OR scope = 'all')
   AND state = 'published' AND starts <= :day AND ends >= :day AND uid NOT IN
   (SELECT announcement FROM announcements_seen WHERE person = :person))"""
ROW = """{% for uid, kind, subject, title, meta, step, sender, urgency, created, due in rows %}
<tr role="row">
<th role="rowheader" scope="row" class="c-title"><a class="task" \
href="{{ ways[kind] }}{{ subject }}">\
{% if urgency == '特急' %}<span class="tag tag--urgent">特急</span>\
{% elif urgency == '加急' %}<span class="tag tag--fast">加急</span>{% endif %}{{ title }}</a>
{% if meta %}<span class="meta">{{ meta }}</span>{% endif %}

</th>
<td role="cell" class="c-text"><span class="c-label" aria-hidden="true">环节</span>{{ step }}</td>
<td role="cell" class="c-person"><span class="c-label" aria-hidden="true">送办人</span>\
{{ sender | padded }}</td>
<td role="cell" class="c-time"><span class="c-label" aria-hidden="true">送达时间</span>\
{{ created | came }}</td>
<td role="cell" class="c-due"><span class="c-label" aria-hidden="true">办理时限</span>\
{% if due %}{{ due | left }}{% else %}<span class="none">—</span>{% endif %}</td>
</tr>
{% endfor %}"""
WAYS = {"documents.document": "/documents/out/", "documents.incoming": "/documents/in/"}


async def fetched(app: Any, path: str, token: str) -> tuple[int, bytes]:
    """Status and body of a GET, straight from an ASGI application."""
    path, _, query = path.partition("?")
    cookie = f"{cookies.name_of(cookies.SESSION)}={token}".encode()
    headers = [(b"host", b"testserver"), (b"cookie", cookie), (b"sec-fetch-site", b"same-origin")]
    scope = {
        "type": "http", "http_version": "1.1", "method": "GET", "path": path,
        "raw_path": path.encode(), "query_string": query.encode(), "root_path": "",
        "scheme": "http", "server": ("testserver", 80), "client": ("127.0.0.1", 1),
        "headers": headers, "state": {},
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
        self.token = signed_in(self.post)
        desk = sessions.find(self.token, office.settings.public_origin)
        assert desk is not None
        self.levels, self.place = sorted(desk.levels), (desk.organ_code, desk.unit.code)
        self.app = office.node.app()
        # The session's clock is moved on once, not in a page that is measured.
        self.html = page_of(self.app, PATH, self.token)
        open_ = OPEN.format(levels=",".join("?" * len(self.levels)))
        said = came(words.time_tag), left(words.due_tag)
        self.bare = self._bare(COUNTS.format(open=open_), TASKS.format(open=open_), *said)
        kept = came(lru_cache(words.time_tag)), left(lru_cache(words.due_tag))
        self.quick = self._bare(self._filled(QUICK_COUNTS), self._filled(QUICK_TASKS), *kept)

    def _filled(self, text: str) -> str:
        places = ",".join(f"?{at + 4}" for at in range(len(self.levels)))
        rooms = sorted(switchboard().effective(self.place[0]) | ctx.ROOMS)
        plugins = ",".join(f"'{one}'" for one in rooms)
        return text.format(own=OWN, shared=SHARED.format(levels=places), plugins=plugins)

    def _bare(
        self,
        counting: str,
        listing: str,
        came: Callable[[str], Markup],
        left: Callable[[str], Markup],
    ) -> Starlette:
        organ, unit = self.place
        given = (organ, self.post.uid, unit, *self.levels)
        base = sqlite3.connect(self.office.settings.database_path, check_same_thread=False)
        base.execute("PRAGMA cache_size = -8000")
        person = {"person": self.post.person.uid, "organ": organ}
        env = Environment(autoescape=True)
        env.filters.update(came=came, left=left, padded=words.pad_name)
        template = env.from_string(mould(self.html, self.post))

        async def page(request: Request) -> HTMLResponse:
            found = sessions._hash(request.cookies[cookies.name_of(cookies.SESSION)])
            who = base.execute(SESSION, (found,)).fetchone()
            assert who
            base.execute(RIGHTS, (self.post.uid,)).fetchall()
            base.execute(PLUGINS, (organ,)).fetchall()
            base.execute(OTHERS, (self.post.person.id,)).fetchall()
            counts = base.execute(counting, given).fetchall()
            rows = base.execute(listing, given).fetchall()[:ROWS]
            unread, last, mix = base.execute(BELL, (self.post.uid,)).fetchone()
            day = {"day": words.local(now()).date().isoformat()}
            waiting = base.execute(WAITING, person | day).fetchone()
            return HTMLResponse(
                template.render(
                    rows=rows, ways=WAYS, n=numbers(counts, waiting), unread=unread,
                    live=f"{last or 0}.{unread}.{mix or 0}.0", token=token, person=who[0],
                    post=who[1], unit=who[4], organ=who[5],
                )
            )  # fmt: skip

        app = Starlette(routes=[Route(PATH, page)])
        assert plain(page_of(app, PATH, self.token)) == plain(self.html), "another page"
        return app

    def measured(self, app: Any) -> Callable[[Clock], None]:
        """So many pages, one after the other."""

        async def pages(clock: Clock) -> None:
            with clock.running():
                for _ in range(self.pages):
                    await fetched(app, PATH, self.token)

        return lambda clock: uvloop.run(pages(clock))


def sign(name: str, small: bool) -> Markup:
    """An icon."""
    return icon_markup(name, renderer().assets.url(NODE_THEME, SPRITE), small=small)


def came(tag: Callable[..., Markup]) -> Callable[[str], Markup]:
    """When a task came, from what SQLite holds."""
    return lambda text: tag(datetime.fromisoformat(text), words.local(now()).date())


def left(tag: Callable[..., Markup]) -> Callable[[str], Markup]:
    """How long it may take."""

    def filtered(text: str) -> Markup:
        limit = datetime.fromisoformat(text)
        return tag(limit, words.due(limit, now()), sign)

    return filtered


def token() -> str:
    """What stands in a form that posts."""
    return secrets.token_urlsafe(12)


def numbers(counts: list[tuple[str, str, int]], waiting: tuple[int, int]) -> dict[str, int]:
    """Every number that the page shows, by where it leads."""
    form: dict[str, int] = {}
    documents: dict[str, int] = {}
    for name, plugin, count in counts:
        form[name] = form.get(name, 0) + count
        if plugin == "documents":
            documents[name] = count
    todo = form.get("todo", 0)
    return {
        "/tasks": todo, "/tasks?tab=todo": todo, "/tasks?tab=toread": form.get("toread", 0),
        "/tasks?tab=drafts": form.get("draft", 0), "/documents/out": documents.get("todo", 0),
        "/documents/in": documents.get("toread", 0), "/exchange/inbox": waiting[0],
        "/announcements/": waiting[1],
    }  # fmt: skip


_TOKEN = re.compile(r'(name="once" value=")[^"]*')
_NUMBERED = (
    re.compile(r'(<a class="navlink" href="([^"]+)"(?:(?!</a>).)*?<span class="count">)\d+'),
    re.compile(r'(<a class="tab" href="([^"]+)"[^>]*>[^<]*<span class="tab__n">)\d+'),
    re.compile(r'(<a href="([^"]+)"(?: aria-current="page")?><svg(?:(?!</a>).)*?"badge">)\d+'),
)


def mould(html: str, post: Post) -> str:
    """Our page as a template: its text, with places for what is another thing for others."""
    head, _, rest = html.partition('<tbody role="rowgroup">')
    _, _, tail = rest.partition("</tbody>")
    assert "{{" not in html and "{%" not in html
    pieces = []
    for text in (head, tail):
        text = _TOKEN.sub(r"\1{{ token() }}", text)
        for numbered in _NUMBERED:
            text = numbered.sub(r'\1{{ n["\2"] }}', text)
        text = re.sub(r'data-live="[^"]*"', 'data-live="{{ live }}"', text)
        text = re.sub(r"消息，\d+ 条", "消息，{{ unread }} 条", text)
        text = re.sub(r"共 \d+ 件", '共 {{ n["/tasks"] }} 件', text)
        for name in ("organ", "unit", "post", "person"):
            text = text.replace(f">{said(post, name)}<", f">{{{{ {name} }}}}<")
        text = text.replace(
            f"{said(post, 'unit')} · {said(post, 'post')}", "{{ unit }} · {{ post }}"
        )
        pieces.append(text)
    return f'{pieces[0]}<tbody role="rowgroup">{ROW}</tbody>{pieces[1]}'


def said(post: Post, name: str) -> str:
    """A name as it stands in the page."""
    names = {
        "organ": post.unit.name, "unit": post.unit.short_name, "post": post.title,
        "person": post.person.name,
    }  # fmt: skip
    return str(escape(names[name]))


def plain(html: str) -> str:
    """A page without tokens, and without the white space between tags, which nobody sees."""
    return re.sub(r"\s+", " ", re.sub(r">\s+<", "><", _TOKEN.sub(r"\1", html)))


def signed_in(post: Post) -> str:
    """The token of a new session at that desk."""
    with transaction():
        key = Credential.get(Credential.person == post.person.uid)
        return sessions.start(post, key.uid)


def page_of(app: Any, path: str, token: str) -> str:
    """A page that is there."""
    status, body = uvloop.run(fetched(app, path, token))
    assert status == 200, status
    return body.decode()


def busy_post(role: str = "") -> Post:
    """Of the people with a key (and that role) the one on whose desk most lies by name."""
    with connection():
        waiting: Any = (
            Task.select(Task.post).where(Task.done.is_null() & (Task.form == "todo"))
            .group_by(Task.post).order_by(fn.COUNT(Task.id).desc()).tuples()
        )  # fmt: skip
        keys = Credential.select(Credential.person)
        for (uid,) in waiting:
            post = Post.get_or_none(Post.uid == uid)
            fits = post is not None and (not role or role in post.roles)
            if fits and keys.where(Credential.person == post.person.uid).exists():
                return post
        others = [post for post in Post.select() if role and role in post.roles]
        for post in others:  # a small node gives leaders nothing to do
            if keys.where(Credential.person == post.person.uid).exists():
                return post
    raise LookupError("nobody with a key has anything to do")


def first_page(office: Office, view: str, rounds: int) -> Result:
    """The home page, as it is drawn for who has most to do: by the clock, against a limit."""
    token, times = signed_in(busy_post("leader" if view == "leader" else "")), []
    app, path = office.node.app(), f"/?view={view}"
    html = page_of(app, path, token)
    clocks = [Clock() for _ in range(max(rounds, 3) * 5)]

    async def pages() -> None:
        for clock in clocks:
            with clock.running():
                await fetched(app, path, token)

    uvloop.run(pages())
    times = [clock.wall * 1000 for clock in clocks]
    value = statistics.quantiles(times, n=20, method="inclusive")[-1]
    more = {
        "cpu_ms": statistics.median(clock.cpu for clock in clocks) * 1000,
        "bytes": len(html.encode()), "cards": html.count('class="card matter"'),
        "pages": len(clocks),
    }  # fmt: skip
    return Result(
        f"home page of a {view}, p95", value, "ms", SERVED, value / SERVED,
        f"<= {SERVED:.0f} ms", value <= SERVED, more,
    )  # fmt: skip


def home(office: Office, rounds: int, size: float = 1) -> list[Result]:
    """The list, judged by CPU; and the home pages."""
    with long_lists(), connection():
        total = Task.select().count()
        bench = Home(office, max(2, int(PAGES * size)))
        ours = bench.measured(bench.app)
        pair = side_by_side(rounds, ours, bench.measured(bench.bare), bench.pages)
        quick = side_by_side(rounds, ours, bench.measured(bench.quick), bench.pages)
    ratio = pair.ratio("cpu")
    more = {
        "wall_ms": pair.median("ours", "wall"), "wall_baseline_ms": pair.median("raw", "wall"),
        "quick_baseline_ms": quick.median("raw", "cpu"), "quick_ratio": quick.ratio("cpu"),
        "bytes": len(bench.html.encode()), "rows": bench.html.count('<tr role="row">') - 1,
        "rounds": rounds,
    }  # fmt: skip
    return [
        Result(
            f"{ROWS} of {total} tasks, with session, rights and frame: CPU",
            pair.median("ours", "cpu"), "ms", pair.median("raw", "cpu"), ratio,
            f"<= {GOAL} x the same page written bare", ratio <= GOAL, more,
        ),
        *(first_page(office, view, rounds) for view in ("leader", "clerk")),
    ]  # fmt: skip
