"""What every answer carries: the content policy, framing, hosts, downloads, redirects."""

from __future__ import annotations

import base64
import json
import re
from dataclasses import replace

import pytest

from kernel.portal.answers import download
from kernel.portal.cookies import FLASH
from kernel.portal.origin import settings
from kernel.portal.urls import safe_path
from kernel.testing_office import Browser, Office
from tests.web.crawl import crawl

pytestmark = pytest.mark.early
ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@pytest.fixture
def clerk(office: Office) -> Browser:
    browser = office.browser()
    browser.login("孙倩")
    return browser


def policy(value: str) -> dict[str, str]:
    return dict((one.strip() + " ").split(" ", 1) for one in value.split(";"))


def test_every_answer_carries_the_headers(clerk: Browser):
    pages = ["/", "/me", "/nothing", "/health", "/documents/out", "/login", "/static/nothing"]
    for address in pages:
        headers = clerk.get(address).headers
        assert {name: headers.get(name) for name in ALWAYS} == ALWAYS, address
        own = policy(headers["content-security-policy"])
        assert own["default-src"].strip() == "'none'"
        assert own["frame-ancestors"].strip() == "'none'"
        assert own["script-src"].strip() == own["style-src"].strip() == "'self'"
        assert "unsafe" not in headers["content-security-policy"]
        assert "content-security-policy-report-only" not in headers
        assert "camera=()" in headers["permissions-policy"]
        assert "strict-transport-security" not in headers  # nothing may say so over http


def test_over_https_browsers_are_told_to_stay_there(office: Office, clerk: Browser):
    own = settings()
    settings.fill(replace(own, origin="https://testserver"))
    headers = clerk.get("/login").headers
    settings.fill(own)
    assert headers["strict-transport-security"] == "max-age=31536000"


def test_no_page_has_a_script_or_a_style_of_its_own(clerk: Browser):
    """Inline code would need a hole in the policy; the crawl finds every page that a clerk has."""
    found = 0
    for address, content in crawl(clerk).items():
        if b"content-type: text/html" in content:
            found += 1
            for inline in (b"<style", b" style=", b" onclick=", b" onload=", b"javascript:"):
                assert inline not in content, (address, inline)
            for script in content.split(b"<script")[1:]:
                assert b" src=" in script.split(b">")[0], address
    assert found > 8


def test_downloads_are_attachments_in_a_sandbox(clerk: Browser):
    files = [
        content
        for address, content in crawl(clerk).items()
        if address.endswith((".pdf", ".asice")) or "export=" in address
    ]
    assert len(files) >= 4
    for content in files:
        head = content.rsplit(b"\n\n", 1)[-1].lower()
        assert b"content-disposition: attachment" in content.lower(), head
        assert (
            b"content-security-policy: default-src 'none'; frame-ancestors 'none'; sandbox"
            in content
        )


def test_an_image_of_a_page_is_shown_again_only_after_asking(office: Office, clerk: Browser):
    """Who signs in at the same browser next must not find it in what the browser kept."""
    found = 0
    for address in crawl(clerk):
        if not re.search(r"/pages/1(\?|$)", address):
            continue
        found += 1
        first = clerk.get(address)
        assert first.headers["cache-control"] == "private, no-cache", address
        asked = {"if-none-match": first.headers["etag"]}
        again = clerk.get(address, headers=asked)
        assert (again.status_code, again.content) == (304, b"")
        stranger = office.browser()
        assert stranger.get(address, headers=asked, follow_redirects=False).status_code == 303
        stranger.login("陈静")
        assert stranger.get(address, headers=asked).status_code in (403, 404)
    assert found >= 2


@pytest.mark.parametrize(
    "name", ['a"\r\nset-cookie: x=1', "通知\n.pdf", "../../etc/passwd", "a;b.pdf"]
)
def test_a_file_name_cannot_add_a_header_or_a_path(name: str):
    header = download(b"x", name, "application/pdf").headers["content-disposition"]
    assert header.startswith("attachment; filename*=UTF-8''")
    assert not set(header.split("''")[1]) & set('\r\n"/; ')


HOSTS = {
    "testserver": 200,
    "TESTSERVER:80": 200,
    "localhost:8000": 200,
    "127.0.0.1": 200,
    "[::1]:8000": 200,
    "evil.example": 421,
    "testserver.evil.example": 421,
    "testserver@evil.example": 421,
    "": 421,
    "[": 421,
}


@pytest.mark.parametrize(("host", "status"), HOSTS.items())
def test_the_portal_answers_to_its_own_names_only(office: Office, host: str, status: int):
    browser = office.browser()
    got = browser.get("/login", headers={"host": host})
    assert got.status_code == status
    assert browser.get("/health", headers={"host": host}).status_code == 200
    if status == 421:
        assert "http://testserver" in got.text and "settings.toml" in got.text


def test_more_names_come_from_the_settings(office: Office):
    own = settings()
    settings.fill(replace(own, hosts="oa.zhangye.example b.example"))
    got = office.browser().get("/login", headers={"host": "B.example"})
    settings.fill(own)
    assert got.status_code == 200


AWAY = [
    "//evil.example",
    "/\\evil.example",
    "https://evil.example",
    "javascript:alert(1)",
    "/\t/evil.example",
    "/\r\nset-cookie: x=1",
    "\\\\evil.example",
    "evil.example",
    "",
    "/a\\b",
    "///evil.example",
]


@pytest.mark.parametrize("target", AWAY)
def test_nothing_that_was_asked_for_leads_to_another_site(office: Office, target: str):
    assert safe_path(target) == "/"
    browser = office.browser()
    post = office.post("林晓梅").uid
    for address, data in {"/login": {"post": post}, "/me/display": {"size": "large"}}.items():
        got = browser.post(address, data={**data, "next": target}, follow_redirects=False)
        assert (got.status_code, got.headers["location"]) == (303, "/")
        assert "x=1" not in str(got.headers)


@pytest.mark.parametrize("path", ["/", "/documents/out?q=%E9%98%B2&sort=new", "/tasks#x", "/发文"])
def test_our_own_paths_are_kept(path: str):
    assert safe_path(path) == path


def test_a_planted_flash_cookie_is_text_and_leads_nowhere(clerk: Browser):
    said = [["ok", "<script>alert(1)</script>", "//evil.example", "去"]]
    clerk.cookies.set(FLASH, base64.urlsafe_b64encode(json.dumps(said).encode()).decode())
    page = clerk.get("/").text
    assert "&lt;script&gt;" in page
    assert "evil.example" not in page


@pytest.mark.parametrize("value", ["x", "bnVsbA==", "W10=", "WzFd", "W1tdXQ==", "%ff"])
def test_a_broken_flash_cookie_is_left_out(clerk: Browser, value: str):
    clerk.cookies.clear()
    clerk.login("孙倩")
    clerk.headers["cookie"] = f"{FLASH}={value}"
    assert clerk.get("/login").status_code == 200
