"""Nothing of one organ reaches another one: not by links, guesses, search, files, counts or errors.

Two organs are full of canary words (threats 4 and 5); every desk of the others looks everywhere.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from html import unescape
from urllib.parse import quote

import pytest

from kernel.exchange.models import Delivery, Package
from kernel.portal.app import register
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office
from plugins.announcements.models import Announcement
from plugins.documents.line import issue
from plugins.documents.models import Document, Incoming
from plugins.feedback.models import Remark
from tests.web.canaries import EDUCATION, FINANCE, OFFICE, OWN, REMARKS, WORDS, notice
from tests.web.crawl import crawl

pytestmark = pytest.mark.early
EVERY = (*WORDS.values(), *OWN.values())
STRANGERS = ["陈静", "杨帆", "高峰"]
"""A bureau's clerk with every role of an office, and administrators of the node."""
SAID = tuple(REMARKS.values())
FORBIDDEN = {
    **dict.fromkeys(STRANGERS, EVERY + SAID),
    "杨帆": EVERY,  # who answers remarks
    "刘志强": (OWN[OFFICE], REMARKS[OFFICE]),  # what was sent to his organ he may see
    "孙倩": (OWN[FINANCE], *SAID),  # not even a remark of her own organ's clerk
    "林晓梅": (OWN[FINANCE], REMARKS[FINANCE]),
    "周海涛": (OWN[FINANCE], *SAID),
}
"""Who must never meet which words."""


def enter(office: Office, name: str) -> Browser:
    browser = office.browser()
    browser.login(name)
    return browser


def readable(content: bytes) -> str:
    """Text, also out of what is packed."""
    start = content.find(b"PK\x03\x04")
    text = unescape(content.decode("utf-8", "replace"))
    if start == 0 and zipfile.is_zipfile(io.BytesIO(content)):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            inner = [archive.read(one).decode("utf-8", "replace") for one in archive.namelist()]
        text += unescape("".join(inner))
    return text


_ONCE = re.compile(r'name="once" value="[^"]*"')


def lasting(page: str, address: str = "") -> str:
    """The page without its own address and without the marks against sending twice."""
    for written in (address, quote(address, safe="")) if address else ():
        page = page.replace(written, "")
    return _ONCE.sub("", page)


def found(content: bytes, words: tuple[str, ...]) -> list[str]:
    text = readable(content)
    return [
        word for word in words if word in text or quote(word) in text or ascii(word)[1:-1] in text
    ]


MET = {
    "刘志强": (WORDS[OFFICE], OWN[FINANCE], WORDS[FINANCE]),
    "林晓梅": (OWN[OFFICE],),
    "杨帆": SAID,
}
"""Who meets which words: otherwise the tests of this file would prove nothing."""


@pytest.mark.parametrize("name", FORBIDDEN)
def test_links_lead_to_the_words_of_the_own_organ_and_to_none_of_another_one(
    office: Office, name: str
):
    words = FORBIDDEN[name]
    pages = crawl(enter(office, name))
    assert len(pages) > 8
    for word in MET.get(name, ()):
        assert sum(bool(found(content, (word,))) for content in pages.values()) >= 2, word
    assert {
        address: found(content, words)
        for address, content in pages.items()
        if found(content, words)
    } == {}


def guesses(office: Office, uids: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    """Every route with every uid in it, and the same address with one that does not exist."""
    for path, route in register(office.node.routes):
        if "{uid}" not in path or "GET" not in (route.methods or set()):
            continue
        for kind in uids if "{kind}" in path else [""]:
            for uid in uids.get(kind) or [one for some in uids.values() for one in some[:2]]:
                filled = path.replace("{kind}", kind).replace("{number:int}", "1")
                yield filled.replace("{uid}", uid), filled.replace("{uid}", "0" * len(uid))


def foreign_uids(organs: tuple[str, ...]) -> dict[str, list[str]]:
    with connection():
        return {
            "document": [d.uid for d in Document.select().where(Document.organ.in_(organs))],
            "incoming": [d.uid for d in Incoming.select().where(Incoming.organ.in_(organs))],
            "delivery": [d.uid for d in Delivery.select().where(Delivery.organ.in_(organs))],
            "package": [p.uid for p in Package.select()],
            "announcement": [
                a.uid for a in Announcement.select().where(Announcement.organ.in_(organs))
            ],
            "remark": [one.uid for one in Remark.select().where(Remark.organ.in_(organs))],
        }


@pytest.mark.parametrize("name", ["陈静", "高峰"])
def test_what_is_not_ours_looks_like_what_is_not_there(office: Office, name: str):
    """404 for both, with the same words: a guessed uid says nothing about itself."""
    browser = enter(office, name)
    uids = foreign_uids((OFFICE, FINANCE))
    assert min(map(len, (uids["document"], uids["delivery"], uids["package"]))) >= 2
    tried, blank = 0, dict[str, tuple[int, str]]()
    for address, nowhere in guesses(office, uids):
        got = browser.get(address)
        if nowhere not in blank:
            other = browser.get(nowhere)
            blank[nowhere] = other.status_code, lasting(other.text, nowhere)
        assert got.status_code in (403, 404), address
        assert (got.status_code, lasting(got.text, address)) == blank[nowhere], address
        assert found(got.content, EVERY) == []
        tried += 1
    assert tried >= 20


def test_a_post_on_what_is_not_ours_answers_as_if_it_were_not_there(office: Office):
    browser = enter(office, "陈静")
    uids = foreign_uids((OFFICE, FINANCE))
    everything = [uid for some in uids.values() for uid in some[:1]]
    for path, route in register(office.node.routes):
        if "{uid}" not in path or "POST" not in (route.methods or set()):
            continue
        filled = path.replace("{verb}", "submit")
        nowhere = filled.replace("{uid}", "0" * 36)
        wanted = browser.post(nowhere, data={"version": "1"})
        for uid in everything:
            address = filled.replace("{uid}", uid)
            got = browser.post(address, data={"version": "1"})
            assert got.status_code == wanted.status_code in (403, 404), address
            assert lasting(got.text, address) == lasting(wanted.text, nowhere), address


@pytest.mark.parametrize("name", STRANGERS)
def test_what_an_organ_tells_its_own_people_is_told_to_nobody_else(office: Office, name: str):
    with connection():
        uids = [one.uid for one in Announcement.select().where(Announcement.scope == "organ")]
    assert len(uids) >= 2
    mine, other = enter(office, "林晓梅"), enter(office, name)
    assert found(mine.get("/announcements/").content, (OWN[OFFICE],))
    for place in ("/announcements/", "/notices", "/search?q=公告", "/", "/me/phrases"):
        assert found(other.get(place).content, EVERY) == [], place
    for uid in uids:
        got = other.get(f"/announcements/{uid}")
        assert got.status_code == 404 and found(got.content, EVERY) == []


@pytest.mark.parametrize("name", ["陈静", "孙倩"])
def test_no_part_of_a_word_finds_it(office: Office, name: str):
    browser = enter(office, name)
    for word in FORBIDDEN[name]:
        for part in (word[:1], word[:2], word[:3], word, word[2:]):
            for place in (
                "/search",
                "/documents/out",
                "/documents/in",
                "/exchange/inbox",
                "/tasks",
            ):
                got = browser.get(place, params={"q": part})
                assert got.status_code in (200, 403)
                shown = got.text.replace(part, "")  # the box shows again what was asked for
                assert not [rest for rest in (word, "通知") if rest in shown and place == "/search"]
                assert word not in shown


def test_exports_of_every_list_hold_nothing_of_others(office: Office):
    listed = enter(office, "刘志强").get("/exchange/inbox?export=xlsx").content
    assert found(listed, (WORDS[OFFICE],))
    for name in ("陈静", "杨帆", "孙倩", "刘志强"):
        browser, files = enter(office, name), 0
        for place in (
            "/documents/out",
            "/documents/in",
            "/exchange/inbox",
            "/exchange/outbox",
            "/admin/log",
            "/tasks",
        ):
            for kind in ("csv", "xlsx"):
                got = browser.get(place, params={"export": kind})
                files += got.headers.get("content-disposition", "").startswith("attachment")
                assert found(got.content, FORBIDDEN[name]) == []
        assert files >= 2, name


def test_what_others_do_moves_no_count_and_no_line_elsewhere(office: Office):
    """Home page, tasks, badges, lists of a third organ are the same, letter by letter."""
    browser = enter(office, "陈静")
    places = [
        "/",
        "/tasks",
        "/documents/out",
        "/documents/in",
        "/exchange/inbox",
        "/exchange/outbox",
        "/search?q=通知",
    ]
    before = {place: lasting(browser.get(place).text) for place in places}
    issue(notice(OFFICE, "市财政局", OWN[OFFICE]), until="submit")
    issue(notice(FINANCE, "中共张掖市委办公室", OWN[FINANCE]))
    assert {place: lasting(browser.get(place).text) for place in places} == before
    mine = enter(office, "王芳").get("/").text
    assert OWN[OFFICE] in mine
    assert EDUCATION not in mine
