"""Every page of the portal under bad requests: no defect, no trace of one, and the log holds."""

from __future__ import annotations

import html
import re
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator

import pytest

from kernel.storage import log_check
from kernel.storage.database import connection
from kernel.testing_databases import Databases
from kernel.testing_office import Browser, Office
from tests.fuzz.harvest import (
    BY_SCRIPT,
    RARE,
    Sent,
    Shown,
    forms_on,
    get_of,
    get_routes,
    harvest,
    post_of,
    post_routes,
    route_of,
    uids,
)
from tests.fuzz.running import bounded, luck_of
from tests.threats.attacks import catch_up
from tests.web.archives import docx

# What a broken multipart form held is closed when it is collected, not before (Starlette).
pytestmark = [
    pytest.mark.early,
    pytest.mark.filterwarnings(
        "ignore:.*SpooledTemporaryFile:pytest.PytestUnraisableExceptionWarning"
    ),
]
PEOPLE = ["林晓梅", "王芳", "李建国", "周海涛", "赵敏华", "孙倩", "刘志强", "杨帆", "高峰", ""]
SEED = 1


class Pages:
    """The routes of an office, the forms that lead to them, and people who may use them."""

    def __init__(self, office: Office, harvested: dict[str, list[Shown]]) -> None:
        self.office = office
        self.routes = post_routes(office)
        self.known = uids()
        self.forms: dict[str, list[tuple[str, Shown]]] = {path: [] for path in self.routes}
        self._browsers: dict[str, Browser] = {}
        for name, shown in harvested.items():
            self.found(name, shown)

    def found(self, name: str, shown: Iterable[Shown]) -> None:
        """Take up forms that somebody meets."""
        for one in shown:
            if path := route_of(self.routes, one.action):
                self.forms[path].append((name, one))

    def browser(self, name: str) -> Browser:
        """Signed in; anew where a request has signed him out."""
        browser = self._browsers.get(name)
        if browser is None:
            self._browsers[name] = browser = self.office.browser()
        browser.cookies.clear()
        if name:
            browser.login(name)
        return browser

    def refused(self, path: str, count: int) -> list[str]:
        """What went wrong in so many requests to a route that takes a POST."""
        wrong = []
        for index in range(count):
            luck = luck_of(path, SEED, index)
            some = self.forms[path]
            name = luck.choice(some)[0] if some else luck.choice(PEOPLE)
            mine = [shown for who, shown in some if who == name]
            sent = post_of(luck, path, mine, self.known)
            wrong += self._send(name, sent, f"{path} {SEED}/{index}")
        return wrong

    def looked(self, path: str, count: int) -> list[str]:
        """What went wrong in so many requests for a page."""
        wrong = []
        for index in range(count):
            luck = luck_of(f"GET {path}", SEED, index)
            sent = get_of(luck, path, self.known)
            wrong += self._send(luck.choice(PEOPLE), sent, f"GET {path} {SEED}/{index}")
        return wrong

    def _send(self, name: str, sent: Sent, where: str) -> list[str]:
        browser = self._signed_in(name)
        try:
            with bounded():
                got = sent.by(browser)
        except Exception:
            return [f"{where} {sent}: {traceback.format_exc(limit=-3)}"]
        if got.status_code >= 500 and got.status_code != 503 or "Traceback" in got.text:
            return [f"{where} {sent}: {got.status_code}"]
        return []

    def _signed_in(self, name: str) -> Browser:
        if name not in self._browsers:
            return self.browser(name)
        browser = self._browsers[name]
        if name and "juyan_session" not in browser.cookies:
            return self.browser(name)
        return browser


@pytest.fixture(scope="session")
def _harvested() -> dict[str, dict[str, list[Shown]]]:
    """By kind of database, what everybody meets: all copies of an office have the same uids."""
    return {}


@pytest.fixture
def pages(
    office: Office, databases: Databases, _harvested: dict[str, dict[str, list[Shown]]]
) -> Pages:
    if databases.kind not in _harvested:
        _harvested[databases.kind] = harvest(office, PEOPLE)
    return Pages(office, _harvested[databases.kind])


def assert_the_log_holds() -> None:
    catch_up()
    with connection():
        assert log_check.verify().problems == []


def report(wrong: list[str]) -> str:
    """The first of each kind."""
    kinds = Counter(one.splitlines()[-1] for one in wrong)
    first = {one.splitlines()[-1]: one for one in reversed(wrong)}
    return "\n\n".join(f"{count} × {first[kind]}" for kind, count in kinds.most_common())


def test_every_route_that_takes_a_form_has_one_here(pages: Pages):
    """Found on a page that somebody reaches, or written down as what a script sends."""
    bare = {path for path, shown in pages.forms.items() if not shown}
    assert bare <= {*BY_SCRIPT, *RARE}, bare - {*BY_SCRIPT, *RARE}


def run_all(pages: Pages, count: int) -> None:
    wrong: list[str] = []
    for path in sorted(pages.routes):
        wrong += pages.refused(path, count)
    for path in sorted(get_routes(pages.office)):
        wrong += pages.looked(path, max(count // 4, 4))
    assert not wrong, report(wrong)
    assert_the_log_holds()


BELL = "\a"
"""A sign that no text may have."""


def _to_type(pages: Pages) -> Iterator[tuple[str, str, Shown]]:
    """Of every route the forms in which something is typed, each kind once."""
    seen = set()
    for path, some in sorted(pages.forms.items()):
        for name, one in some:
            kind = (path, tuple(sorted({field for field, _ in one.fields})))
            if one.typed and kind not in seen:
                seen.add(kind)
                yield path, name, one


def _begin_more(pages: Pages) -> None:
    """A draft, a Word file read in, and a proposal: pages that no link leads to yet."""
    drafter = pages.browser("林晓梅")
    draft = drafter.post("/documents/out/new", data={"type": "通知"}, follow_redirects=False)
    at = draft.headers["location"].removesuffix("/edit")
    files = {"file": ("稿.docx", docx("关于做好值班工作的通知", "正文。"))}
    shown = {f"{at}/word": drafter.post(f"{at}/word", files=files).content}
    shown |= {
        f"{at}/{name}": drafter.get(f"{at}/{name}").content for name in ("edit", "attachments")
    }
    pages.found("林晓梅", forms_on(shown))
    first, second = pages.browser("杨帆"), pages.browser("何静")
    nonce = re.search(
        r'name="nonce" value="([^"]+)"', first.post("/admin/rollout", data={"phase": "2"}).text
    )
    assert nonce
    first.post("/acts/confirm", data={"nonce": nonce[1]})
    pages.found("何静", forms_on({"/admin/proposals": second.get("/admin/proposals").content}))


def test_a_refused_form_shows_what_was_typed(pages: Pages):
    _begin_more(pages)
    wrong, tried = [], set()
    for path, name, shown in _to_type(pages):
        typed = {field: f"所填之{n}，&<b>" for n, field in enumerate(shown.typed)}
        data = {field: value for field, value in reversed(shown.fields)}
        data |= {field: text + BELL for field, text in typed.items()}
        got = pages.browser(name).post(shown.action, data=data, follow_redirects=False)
        text = html.unescape(got.text)
        lost = [field for field, value in typed.items() if value not in text]
        tried.add(path)
        if not 400 <= got.status_code < 500 or lost:
            wrong.append(f"{path} {name}: {got.status_code}, lost {lost}")
    assert wrong == []
    assert len(tried) >= 17


def test_no_bad_request_meets_a_defect(pages: Pages):
    run_all(pages, 6)


@pytest.mark.full
@pytest.mark.both
def test_ten_thousand_bad_requests_meet_no_defect(pages: Pages):
    run_all(pages, 10_000 // len(pages.routes) + 1)
