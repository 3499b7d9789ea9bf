"""Opinions written by hand: signed like words, kept beside them, and nothing else than strokes."""

from __future__ import annotations

import re
from html import unescape

import pytest

from kernel.acts.ink import MOST, read_ink
from kernel.acts.models import Act, ActPrivate, Opinion
from kernel.crypto import canonical
from kernel.errors import Invalid
from kernel.portal.ink import picture
from kernel.storage import log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Browser
from plugins.documents.acts import approving
from plugins.documents.models import Document
from tests.plugins.people import DIRECTOR, DRAFTER, LEADER, Flow
from tests.threats.attacks import catch_up, drop_guards

STROKES = "600 360;12,40 14,44 19,52;80,40"
FINANCE = "刘志强"


def signed_in(flow: Flow, name: str) -> Browser:
    browser = flow.office.browser()
    browser.login(name)
    return browser


def opinion_on(document: Document, step: str) -> Opinion:
    with connection():
        found: Opinion = (
            Opinion.select()
            .where((Opinion.subject == document.uid) & (Opinion.step == step))
            .order_by(Opinion.id.desc())
            .get()
        )
    return found


def post_opinion(browser: Browser, document: Document, verb: str, **fields: str) -> str:
    data = {"version": str(document.version), "opinion": "", **fields}
    page = browser.post(f"/documents/out/{document.uid}/actions/{verb}", data=data)
    return str(page.text)


@pytest.mark.both
def test_a_leader_signs_off_by_hand_and_the_strokes_are_signed_with_it(flow: Flow):
    document = flow.to("sign")
    leader = signed_in(flow, LEADER)
    asked = post_opinion(leader, document, "sign_off", ink=STROKES)
    assert '<path d="M12 40L14 44L19 52M80 40L80 40"/>' in asked
    assert STROKES not in asked
    nonce = unescape(re.search(r'name="nonce" value="([^"]+)"', asked)[1])  # type: ignore[index]  # the page has it
    leader.post("/acts/confirm", data={"nonce": nonce})
    kept = opinion_on(document, "签发")
    assert (kept.text, kept.ink, kept.by_hand) == ("", STROKES, True)
    with connection():
        act = Act.get(Act.uid == kept.act)
        private = ActPrivate.get((ActPrivate.act == act.uid) & (ActPrivate.name == "ink"))
        params = canonical.loads(bytes(act.bytes))["params"]
    assert private.text == STROKES
    canonical.check_salted(params["ink"]["salted"], private.salt, STROKES)
    assert STROKES.encode() not in bytes(act.bytes)
    shown = signed_in(flow, DRAFTER).get(f"/documents/out/{document.uid}").text
    assert '<svg class="inked"' in shown
    assert "（手写）" not in shown
    catch_up()
    with connection():
        assert log_check.verify().problems == []


def test_words_and_handwriting_stand_together(flow: Flow):
    document = flow.to("office_review")
    flow.act(DIRECTOR, approving.office_review, document, opinion="请审签。", ink=STROKES)
    shown = signed_in(flow, DRAFTER).get(f"/documents/out/{document.uid}?tab=flow").text
    assert re.search(r'请审签。<svg class="inked"', shown)


def test_a_return_may_be_written_by_hand_but_not_be_empty(flow: Flow):
    document = flow.to("sign")
    leader = signed_in(flow, LEADER)
    empty = post_opinion(leader, document, "send_back", to="draft", reason="")
    assert "请写明退回原因" in empty
    post_opinion(leader, document, "send_back", to="draft", reason="", reason_ink=STROKES)
    assert flow.fresh(document).state == "draft"
    assert opinion_on(document, "签发：退回").ink == STROKES


@pytest.mark.parametrize(
    "text",
    [
        "600 360",
        "600 360;",
        "600 360; 12,40",
        "600 360;601,40",
        '600 360;12,40"/><script>',
        "600 360;１２,40",
        "600 360;" + " ".join(["12,40"] * 12_000),
    ],
)
def test_what_is_no_handwriting_is_refused_in_words_and_nothing_is_lost(flow: Flow, text: str):
    with pytest.raises(Invalid):
        read_ink(text)
    document = flow.to("sign")
    page = post_opinion(signed_in(flow, LEADER), document, "sign_off", opinion="同意", ink=text)
    said = ("没有完整传到", "太多", "不能超过")
    assert any(one in page for one in said)
    assert "同意</textarea>" in page
    assert flow.fresh(document).state == "sign"


def test_another_organ_sees_nothing_of_it(flow: Flow):
    document = flow.to("office_review")
    flow.act(DIRECTOR, approving.office_review, document, opinion="", ink=STROKES)
    answer = signed_in(flow, FINANCE).get(f"/documents/out/{document.uid}?tab=flow")
    assert answer.status_code in (403, 404)
    assert "M12 40" not in answer.text


@pytest.mark.parametrize("ink", ["", "600 360;1,1 2,2"])
def test_altered_strokes_are_named_by_log_verify(flow: Flow, ink: str):
    document = flow.to("office_review")
    flow.act(DIRECTOR, approving.office_review, document, opinion="请审签。", ink=STROKES)
    catch_up()
    with transaction():
        assert log_check.verify().problems == []
        drop_guards()
        Opinion.update(ink=ink).where(Opinion.ink != "").execute()
        assert any("手写内容" in str(one) for one in log_check.verify().problems)


def test_what_is_no_handwriting_draws_nothing():
    with pytest.raises(Invalid):
        picture('600 360;1,1"><b>')


def test_a_line_end_is_no_handwriting():
    with pytest.raises(Invalid):
        read_ink(f"{STROKES}\n")


def test_a_page_full_of_writing_is_taken():
    stroke = " ".join(f"{x},{x % 300}" for x in range(0, 600, 4))
    text = ";".join(["600 360", *[stroke] * 40])
    assert len(text) < MOST
    assert len(read_ink(text).strokes) == 40


def test_the_printed_sheet_has_the_handwriting_with_who_wrote_it(flow: Flow):
    document = flow.to("sign")
    leader = flow.office.desk(LEADER)
    flow.office.act(leader, approving.sign_off, document, opinion="", ink=STROKES)
    clerk = signed_in(flow, "孙倩")
    place = f"/documents/out/{document.uid}/print"
    assert place in clerk.get(f"/documents/out/{document.uid}").text
    page = clerk.get(place).text
    cell = page.partition('<th scope="row">签发</th>')[2].partition("</tr>")[0]
    assert '<path d="M12 40L14 44L19 52M80 40L80 40"/>' in cell and LEADER in cell
    assert "请审签。" in page and "办理经过" in page
    assert 'class="topbar"' not in page
    clerk_uid = flow.office.desk("孙倩").person.uid
    with connection():
        noted = Act.select().where((Act.verb == "house.read_out") & (Act.person == clerk_uid))
        assert noted.count() == 1
    assert signed_in(flow, FINANCE).get(place).status_code == 404
