"""Each organ's portal looks as its administrator has set it, and nobody else's does."""

from __future__ import annotations

import re
from html import unescape
from io import BytesIO

import pytest
from PIL import Image

from kernel.acts.models import Act
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office
from plugins.documents.sheets import stored_sheet
from tests.plugins.people import Flow

HERE = "/admin/look"
SET = {
    "theme": "default",
    "mark": "财政",
    "product": "财政协同办公",
    "support": "技术服务：信息科，内线 6123",
    "notice": "请使用本人的插件登录。",
}


def png(size: int = 64) -> bytes:
    file = BytesIO()
    Image.new("RGB", (size, size), "red").save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def admin(office: Office) -> Browser:
    browser = office.browser()
    browser.login("孙倩")
    return browser


def test_an_organ_has_its_own_look_and_others_keep_theirs(office: Office, admin: Browser):
    page = admin.post(HERE, data=SET, files={"logo": ("徽.png", png(), "image/png")}).text
    assert 'data-theme="default"' in page
    assert "财政协同办公" in page and "内线 6123" in page
    logo = page.partition('class="brand__logo" src="')[2].partition('"')[0]
    stranger = office.browser()
    shown = stranger.get(unescape(logo))
    assert shown.headers["content-type"] == "image/png" and shown.content == png()
    other = office.browser().login("刘志强").text
    assert "财政协同办公" not in other and 'data-theme="zhangye"' in other
    with connection():
        assert Act.select().where(Act.verb == "house.set_look").count() == 1


def test_its_door_has_the_look_too_and_the_browser_remembers_it(office: Office, admin: Browser):
    admin.post(HERE, data=SET)
    door = office.browser().get("/login?unit=620700-CPCO").text
    assert "请使用本人的插件登录" in door and "中共张掖市委办公室" in door
    assert "请使用本人的插件登录" not in office.browser().get("/login?unit=620700-GFIN").text
    assert "请使用本人的插件登录" not in office.browser().get("/login?unit='; --").text
    admin.post("/logout")
    assert "请使用本人的插件登录" in admin.get("/login").text


def test_what_does_not_fit_is_refused_beside_its_field_and_kept(admin: Browser):
    wrong = admin.post(HERE, data={**SET, "mark": "市委办公室"})
    assert wrong.status_code == 422
    assert "市委办公室" in wrong.text and "财政协同办公" in wrong.text
    assert admin.post(HERE, data={**SET, "theme": "nowhere"}).status_code == 422
    fake = {"logo": ("徽.png", b"<svg onload=alert(1)>", "image/png")}
    refused = admin.post(HERE, data=SET, files=fake)
    assert refused.status_code == 422 and "徽.png" in refused.text
    assert 'data-theme="zhangye"' in admin.get("/").text


def test_empty_values_are_the_platforms(admin: Browser):
    admin.post(HERE, data=SET, files={"logo": ("徽.png", png(), "image/png")})
    page = admin.post(HERE, data={**dict.fromkeys(SET, ""), "no_logo": "y"}).text
    assert 'data-theme="zhangye"' in page and "brand__logo" not in page


def test_a_drafter_cannot_set_it(office: Office):
    browser = office.browser()
    browser.login("林晓梅")
    assert browser.get(HERE).status_code == 403
    assert "单位门面" not in browser.get("/").text


def banners(browser: Browser, uid: str) -> str:
    """The first words on the first page of a document, as its text view has them."""
    page = unescape(browser.get(f"/documents/out/{uid}/text").text)
    return page.partition('<p class="op">')[2].partition("市委办发")[0]


def test_the_letterhead_follows_until_the_layout_is_fixed(office: Office, admin: Browser):
    flow = Flow(office)
    fixed, draft = flow.to("seal"), flow.to("typeset")
    assert "中共张掖市委办公室文件" in banners(admin, fixed.uid)
    before = admin.get(f"/documents/out/{fixed.uid}/document.pdf").content
    body = admin.get(f"/documents/out/{draft.uid}?tab=body").text
    pictures = re.findall(r"/pages/1\?v=\w+", body)
    page = admin.post(HERE, data={**SET, "letter_name": "张掖市委办公室", "letter_bare": "y"}).text
    assert 'class="lettered" lang="zh-CN">张掖市委办公室<' in page
    head = banners(admin, draft.uid)
    assert "张掖市委办公室" in head and "中共" not in head and "办公室文件" not in head
    body = admin.get(f"/documents/out/{draft.uid}?tab=body").text
    assert pictures and pictures[0] not in body, "the browser would show the old head"
    assert "中共张掖市委办公室文件" in banners(admin, fixed.uid)
    assert admin.get(f"/documents/out/{fixed.uid}/document.pdf").content == before
    flow.do_typeset(draft)
    with connection():
        assert stored_sheet(flow.fresh(draft))["issuer_banner"] == "张掖市委办公室"


def test_the_word_for_document_is_not_typed(admin: Browser):
    wrong = admin.post(HERE, data={**SET, "letter_name": "张掖市委办公室文件"})
    assert wrong.status_code == 422 and "“文件”二字会自动加上" in wrong.text
