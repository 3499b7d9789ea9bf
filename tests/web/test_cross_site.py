"""Requests that other sites make a browser send (threat 21)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import pytest

from kernel.exchange.models import Delivery, Package
from kernel.identity.models import Person
from kernel.portal import origin
from kernel.portal.origin import deliberate, same_origin
from kernel.settings import Settings
from kernel.storage.database import connection
from kernel.testing_office import ORIGIN, Browser, Office
from plugins.documents.models import Document
from tests.web.crawl import crawl, fingerprint

pytestmark = pytest.mark.early
NAME = "林晓梅"
SITES = {"same-origin": True, "none": True, "same-site": False, "cross-site": False, "x": False}
ORIGINS = {
    ORIGIN: True,
    "http://testserver:8080": False,
    "https://evil.example": False,
    "http://testserver.evil.example": False,
    "null": False,
    "http://[": False,
    "": False,
}
MATRIX: list[tuple[dict[str, str], bool]] = [
    *(({"sec-fetch-site": site}, ok) for site, ok in SITES.items()),
    *(({"origin": one}, ok) for one, ok in ORIGINS.items()),
    # Where the browser names the site, that decides: a proxy may have changed the host.
    *(
        ({"sec-fetch-site": site, "origin": one}, ok)
        for site, ok in SITES.items()
        for one in ORIGINS
    ),
]


@pytest.fixture
def person(office: Office) -> Browser:
    browser = office.browser()
    browser.login(NAME)
    del browser.headers["sec-fetch-site"]
    return browser


def size() -> str:
    with connection():
        return str(Person.get(Person.name == NAME).text_size)


def test_what_changes_something_is_taken_from_our_own_pages_only(person: Browser):
    wrong = []
    for number, (headers, ok) in enumerate(MATRIX):
        wanted = ("normal", "large")[number % 2]
        before = size()
        got = person.post(
            "/me/display", data={"size": wanted}, headers=headers, follow_redirects=False
        )
        if got.status_code != (303 if ok else 403) or size() != (wanted if ok else before):
            wrong.append((headers, got.status_code))
    assert wrong == []


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_every_unsafe_method_of_another_site_is_refused_at_every_address(
    person: Browser, method: str
):
    for address in ("/me/display", "/logout", "/", "/nothing", "/documents/out/new", "/health"):
        got = person.request(method, address, headers={"sec-fetch-site": "cross-site"})
        assert got.status_code == 403, address
        assert "portal.cross_site" in got.text


def token(html: str) -> str:
    found = re.search(r'name="_token" value="([0-9a-f]{64})"', html)
    assert found
    return found.group(1)


def test_a_browser_that_says_nothing_needs_the_token_of_the_form(person: Browser):
    page = person.get("/me").text
    forms = re.findall(r'<form\b[^>]*method="post"[^>]*>(.{0,40})', page)
    assert forms and all(one.startswith('<input type="hidden" name="_token"') for one in forms)
    refused = person.post("/me/display", data={"size": "large"})
    assert refused.status_code == 403 and "portal.form_token" in refused.text and size() != "large"
    for wrong in ("", "0" * 64, "é"):
        assert (
            person.post("/me/display", data={"size": "large", "_token": wrong}).status_code == 403
        )
    person.post("/me/display", data={"size": "large", "_token": token(page)})
    assert size() == "large"


def test_the_token_of_one_session_is_not_the_one_of_another(office: Office, person: Browser):
    other = office.browser()
    other.login(NAME)
    del other.headers["sec-fetch-site"]
    assert token(other.get("/me").text) != token(person.get("/me").text)


def test_a_browser_that_names_its_site_gets_no_token(person: Browser):
    assert "_token" not in person.get("/me", headers={"sec-fetch-site": "same-origin"}).text


@pytest.fixture
def https() -> Iterator[None]:
    before = origin.settings() if origin.settings.filled else Settings()
    origin.settings.fill(replace(before, origin="https://office.example", hosts="b"))
    yield
    origin.settings.fill(before)


@pytest.mark.parametrize(
    ("host", "named", "ok"),
    [
        ("office.example", "https://office.example", True),
        ("office.example", "http://office.example", False),  # somebody in between without TLS
        ("b", "https://b", True),
        ("b", "https://office.example", True),  # behind a proxy that changes the host
        ("b", "https://c", False),
    ],
)
def test_the_origin_is_compared_with_its_scheme(https: None, host: str, named: str, ok: bool):
    assert same_origin({"host": host, "origin": named}) is ok


@pytest.mark.parametrize(
    ("headers", "ok"),
    [
        ({"sec-fetch-site": "same-origin"}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "cross-site"}, False),
        ({"sec-fetch-site": "same-site"}, False),
        ({"sec-fetch-site": "same-origin", "sec-purpose": "prefetch;prerender"}, False),
        ({"sec-fetch-site": "same-origin", "purpose": "prefetch"}, False),
        ({"sec-fetch-site": "same-origin", "x-moz": "prefetch"}, False),
        ({"host": "office.example", "referer": "https://office.example/x"}, True),
        ({"host": "office.example", "referer": "https://evil.example/x"}, False),
        ({"host": "office.example"}, False),
        ({"host": "office.example", "referer": "https://["}, False),
    ],
)
def test_only_a_person_on_our_pages_leaves_a_trace(https: None, headers: dict[str, str], ok: bool):
    assert deliberate(headers) is ok


PEOPLE = ["孙倩", "刘志强"]
PREFETCH = {"sec-purpose": "prefetch"}
FOREIGN = {"sec-fetch-site": "cross-site"}


def places() -> list[str]:
    """What would be noted if a person opened it: each delivery and document, and their files."""
    with connection():
        boxes = [f"/exchange/inbox/{one.uid}" for one in Delivery.select()]
        files = [f"/files/delivery/{one.uid}" for one in Delivery.select()]
        files += [f"/files/package/{one.uid}" for one in Package.select()]
        sent = [f"/documents/out/{one.uid}/document.pdf" for one in Document.select()]
    taken = [f"{one}/{name}" for one in files for name in ("document.pdf", "package.asice")]
    lists = [f"/documents/out?export={kind}" for kind in ("csv", "xlsx")]
    return [*boxes, *taken, *sent, *lists]


@pytest.mark.parametrize("ahead", [PREFETCH, FOREIGN, {}], ids=["prefetch", "site", "unnamed"])
def test_a_get_of_another_site_or_ahead_of_time_changes_no_row(
    office: Office, ahead: dict[str, str]
):
    for name in ("孙倩", "刘志强"):
        browser = office.browser()
        browser.login(name)
        if not ahead:  # an old browser, and a page that hides where its link stood
            del browser.headers["sec-fetch-site"]
        before = fingerprint()
        answers = {address: browser.get(address, headers=ahead).status_code for address in places()}
        assert fingerprint() == before
        assert set(answers.values()) <= {403, 404} and 403 in answers.values()


def test_a_get_changes_no_row_but_for_the_reading_that_is_noted_once(office: Office):
    """Every page, download and export behind every link: the second time nothing moves at all."""
    for name in PEOPLE:
        browser = office.browser()
        browser.login(name)
        before = fingerprint()
        first = crawl(browser)
        moved = {table for table, digest in fingerprint().items() if digest != before[table]}
        assert moved <= NOTED, name
        before = fingerprint()
        again = crawl(browser)
        assert fingerprint() == before, name
        assert min(len(first), len(again)) > 12


NOTED = {
    "acts_act",
    "acts_notice",
    "announcements_seen",
    "documents_document",
    "exchange_delivery",
    "exchange_evidence",
    "log_leaf",
}
"""What opening a delivery and taking a file out may write: the act, its leaf, the state of both;
and that a notice was opened."""
