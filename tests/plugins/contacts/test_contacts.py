"""The directory: found by name, unit and pinyin; numbers only as far as their owners allow."""

from __future__ import annotations

import re

import pytest

from kernel.acts.models import Act, ActPrivate
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office
from plugins.contacts.models import Card

LEADER, CLERK, FINANCE = "周海涛", "孙倩", "刘志强"


def signed_in(office: Office, name: str) -> Browser:
    browser = office.browser()
    browser.login(name)
    return browser


def names(page: str) -> list[str]:
    return re.findall(r'<span class="task">([^<]+)</span>', page)


def save(browser: Browser, **fields: str) -> str:
    data = {"phone": "0936-8213000", "mobile": "13900000000", "room": "3号楼201", **fields}
    return str(browser.post("/contacts/mine", data=data).text)


@pytest.mark.both
def test_numbers_are_seen_in_the_organ_and_beyond_it_as_their_owner_wants(office: Office):
    clerk = signed_in(office, CLERK)
    assert "已保存" in save(clerk)
    colleague = signed_in(office, LEADER).get(f"/contacts/?q={CLERK}").text
    assert "0936-8213000" in colleague and "13900000000" in colleague and "3号楼201" in colleague
    stranger = signed_in(office, FINANCE)
    page = stranger.get(f"/contacts/?q={CLERK}").text
    assert names(page) == [] and "8213000" not in page and "13900000000" not in page
    save(clerk, shared="y")
    page = stranger.get(f"/contacts/?q={CLERK}&where=others").text
    assert names(page) == [CLERK] and "0936-8213000" in page
    assert "13900000000" not in page and "3号楼201" not in page
    file = stranger.get("/contacts/?export=csv").text
    assert "0936-8213000" in file and "13900000000" not in file
    save(clerk)
    assert names(stranger.get(f"/contacts/?q={CLERK}").text) == []


@pytest.mark.both
@pytest.mark.parametrize("text", ["孙倩", "sunqian", "sq", "SunQian", "文书", "市委办公室"])
def test_people_are_found_by_characters_and_by_pinyin(office: Office, text: str):
    with connection():
        title = office.post(CLERK).title
    page = signed_in(office, LEADER).get(f"/contacts/?q={title if text == '文书' else text}").text
    assert CLERK in names(page)


def test_what_nobody_is_called_is_said(office: Office):
    assert "没有找到" in signed_in(office, LEADER).get("/contacts/?q=zzzz").text


def test_numbers_stay_out_of_the_signed_bytes(office: Office):
    save(signed_in(office, CLERK))
    with connection():
        act = Act.get(Act.verb == "contacts.set_card")
        assert b"8213000" not in bytes(act.bytes) and b"13900000000" not in bytes(act.bytes)
        private = {one.name for one in ActPrivate.select().where(ActPrivate.act == act.uid)}
    assert private == {"phone", "mobile", "room"}


@pytest.mark.parametrize(
    ("field", "value"), [("phone", "abc"), ("mobile", "1" * 41), ("room", "长" * 41)]
)
def test_a_wrong_number_is_said_at_its_field_and_kept(office: Office, field: str, value: str):
    browser = signed_in(office, CLERK)
    answer = browser.post("/contacts/mine", data={field: value})
    assert answer.status_code == 422 and f'value="{value}"' in answer.text
    with connection():
        assert Card.select().count() == 0


def test_each_changes_his_own_card_only(office: Office):
    save(signed_in(office, CLERK))
    save(signed_in(office, LEADER), phone="111")
    with connection():
        assert Card.get(Card.post == office.post(CLERK).uid).phone == "0936-8213000"


def test_a_unit_has_a_page_with_whom_one_may_see_there(office: Office):
    clerk = signed_in(office, CLERK)
    save(clerk)
    assert "/contacts/units/620700-CPCO" in clerk.get("/contacts/").text
    own = clerk.get("/contacts/units/620700-CPCO").text
    assert "中共张掖市委办公室" in own and LEADER in own and 'href="tel:13900000000"' in own
    stranger = signed_in(office, FINANCE)
    page = stranger.get("/contacts/units/620700-CPCO").text
    assert LEADER not in page and "8213000" not in page and "公开联系方式" in page
    save(clerk, shared="y")
    page = stranger.get("/contacts/units/620700-CPCO").text
    assert CLERK in page and "0936-8213000" in page and "13900000000" not in page
    assert stranger.get("/contacts/units/nothing").status_code == 404
