"""A text of millions of characters is refused in words, at its field, and comes back unharmed."""

import re

import pytest

from kernel.testing_office import Office


@pytest.mark.parametrize(
    "files", [None, {"unused": ("unused", b"")}], ids=["urlencoded", "multipart"]
)
def test_ten_megabytes_are_refused_at_the_field_and_kept(
    office: Office, files: dict[str, tuple[str, bytes]] | None
):
    browser = office.browser()
    browser.login("林晓梅")
    begun = browser.post("/documents/out/new", data={"type": "通知"})
    place = re.search(r"/documents/out/[0-9a-f-]{36}/edit", str(begun.url))
    assert place
    version = re.search(r'name="version"[^>]*value="(\d+)"', browser.get(place[0]).text)
    assert version
    data = {
        "version": version[1],
        "title": "关于试验的通知",
        "body": "a" * 10_000_000,
        "type": "通知",
    }
    answer = browser.post(place[0], data=data, files=files)
    assert answer.status_code == 422
    assert "正文不能超过 100000 字，现有 10000000 字。" in answer.text
    assert "a" * 10_000_000 in answer.text
