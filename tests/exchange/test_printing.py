"""A received document is printed from its own page, and the log says by whom."""

from __future__ import annotations

from kernel.acts.models import Act
from kernel.crypto import canonical
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.notice import GFIN, browser_of
from tests.exchange.test_batch_signing import sent


def test_what_was_received_is_printed_from_its_own_page(office: Office):
    (uid,) = sent(office, 1)
    finance = browser_of(office, GFIN)
    where = f"/files/delivery/{uid}/print"
    assert f'href="{where}"' in finance.get(f"/exchange/inbox/{uid}").text
    page = finance.get(where).text
    assert "打印已记入日志：刘志强" in page and "下载 PDF" in page
    with connection():
        last = Act.select().where(Act.verb == "house.read_out").order_by(Act.id.desc()).get()
    assert canonical.loads(bytes(last.bytes))["params"]["what"] == f"打印：delivery/{uid}"
    stranger = office.browser()
    stranger.login("孙倩")
    assert stranger.get(where).status_code == 404
