"""The card 签收回执 on the home page: of the own organ, and only while the plugin is on."""

from kernel.acts.house.switches import switch_plugin
from kernel.exchange.inbound import send_back
from kernel.exchange.models import Delivery
from kernel.storage.database import connection
from kernel.testing_office import Office
from plugins.documents.line import issue
from plugins.documents.menu import NAMED
from tests.exchange.notice import NOTICE


def home(office: Office, name: str) -> str:
    browser = office.browser()
    browser.login(name)
    return browser.get("/").text


def test_the_receipts_of_what_was_sent_last_stand_on_the_home_page(office: Office):
    assert "签收回执" not in home(office, "林晓梅")
    issued = issue(NOTICE)
    page = home(office, "林晓梅")
    assert f"未签收 {issued.recipients} 家" in page
    left = page.partition("未签收")[2].partition("</p>")[0]
    assert left.count("、") == NAMED - 1 and left.endswith("等"), "the first who have not"
    urge = "/urge"
    assert urge not in page and urge in home(office, "孙倩"), "for who may remind"
    assert "签收回执" not in home(office, "刘志强"), "another organ"
    with connection():
        came = Delivery.get(Delivery.organ == "620700-GFIN")
    office.act(office.desk("刘志强"), send_back, came, reason="重复来文")
    page = home(office, "林晓梅")
    assert f"未签收 {issued.recipients - 1} 家" in page and "退回 1 家" in page
    office.act(
        office.desk("孙倩"), switch_plugin, organ="620700-CPCO", plugin="documents", on=False
    )
    assert "签收回执" not in home(office, "林晓梅")
