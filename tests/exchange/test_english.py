"""The evidence of a package, named in the language of its reader."""

import re

import pytest

from kernel.exchange.evidence_types import TYPES
from kernel.testing_office import Office
from tests.exchange.notice import CLERKS, CPCO, package

NAMES = {"zh": "送达交换箱", "en": "Delivered to the box"}


@pytest.mark.parametrize(("language", "other"), [("zh", "en"), ("en", "zh")])
def test_the_sender_reads_the_evidence_in_his_language(office: Office, language: str, other: str):
    browser = office.browser()
    browser.cookies.set("lang", language)
    browser.login(CLERKS[CPCO])
    page = browser.get(f"/exchange/outbox/{package().uid}").text
    lines = re.findall(r"<li><span>(.*?)</span>", page)
    assert any(NAMES[language] in line for line in lines)
    assert not any(NAMES[other] in line for line in lines)


def test_every_kind_has_an_english_name_of_its_own():
    names = [kind.en for kind in TYPES.values()]
    assert all(re.fullmatch(r"[A-Z][a-z -]+( [a-z]+)*", name) for name in names), names
    assert len(set(names)) == len(names)
