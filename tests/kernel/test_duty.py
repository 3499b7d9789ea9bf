"""The plugin of the demonstration that its phase does not allow yet: why; and what it does then."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from kernel.acts.house import confirm, rollout
from kernel.crypto.ids import now
from kernel.exchange.models import Delivery
from kernel.plugins.switches import Activation
from kernel.reference import ZHANGYE
from kernel.storage.database import transaction
from kernel.testing_office import Browser, Office
from tests.exchange.notice import GFIN
from tests.exchange.test_batch_signing import sent

DUTY = ZHANGYE / "plugins" / "duty"
pytestmark = pytest.mark.plugins(DUTY)


def signed_in(office: Office, name: str) -> Browser:
    browser = office.browser()
    browser.login(name)
    return browser


def row_of(page: str) -> str:
    rows = re.findall(r'<li class="switches__i">.*?</li>', page, re.S)
    return next(row for row in rows if "值班提示" in row)


def test_the_console_says_why_it_cannot_be_switched_on_yet(office: Office):
    admin = signed_in(office, "孙倩")
    row = row_of(admin.get("/admin/plugins").text)
    assert "第2阶段起可以启用；" in row and "现处第1阶段。" in row and "<button" not in row
    refused = admin.post("/admin/plugins/duty", data={"on": "1"})
    assert "第2阶段起可以启用" in refused.text


def test_in_its_phase_it_shows_what_waits_too_long(office: Office):
    (uid,) = sent(office, 2)  # one of them is there in the tests of the exchange only
    with transaction():
        long = now() - timedelta(minutes=31)
        Delivery.update(delivered=long, urgency="特急").where(Delivery.uid == uid).execute()
    proposal = office.act(office.desk("杨帆"), rollout.advance, phase=2).result
    office.act(office.desk("何静"), confirm.confirm, proposal)
    admin, clerk = signed_in(office, "孙倩"), signed_in(office, "刘志强")
    assert "<button" in row_of(admin.get("/admin/plugins").text)
    assert "超过30分钟没有签收" not in clerk.get("/").text  # each organ switches for itself
    with transaction():
        Activation.create(organ=GFIN, plugin="duty", on=True, act="")
    page = clerk.get("/").text
    assert "超过30分钟没有签收" in page and f"/exchange/inbox/{uid}" in page
    assert "超过30分钟没有签收" not in admin.get("/").text
