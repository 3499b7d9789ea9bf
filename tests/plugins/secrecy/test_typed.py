"""Whatever people type into an act is looked at: opinions, reasons, names, addresses of pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from kernel.acts import gate
from kernel.acts.house.keys import revoke_key
from kernel.api import Refused, connection
from kernel.exchange.recalling import recall
from kernel.identity.models import Credential
from kernel.plugins.bus import bus
from kernel.testing_office import Browser, Office
from plugins.documents.line import issue
from tests.exchange.notice import GFIN, NOTICE, delivery, package
from tests.plugins.people import Flow
from tests.plugins.secrecy.test_guard import stored

SECRET = "绝密★长期 某某事项代号七四一"
PRESENT_WORDS = "拟按《中华人民共和国保守国家秘密法》和秘密级文件管理办法办理。"
"""Speaks of secrets and is none."""


def nothing_stored(instance: Path) -> bool:
    return not any("代号七四一".encode() in data for data in stored(instance))


def at(office: Office, name: str) -> Browser:
    browser = office.browser()
    browser.login(name)
    return browser


def asked(office: Office, name: str, address: str, **form: str) -> str:
    """Post a form; it is refused for its mark and shows again what was typed."""
    got = at(office, name).post(address, data=form)
    assert got.status_code in (403, 422), (address, got.status_code)
    assert "检测到密级标志" in got.text, address
    assert nothing_stored(office.settings.instance), address
    return got.text


@pytest.mark.both
def test_reasons_after_the_dispatch_are_looked_at_and_kept(office: Office):
    issue(NOTICE)
    sent, there = f"/exchange/outbox/{package().uid}", f"/exchange/inbox/{delivery(GFIN).uid}"
    at(office, "刘志强").get(there)
    for deed in ("recall", "void"):
        assert SECRET in asked(office, "孙倩", f"{sent}/{deed}", reason=SECRET)
    more = {"units": "620700-GEDU", "role": "main"}
    asked(office, "孙倩", f"{sent}/deadline", reason=SECRET, day="2099-12-01", **more)
    assert SECRET in asked(office, "刘志强", f"{there}/send-back", kind="其他", reason=SECRET)
    said = at(office, "孙倩").post(f"{sent}/recall", data={"reason": PRESENT_WORDS})
    assert said.status_code == 200 and "检测到密级标志" not in said.text


def test_opinions_are_looked_at_and_kept(flow: Flow):
    document = flow.to("section_review")
    where = f"/documents/out/{document.uid}/actions"
    form = {"version": str(document.version), "next_post": ""}
    assert SECRET in asked(flow.office, "王芳", f"{where}/review", opinion=SECRET, **form)
    back = {"to": "draft", "reason": SECRET, **form}
    assert SECRET in asked(flow.office, "王芳", f"{where}/send_back", **back)
    assert flow.fresh(document).state == document.state


def test_the_look_the_phrases_and_feedback_are_looked_at_and_kept(office: Office):
    look = {"theme": "", "mark": "", "product": SECRET, "support": "", "notice": ""}
    assert SECRET in asked(office, "孙倩", "/admin/look", **look)
    assert SECRET in asked(office, "李建国", "/me/phrases", text=SECRET)
    assert SECRET in asked(office, "林晓梅", "/feedback/new", text=SECRET, place="/tasks")
    page = asked(office, "林晓梅", "/feedback/new", text="字太小。", place=f"/tasks?{SECRET}")
    assert "字太小。" in page


def test_what_was_prepared_without_it_is_looked_at_when_it_is_signed(
    office: Office, monkeypatch: pytest.MonkeyPatch
):
    """The bytes decide, not who prepared them."""
    issue(NOTICE)
    desk = office.desk("孙倩")
    with monkeypatch.context() as before:
        before.setattr("kernel.acts.guards.read", lambda verb, arguments: None)
        prepared = gate.prepare(desk, recall, package(), reason=SECRET)
    with pytest.raises(Refused) as refusal:
        gate.perform(desk, prepared, office.sign(desk, prepared))
    assert (refusal.value.code, refusal.value.field) == ("secrecy.marked", "reason")


def test_while_the_check_is_down_a_lost_key_is_revoked_and_a_receipt_given(office: Office):
    """What says nothing, and what cannot wait, is not stopped; words are."""
    issue(NOTICE)
    bus().quarantined["secrecy"] = "broken"
    with connection():
        key = Credential.get(Credential.person == office.post("马丽").person.uid).uid
    office.act(office.desk("何静"), revoke_key, credential=key, reason="丢失")
    with pytest.raises(Refused, match=r"acts\.scanner_down"):
        gate.prepare(office.desk("孙倩"), recall, package(), reason="发错")
