"""A second plugin with everything a plugin can have: the kernel is not cut for documents.

Switched off for an organ, nothing of it remains visible there; switched on again, all is back.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from kernel.acts.house.switches import switch_plugin
from kernel.acts.subjects import kinds
from kernel.acts.verbs import verbs
from kernel.exchange.inbound import sign_for
from kernel.exchange.models import Delivery
from kernel.exchange.opening import open_once
from kernel.storage.database import connection
from kernel.testing_office import Browser, Office

pytestmark = pytest.mark.plugins(Path(__file__).parent.parent / "toy" / "errands")
CPCO, GFIN = "620700-CPCO", "620700-GFIN"
TEXT = "到机要科取三月简报"


def switch(office: Office, organ: str, on: bool) -> None:
    office.act(office.desk("杨帆"), switch_plugin, organ=organ, plugin="errands", on=on)


def ask(office: Office, name: str = "林晓梅", text: str = TEXT) -> Any:
    return office.act(office.desk(name), verbs().get("errands.ask"), text=text).result


def signed_in(office: Office, name: str) -> Browser:
    browser = office.browser()
    assert browser.login(name).status_code == 200
    return browser


def seen(browser: Browser, errand: Any) -> dict[str, bool]:
    """Where in the portal something of the plugin or of this errand can be seen."""
    home = browser.get("/").text
    return {
        "menu": "/errands/" in home,
        "panel": "跑腿卡片" in home,
        "task": TEXT in browser.get("/tasks").text,
        "search": errand.uid in browser.get("/search", params={"q": "简报"}).text,
        "list": browser.get("/errands/").status_code == 200,
        "page": browser.get(f"/errands/{errand.uid}").status_code == 200,
    }


def test_it_does_its_work(office: Office):
    switch(office, CPCO, on=True)
    errand, clerk = ask(office), signed_in(office, "孙倩")
    assert set(seen(clerk, errand).values()) == {True}
    office.act(office.desk("孙倩"), verbs().get("errands.finish"), errand, remark="已取")
    assert TEXT not in clerk.get("/tasks").text
    with connection():
        assert kinds().get("errands.errand").get(uid=errand.uid).state == "done"


def test_off_nothing_is_seen_and_on_all_is_back(office: Office):
    switch(office, CPCO, on=True)
    errand, clerk = ask(office), signed_in(office, "孙倩")
    switch(office, CPCO, on=False)
    assert set(seen(clerk, errand).values()) == {False}
    why = clerk.get("/errands/")
    assert why.status_code == 404 and "可由部门管理员启用" in why.text
    switch(office, CPCO, on=True)
    assert set(seen(clerk, errand).values()) == {True}


def test_another_organ_sees_nothing_of_it(office: Office):
    switch(office, CPCO, on=True)
    switch(office, GFIN, on=True)
    errand, other = ask(office), signed_in(office, "刘志强")
    where = seen(other, errand)
    assert where == {name: name in ("menu", "panel", "list") for name in where}
    assert TEXT not in other.get("/errands/").text


def test_off_for_one_organ_is_on_for_another(office: Office):
    switch(office, CPCO, on=True)
    assert signed_in(office, "刘志强").get("/errands/").status_code == 404
    assert signed_in(office, "孙倩").get("/errands/").status_code == 200


def test_the_name_of_a_plugin_alone_leads_to_its_first_page(office: Office):
    clerk = signed_in(office, "孙倩")
    clerk.post("/me/display", data={"size": "large", "next": "/contacts?q=%E7%8E%8B"})
    came = clerk.get("/contacts?q=%E7%8E%8B")
    assert came.status_code == 200 and came.url.path == "/contacts/" and "王芳" in came.text
    me = clerk.get("/me").text
    assert re.search(r"大字\s*<span[^>]*>当前", me) and 'name="language" value="en"' in me


def test_who_lacks_the_level_is_told_so(office: Office):
    switch(office, CPCO, on=True)
    errand = ask(office)
    assert signed_in(office, "周海涛").get(f"/errands/{errand.uid}").status_code == 403


def pass_on(office: Office, errand: Any) -> Delivery:
    clerk = office.desk("孙倩")
    plan = office.act(clerk, verbs().get("errands.address"), errand, unit=GFIN).result
    send = verbs().get("errands.send")
    office.act(clerk, send, errand, package=plan.uid, envelope=plan.digest())
    with connection():
        found = Delivery.get(Delivery.package == plan.uid)
        assert open_once(office.desk("刘志强"), found).ok
        return Delivery.get_by_id(found.id)


def texts_of(organ: str) -> list[str]:
    model = kinds().get("errands.errand")
    with connection():
        return [row.text for row in model.select().where(model.organ == organ)]


def test_its_own_kind_travels_and_arrives(office: Office):
    switch(office, CPCO, on=True)
    switch(office, GFIN, on=True)
    delivery = pass_on(office, ask(office))
    assert texts_of(GFIN) == []
    office.act(office.desk("刘志强"), sign_for, delivery)
    assert texts_of(GFIN) == [TEXT]
    assert TEXT in signed_in(office, "刘志强").get("/tasks").text


def test_what_arrives_while_it_is_off_waits_for_it(office: Office):
    switch(office, CPCO, on=True)
    delivery = pass_on(office, ask(office))
    office.act(office.desk("刘志强"), sign_for, delivery)
    clerk = signed_in(office, "刘志强")
    assert "可由部门管理员启用" in clerk.get(f"/exchange/inbox/{delivery.uid}").text
    assert texts_of(GFIN) == []
    switch(office, GFIN, on=True)
    assert texts_of(GFIN) == [TEXT]
