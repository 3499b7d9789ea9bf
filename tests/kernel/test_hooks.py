"""Each hook at work: a plugin that implements every one of them, in a real node.

A plugin that raises, and one that is switched off, are asked the same questions.
"""

import subprocess
import sys
from pathlib import Path

import pytest

from kernel.acts import tasks
from kernel.acts.gate import prepare
from kernel.acts.house.switches import switch_plugin
from kernel.acts.subjects import kinds
from kernel.acts.verbs import verbs
from kernel.errors import NotFound, Refused, Unverified
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.kinds import exchange_kinds
from kernel.exchange.models import Delivery
from kernel.exchange.opening import open_once
from kernel.identity.authenticators import Signature, authenticators
from kernel.identity.rights import rights
from kernel.plugins.bus import bus
from kernel.settings import ROOT
from kernel.storage import log_check
from kernel.storage.comparing import ReconcilerIn
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office

EVERY = Path(__file__).parent.parent / "examples" / "every"
pytestmark = pytest.mark.plugins(EVERY)
CLERK, OTHER = "孙倩", "刘志强"


def ring(office: Office, text: str = "叮"):
    return office.act(office.desk(CLERK), verbs().get("every.ring"), text=text).result


def texts() -> list[str]:
    thing = kinds().get("every.thing")
    with connection():
        return [one.text for one in thing.select().order_by(thing.id)]


def send(office: Office, text: str) -> Delivery:
    """Send a thing to the other unit; gives its delivery, opened there."""
    desk, thing = office.desk(CLERK), ring(office, text)
    planned = office.act(desk, verbs().get("every.address"), thing, unit="620700-GFIN").result
    office.act(
        desk, verbs().get("every.send"), thing, package=planned.uid, envelope=planned.digest()
    )
    with connection():
        found = Delivery.get(Delivery.package == planned.uid)
        open_once(office.desk(OTHER), found)
        return Delivery.get_by_id(found.id)


def switch_off(office: Office, name: str) -> None:
    desk = office.desk(name)
    if not desk.has("house.switch"):
        desk = office.desk("杨帆")
    organ = office.desk(name).organ_code
    office.act(desk, switch_plugin, organ=organ, plugin="every", on=False)


def test_hook_register_verbs(office: Office):
    assert verbs().get("every.ring").weight == "recorded"
    assert ring(office).text == "叮"


def test_hook_register_subjects(office: Office):
    assert kinds().get("every.thing").__name__ == "Thing"


def test_hook_register_levels(office: Office):
    assert rights().levels["every.ring"].title == "按铃"
    assert office.desk(CLERK).has("every.ring") and not office.desk("林晓梅").has("every.ring")


def test_hook_register_routes(office: Office):
    clerk, drafter = office.browser(), office.browser()
    clerk.login(CLERK)
    drafter.login("林晓梅")
    assert clerk.get("/every/here").text == "here"
    assert drafter.get("/every/here").status_code == 403
    switch_off(office, CLERK)
    assert clerk.get("/every/here").status_code == 404


def test_hook_register_kinds(office: Office):
    kind = exchange_kinds().get("every.letter")
    assert kind is not None and kind.plugin == "every"


def test_hook_register_handlers(office: Office):
    thing = ring(office)
    with connection():
        assert type(thing).get_by_id(thing.id).noted


def test_hook_register_reconcilers(office: Office):
    send(office, "有信")
    before = log_check.verify()
    assert before.ok
    switch_off(office, CLERK)
    thing = kinds().get("every.thing")
    with transaction():
        thing.update(text="另一封信").execute()
    places = [one.where for one in log_check.verify().problems]
    assert places and all(where.startswith("every.thing ") for where in places)


def test_a_reconciler_that_fails_is_named_and_the_others_are_asked(office: Office):
    asked: list[int] = []
    log_check.add_reconciler(lambda step: [("x", str(1 // 0))])
    log_check.add_reconciler(lambda step: asked.append(1) or [])
    problems = log_check.verify().problems
    assert asked and ["by zero" in one.what for one in problems] == [True]


def test_a_reconciler_whose_module_cannot_be_imported_is_named(office: Office):
    log_check.add_reconciler(ReconcilerIn("plugins.nobody.proving"))
    (problem,) = log_check.verify().problems
    assert problem.where == "log" and "plugins.nobody" in problem.what


def test_hook_register_authenticators(office: Office):
    stamp = authenticators().get("every")
    assert stamp is not None
    signature = stamp.sign("anybody", b"data")
    assert signature is not None
    stamp.verify({}, b"data", signature)
    with pytest.raises(Unverified):
        stamp.verify({}, b"data", Signature("every", b"other"))


def test_hook_register_commands(office: Office):
    ring(office)
    manage = [sys.executable, str(ROOT / "manage.py"), "--instance", str(office.settings.instance)]
    run = subprocess.run([*manage, "every"], capture_output=True, text=True, check=False)
    assert run.stdout == "叮\n", run.stderr


def test_hook_menu_items(office: Office):
    clerk, drafter = office.browser(), office.browser()
    assert "按铃处" in clerk.login(CLERK).text
    assert "按铃处" not in drafter.login("林晓梅").text
    switch_off(office, CLERK)
    assert "按铃处" not in clerk.get("/").text


def test_hook_home_panels(office: Office):
    clerk = office.browser()
    assert f"{CLERK}，您好。" in clerk.login(CLERK).text
    switch_off(office, CLERK)
    assert "铃声" not in clerk.get("/").text


def test_hook_calendar_items(office: Office):
    clerk = office.browser()
    clerk.login(CLERK)
    assert "铃响之日" in clerk.get("/calendar").text
    switch_off(office, CLERK)
    assert "铃响之日" not in clerk.get("/calendar").text


def test_hook_home_actions(office: Office):
    clerk, drafter = office.browser(), office.browser()
    assert "马上按铃" in clerk.login(CLERK).text
    assert "马上按铃" not in drafter.login("林晓梅").text
    switch_off(office, CLERK)
    assert "马上按铃" not in clerk.get("/").text


def test_hook_search_links(office: Office):
    clerk = office.browser()
    clerk.login(CLERK)
    assert "按铃声找“叮&lt;当”" in clerk.get("/search", params={"q": "叮<当"}).text
    assert "按铃声找" not in clerk.get("/search").text
    switch_off(office, CLERK)
    assert "按铃声找" not in clerk.get("/search", params={"q": "叮"}).text


def test_hook_brief(office: Office):
    thing = ring(office, "闹钟")
    with transaction():
        tasks.assign(thing, step="关铃", organ=thing.organ, post=office.post(CLERK).uid)
    clerk = office.browser()
    clerk.login(CLERK)
    shown = clerk.get("/?view=leader").text
    assert "响亮" in shown and "再按一次" in shown
    assert "响亮" not in clerk.get("/").text
    switch_off(office, CLERK)
    assert "闹钟" not in clerk.get("/?view=leader").text


@pytest.mark.parametrize("answer", [{"x": 1}, 7, None])
def test_a_brief_that_is_no_brief_leaves_the_card_without_it(
    office: Office, monkeypatch: pytest.MonkeyPatch, answer: object
):
    thing = ring(office, "闹钟")
    with transaction():
        tasks.assign(thing, step="关铃", organ=thing.organ, post=office.post(CLERK).uid)
    said = {thing.uid: answer} if isinstance(answer, dict) else answer
    monkeypatch.setattr(bus().answering("brief", ["every"])[0], "function", lambda desk, refs: said)
    bus().strict = False
    clerk = office.browser()
    clerk.login(CLERK)
    shown = clerk.get("/?view=leader")
    assert shown.status_code == 200
    assert "闹钟" in shown.text and "打开办理" in shown.text


def test_hook_scan(office: Office):
    with pytest.raises(Refused, match="禁用词"):
        ring(office, "这里有禁用词")
    assert texts() == []


def test_hook_guard(office: Office):
    held = send_of_held(office)
    assert "封存" in held
    delivery = send(office, "普通")
    office.act(office.desk(OTHER), send_back, delivery, reason="重复来文")


def send_of_held(office: Office) -> str:
    with pytest.raises(Refused) as refusal:
        send(office, "封存一件")
    return refusal.value.zh


def test_hook_guard_holds_even_where_its_plugin_is_switched_off(office: Office):
    delivery = send(office, "普通")
    with connection():
        Delivery.update(title="封存").where(Delivery.id == delivery.id).execute()
    switch_off(office, OTHER)
    with pytest.raises(Refused, match="封存"):
        prepare(office.desk(OTHER), send_back, delivery, reason="重复来文")


def test_hook_signed_for(office: Office):
    office.act(office.desk(OTHER), sign_for, send(office, "有信"))
    assert texts() == ["有信", "收到：有信"]


def test_hook_signed_for_waits_while_its_plugin_is_off(office: Office):
    switch_off(office, OTHER)
    delivery = send(office, "晚信")
    office.act(office.desk(OTHER), sign_for, delivery)
    assert texts() == ["晚信"]
    with connection():
        assert Delivery.get_by_id(delivery.id).parked
    office.act(office.desk("杨帆"), switch_plugin, organ="620700-GFIN", plugin="every", on=True)
    assert texts() == ["晚信", "收到：晚信"]


def test_a_verb_of_a_plugin_that_is_off_is_not_there(office: Office):
    switch_off(office, CLERK)
    with pytest.raises(NotFound):
        ring(office)
