"""Each organ's portal looks as its administrator has set it, and nobody else's does."""

from __future__ import annotations

from html import unescape
from io import BytesIO

import pytest
from PIL import Image

from kernel.acts.models import Act
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office

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
