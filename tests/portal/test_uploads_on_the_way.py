"""A file on its way while the server is restarted: nothing is lost, the page says what happened."""

from __future__ import annotations

import secrets
from pathlib import Path
from zipfile import ZipFile

import pytest
from playwright.sync_api import Browser, expect

from tests.plugins.documents.test_word import USUAL, file
from tests.portal.driver import Driver, Person
from tests.portal.node import free_port, pictures_folder, started

pytestmark = pytest.mark.needs("chromium")
LINE = {"offline": False, "latency": 0, "downloadThroughput": -1}
SLOW = {**LINE, "uploadThroughput": 60_000}
FAST = {**LINE, "uploadThroughput": -1}


def at_the_upload(people: Driver, letter: Path) -> Person:
    """林晓梅 has chosen the file for her new document."""
    drafter = people.as_person("林晓梅")
    drafter.begin()
    drafter.page.get_by_role("link", name="导入 Word 稿").click()
    drafter.page.locator("input[type=file]").set_input_files(letter)
    return drafter


def test_the_server_is_restarted_during_an_upload(
    office_folder: Path, browser: Browser, tmp_path: Path
):
    letter, port = tmp_path / "防汛.docx", free_port()
    letter.write_bytes(file(*USUAL))
    with ZipFile(letter, "a") as parts:  # ten seconds on the slow line
        parts.writestr("word/media/image1.png", secrets.token_bytes(600_000))
    with started(office_folder, "serve", port=port) as place:
        people = Driver(place, browser, pictures_folder())
        drafter = at_the_upload(people, letter)
        line = drafter.page.context.new_cdp_session(drafter.page)
        line.send("Network.enable")
        line.send("Network.emulateNetworkConditions", SLOW)
        drafter.press("导入并核对")
        expect(drafter.page.get_by_role("progressbar")).to_be_visible()
        drafter.picture("upload-on-its-way")
    expect(drafter.page.get_by_role("alert")).to_contain_text("没有送到")
    drafter.picture("upload-broken")
    assert drafter.page.locator("input[type=file]").evaluate("box => box.files[0].name") == (
        letter.name
    )
    line.send("Network.emulateNetworkConditions", FAST)
    with started(office_folder, "serve", port=port):
        drafter.press("导入并核对")
        drafter.sees("核对导入的内容")
        assert "防汛工作" in drafter.page.get_by_label("标题", exact=True).input_value()
        drafter.press("存入草稿")
        drafter.page.wait_for_url("**/edit")
        drafter.sees("已存入草稿")
        # A server that ends cuts the line, or its web server says that it could not finish.
        cut = ("ERR_CONNECTION", "status of 500", f"500 {place.url}/documents/out/")
        people.trouble = [one for one in people.trouble if not any(map(one.__contains__, cut))]
        people.close()
        people.check()
