"""What can be done, by whom, and what is refused on the way."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kernel.acts.gate import perform, prepare
from kernel.acts.models import Act, ActPrivate, Opinion
from kernel.api import (
    Conflict,
    Invalid,
    NotFound,
    OfficeError,
    Refused,
    Stale,
    canonical,
    connection,
    numbers,
    search,
)
from kernel.storage import log_check
from plugins.documents.acts import approving, issuing, writing
from plugins.documents.models import DISCARDED, Document
from plugins.documents.sheets import today
from tests.plugins.people import CLERK, DIRECTOR, DRAFTER, HEAD, LEADER, Flow, short


def refusal(call: Callable[..., Any], *args: Any, **values: Any) -> OfficeError:
    with pytest.raises(OfficeError) as refused:
        call(*args, **values)
    return refused.value


def test_a_draft_is_its_sections_until_it_is_submitted(flow: Flow):
    document = flow.draft()
    seen = {name: visible(flow, name) for name in (DRAFTER, HEAD, DIRECTOR, "刘志强")}
    assert seen == {DRAFTER: 1, HEAD: 1, DIRECTOR: 0, "刘志强": 0}
    flow.do_draft(document)
    seen = {name: visible(flow, name) for name in (DRAFTER, HEAD, DIRECTOR, "刘志强")}
    assert seen == {DRAFTER: 1, HEAD: 1, DIRECTOR: 1, "刘志强": 0}


def visible(flow: Flow, name: str) -> int:
    with connection():
        return int(Document.select().where(Document.visible(flow.office.desk(name))).count())


def test_saving_weighs_nothing_and_submitting_leaves_a_trace(flow: Flow):
    document = flow.draft()
    flow.act(DRAFTER, writing.save, document, content=short(urgency="加急"))
    with connection():
        assert Act.select().where(Act.subject == document.uid).count() == 0
    flow.do_draft(document)
    with connection():
        verbs = [one.verb for one in Act.select().where(Act.subject == document.uid)]
    assert verbs == ["documents.submit"]
    assert flow.fresh(document).urgency == "加急"


@pytest.mark.parametrize(
    ("code", "field", "changes"),
    [
        ("documents.empty", "title", {"title": "  "}),
        ("documents.empty", "body", {"body": []}),
        ("documents.r46", "title", {"title": "关于防汛的函"}),
        ("documents.r48", "urgency", {"urgency": "急件"}),
        ("documents.r55", "attachment_note", {"attachment_note": ["附表"]}),
        ("documents.r87", "disclosure", {"disclosure": ""}),
        ("documents.r87", "disclosure_reason", {"disclosure": "不予公开"}),
        ("exchange.no_recipients", "main", {"main": [], "cc": []}),
        ("units.no_recipient", "main", {"main": ["某某局"]}),
        ("units.no_recipient", "cc", {"cc": ["某某局"]}),
        ("exchange.not_connected", "main", {"main": ["620702101"]}),
    ],
)
def test_an_incomplete_draft_is_not_submitted(
    flow: Flow, code: str, field: str, changes: dict[str, object]
):
    document = flow.draft(**changes)
    told = refusal(flow.do_draft, document)
    assert (told.code, told.field) == (code, field)
    assert flow.fresh(document).state == "draft"


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("documents.r01", {"type": "指示"}),
        ("documents.long", {"title": "长" * 201}),
        ("documents.long", {"body": ["长" * 100_001]}),
        ("documents.element", {"body": [1]}),
        ("documents.attachments", {"attachments": [{"title": "附件"}] * 21}),
        ("workshop.sheet", {"attachments": [{"title": "附件", "colour": "red"}]}),
    ],
)
def test_what_is_no_document_is_not_stored(flow: Flow, code: str, changes: dict[str, object]):
    assert refusal(flow.draft, **changes).code == code
    with connection():
        assert Document.select().count() == 0


def test_the_whole_way_with_its_opinions(flow: Flow):
    document = flow.to("number")
    assert (document.signer_name, document.issued) == (LEADER, today())
    with connection():
        said = [(one.step, one.person_name, one.text) for one in Opinion.select()]
        open_words = b"".join(bytes(one.bytes) for one in Act.select()).decode()
        kept = {one.text for one in ActPrivate.select()}
    assert said == [
        ("科室核稿", HEAD, "同意。"),
        ("办公室核稿", DIRECTOR, "请审签。"),
        ("签发", LEADER, "同意印发。"),
    ]
    assert "同意印发。" not in open_words
    assert {"同意。", "请审签。", "同意印发。"} <= kept


def test_the_office_reviews_before_anybody_signs(flow: Flow):
    document = flow.to("office_review")
    told = refusal(flow.act, LEADER, approving.sign_off, document, opinion="同意。")
    assert told.code == "workflow.moved"
    assert flow.fresh(document).sign_off_act == ""


@pytest.mark.parametrize("opinion", ["", "  ", "长" * 1001])
def test_a_sign_off_needs_an_opinion(flow: Flow, opinion: str):
    document = flow.to("sign")
    told = refusal(flow.act, LEADER, approving.sign_off, document, opinion=opinion)
    assert (type(told), told.field) == (Invalid, "opinion")


def test_a_return_needs_a_reason_and_the_drafter_reads_it(flow: Flow):
    document = flow.to("section_review")
    told = refusal(flow.act, HEAD, approving.send_back, document, to="draft", reason=" ")
    assert (told.code, told.field) == ("documents.r31", "reason")
    flow.act(HEAD, approving.send_back, document, to="draft", reason="请补充时间。")
    flow.act(DRAFTER, writing.save, document, content=short(body=["请于2026年12月1日前报送。"]))
    flow.do_draft(document)
    assert flow.fresh(document).state == "section_review"


@pytest.mark.parametrize("name", [DRAFTER, HEAD, DIRECTOR, CLERK])
def test_only_the_leader_signs(flow: Flow, name: str):
    document = flow.to("sign")
    told = refusal(flow.act, name, approving.sign_off, document, opinion="同意。")
    assert isinstance(told, Refused)


def test_another_organ_finds_nothing(flow: Flow):
    document = flow.to("section_review")
    told = refusal(flow.act, "刘志强", approving.send_back, document, to="draft", reason="退回。")
    assert isinstance(told, NotFound)


def test_a_change_after_the_preparation_makes_the_signature_stale(flow: Flow):
    document = flow.to("sign")
    desk = flow.office.desk(LEADER)
    prepared = prepare(desk, approving.sign_off, document, opinion="同意。")
    flow.act(LEADER, approving.send_back, document, to="draft", reason="再改。")
    flow.act(DRAFTER, writing.save, document, content=short(body=["改过的内容。"]))
    told = refusal(perform, desk, prepared, flow.office.sign(desk, prepared))
    assert isinstance(told, Stale)


def test_the_content_digest_covers_content_and_nothing_that_comes_later(flow: Flow):
    document = flow.draft()
    before = document.digest()
    document.number, document.issued, document.signer_name = "办〔2026〕1号", "2026-01-01", "周"
    assert document.digest() == before == canonical.digest(canonical.dumps(document.content))
    for name, value in (("title", "另"), ("body", ["另"]), ("urgency", "特急"), ("cc", ["另"])):
        setattr(document, name, value)
        assert document.digest() != before, name
        before = document.digest()


def test_numbers_follow_each_other_and_none_is_used_twice(flow: Flow):
    first, second = flow.to("number"), flow.to("number")
    with connection():
        free = issuing.next_number(first)
    given = {"number": str(free), "seq": free.value}
    flow.act(CLERK, issuing.assign_number, first, **given)
    told = refusal(flow.act, CLERK, issuing.assign_number, second, **given)
    assert (type(told), told.code) == (Conflict, "numbers.taken")
    flow.do_number(second)
    assert flow.fresh(first).number == str(free)
    after = numbers.DocNumber(free.series, free.year, free.value + 1)
    assert flow.fresh(second).number == str(after)


def test_a_number_that_is_not_the_next_one_is_refused(flow: Flow):
    document = flow.to("number")
    with connection():
        free = issuing.next_number(document)
    wrong = {"number": f"市委办发〔{free.year}〕{free.value + 5}号", "seq": free.value + 5}
    told = refusal(flow.act, CLERK, issuing.assign_number, document, **wrong)
    assert told.code == "numbers.taken"
    told = refusal(
        flow.act, CLERK, issuing.assign_number, document, number="张财〔2026〕1号", seq=free.value
    )
    assert told.code == "numbers.taken"
    with connection():
        assert issuing.next_number(document) == free


def test_a_discarded_draft_stays_on_record(flow: Flow):
    document = flow.draft()
    flow.act(DRAFTER, writing.discard, document)
    assert flow.fresh(document).state == DISCARDED
    with connection():
        assert Act.select().where(Act.verb == "documents.discard").count() == 1
        told = refusal(prepare, flow.office.desk(DRAFTER), writing.submit, document)
    assert told.code == "workflow.not_yours"


def test_only_its_own_organ_finds_it_by_search(flow: Flow):
    flow.to("section_review")
    found = {name: hits(flow, name) for name in (LEADER, "刘志强")}
    assert found == {LEADER: 1, "刘志强": 0}


def hits(flow: Flow, name: str) -> int:
    who = flow.office.desk(name).principals
    return len(search.find("防汛", who, ["documents"]).hits)


def test_what_goes_back_from_the_numbering_has_to_be_signed_off_again(
    flow: Flow,
):
    document = flow.to("number")
    assert document.sign_off_act and document.signer_name
    flow.act(CLERK, approving.send_back, document, to="draft", reason="附件有误")
    back = flow.fresh(document)
    assert (back.state, back.sign_off_act, back.signer_name, back.issued) == ("draft", "", "", "")
    flow.act(DRAFTER, writing.save, back, content=short(title="关于防汛工作的通知"))
    for step in ("draft", "section_review", "office_review"):
        getattr(flow, f"do_{step}")(flow.fresh(document))
    assert flow.fresh(document).state == "sign"
    flow.do_sign(flow.fresh(document))
    flow.do_number(flow.fresh(document))
    done = flow.fresh(document)
    assert done.sign_off_act and done.issued and done.number
    with connection():
        assert log_check.verify().problems == []


def test_opening_what_waits_does_not_move_it_up_the_list(flow: Flow):
    document = flow.to("section_review")
    flow.act(HEAD, writing.open_, document)
    opened = flow.fresh(document)
    assert (opened.opened, opened.changed) == (HEAD, document.changed)


def test_what_began_before_goes_on_as_it_began(flow: Flow, monkeypatch: pytest.MonkeyPatch):
    """Version 1 of the flow has no way back from the numbering."""
    first, newest = writing.every_outgoing()
    assert (first.version, newest.version) == (1, 2)
    with monkeypatch.context() as before:
        before.setattr(writing, "outgoing", lambda: first)
        document = flow.draft()
    for step in ("draft", "section_review", "office_review", "sign"):
        getattr(flow, f"do_{step}")(flow.fresh(document))
    clerk = flow.office.browser()
    clerk.login(CLERK)
    page = clerk.get(f"/documents/out/{document.uid}").text
    assert "编号：" in page and "退回修改" not in page
    flow.draft(title="关于乙的通知")
    with connection():
        assert log_check.verify().problems == []
    flow.do_number(flow.fresh(document))
