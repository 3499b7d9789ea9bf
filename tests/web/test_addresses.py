"""Addresses that only take forms: who opens one gets the page above it."""

import pytest

from kernel.testing_office import Office
from tests.plugins.people import DRAFTER, HEAD, Flow


@pytest.mark.parametrize("verb", ["send_back", "review"])
def test_a_refused_form_that_is_reloaded_leads_to_its_page(office: Office, verb: str):
    flow = Flow(office)
    document = flow.to("section_review")
    browser = office.browser()
    browser.login(HEAD)
    place = f"/documents/out/{document.uid}"
    refused = browser.post(f"{place}/actions/{verb}", data={"version": str(document.version)})
    assert refused.status_code == 422
    again = browser.get(f"{place}/actions/{verb}")
    assert (again.status_code, again.url.path) == (200, place)


def test_where_nothing_stands_above_it_says_so(office: Office):
    browser = office.browser()
    browser.login(DRAFTER)
    got = browser.get("/logout")
    assert got.status_code == 405 and "portal.method" in got.text
    assert DRAFTER in browser.get("/").text, "nobody was signed out by it"


def test_a_form_of_another_desk_is_told_of_the_desk_and_not_of_rights(office: Office):
    """The other desk lacks the right as well: that is not what is wrong."""
    flow = Flow(office)
    document = flow.draft()
    drafter, head = office.browser(), office.browser()
    page = (drafter.login(DRAFTER), drafter.get(f"/documents/out/{document.uid}/edit"))[1].text
    once = page.partition('name="once" value="')[2].partition('"')[0]
    head.login("高峰")
    got = head.post(f"/documents/out/{document.uid}/edit", data={"once": once, "version": "1"})
    assert got.status_code == 412 and "portal.other_desk" in got.text
