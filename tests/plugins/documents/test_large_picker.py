"""The editor of a city of 400 units: its pickers carry branches, and what is in them on demand."""

from __future__ import annotations

import re
from html import unescape

import pytest

from kernel.identity.models import Unit
from kernel.storage.database import transaction
from kernel.testing_office import Browser
from tests.plugins.documents.test_pages import TITLE, as_person, begun, filled, the_document
from tests.plugins.people import DRAFTER, KEEPER, Flow

BRANCH = "市政府部门"
MANY = 400


@pytest.fixture
def city(flow: Flow) -> Flow:
    """Many units of one kind, beside those of the small node."""
    with transaction():
        like = Unit.get(Unit.code == "620700-GFIN").__data__
        for n in range(MANY):
            code, name = f"620700-X{n:03}", f"市第{n + 1}局"
            own = {"id": None, "code": code, "organ": code, "name": f"张掖{name}"}
            Unit.create(**{**like, **own, "short_name": name, "aliases": []})
    return flow


def branches_of(browser: Browser, where: str, **asked: str) -> str:
    """What a script is told."""
    answer = browser.get(where, params=asked, headers={"HX-Request": "true"})
    assert answer.status_code == 200
    return unescape(answer.text)


def boxes(page: str, field: str) -> list[str]:
    """The values that can be ticked in a field."""
    return re.findall(rf'type="checkbox" name="{field}" value="([^"]+)"', page)


def ticked(page: str, field: str) -> list[str]:
    """The values that are ticked."""
    return re.findall(rf'type="checkbox" name="{field}" value="([^"]+)" checked', page)


def test_the_page_is_within_its_budget_and_keeps_what_is_chosen(city: Flow):
    browser = as_person(city, DRAFTER)
    where, page = begun(browser)
    saved = browser.post(where, data=filled(page, cc=["620700-X007", "620700-X399"])).text
    assert len(saved.encode()) < 60 * 1024 and len(re.findall(r"<[a-z]", saved)) < 1500
    assert ticked(saved, "cc") == boxes(saved, "cc") == ["620700-X007", "620700-X399"]
    assert set(ticked(saved, "main")) == {"620700-GFIN", "各县（区）委"}
    again = browser.post(where, data=filled(saved, cc=ticked(saved, "cc")))
    assert again.status_code == 200
    assert the_document().cc == ["市第8局", "市第400局"]


def test_a_script_is_told_a_branch_or_all_of_them(city: Flow):
    browser = as_person(city, DRAFTER)
    where, _page = begun(browser)
    one = branches_of(browser, where, picker="cc", branch=BRANCH)
    assert "<html" not in one and one.count("data-of=") == 1
    assert len(boxes(one, "cc")) >= MANY and f"全选本级 {len(boxes(one, 'cc'))} 家" in one
    everything = branches_of(browser, where, picker="cc")
    assert set(boxes(one, "cc")) < set(boxes(everything, "cc"))
    assert "<html" in branches_of(browser, where, picker="title")
    assert "<html" in browser.get(where, params={"picker": "cc"}).text


def test_who_may_not_write_is_told_nothing(city: Flow):
    where, _page = begun(as_person(city, DRAFTER))
    asked = {"params": {"picker": "cc"}, "headers": {"HX-Request": "true"}}
    answer = as_person(city, KEEPER).get(where, **asked)
    assert answer.status_code in (403, 404) and "data-of" not in answer.text


def test_without_a_script_a_button_brings_the_branch_and_nothing_is_saved_or_lost(city: Flow):
    browser = as_person(city, DRAFTER)
    where, page = begun(browser)
    before = the_document()
    typed = filled(page, title="写到一半", cc=["620700-X007"], unfold=f"cc/{BRANCH}")
    answer = browser.post(where, data=typed)
    assert answer.status_code == 200
    shown = unescape(answer.text)
    assert "写到一半" in shown and 'class="summary' not in shown
    assert len(boxes(shown, "cc")) >= MANY and ticked(shown, "cc") == ["620700-X007"]
    assert len(boxes(shown, "main")) < MANY
    after = the_document()
    assert (after.version, after.title) == (before.version, before.title)
    there = where.replace("/edit", "/autosave")
    assert browser.post(there, data=typed).status_code == 422
    assert browser.post(where, data=filled(shown, cc=ticked(shown, "cc"))).status_code == 200
    assert the_document().title == TITLE
