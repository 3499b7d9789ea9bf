"""Who acts now, who next, where it may go back; seen through the documents that use it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from kernel.api import Conflict, Invalid, Refused, connection, local, tasks
from kernel.portal.i18n import speaking
from kernel.storage.database import transaction
from plugins.documents.acts import approving, writing
from plugins.documents.acts.writing import outgoing
from plugins.workflow import face
from plugins.workflow import running as inside
from tests.plugins.people import CLERK, DIRECTOR, DRAFTER, HEAD, LEADER, Flow


def names(found: list[face.Candidate]) -> list[str]:
    return [one.name for one in found]


def test_each_step_lies_on_the_desk_of_who_may_do_it(flow: Flow):
    document = flow.draft()
    order = [DRAFTER, HEAD, DIRECTOR, LEADER, CLERK]
    for step, (now, then) in zip(
        outgoing().steps, zip(order, order[1:], strict=False), strict=False
    ):
        with connection():
            assert names(face.who_acts_now(document)) == [now]
            assert names(face.who_acts_next(flow.office.desk(now), document)) == [then]
            assert face.can_act(flow.office.desk(then), document) is None
            assert face.can_act(flow.office.desk(now), document) == step
        getattr(flow, f"do_{step.key}")(document)
        if then == CLERK:
            break


def test_it_is_nobody_elses_turn(flow: Flow):
    document = flow.to("section_review")
    with connection(), pytest.raises(Refused) as refused:
        face.require(flow.office.desk(LEADER), document, "section_review")
    assert refused.value.code == "workflow.not_yours"
    assert HEAD in refused.value.zh


def test_who_comes_too_late_is_told_who_was_there_first(flow: Flow):
    document = flow.to("section_review")
    flow.do_section_review(document)
    with pytest.raises(Conflict) as late:
        flow.act(HEAD, approving.review, document, opinion="同意。")
    assert late.value.code == "workflow.moved"
    assert HEAD in late.value.zh
    assert "办公室核稿" in late.value.zh


def test_a_return_goes_to_who_did_that_step(flow: Flow):
    document = flow.to("sign")
    flow.act(LEADER, approving.send_back, document, to="draft", reason="请补充依据。")
    with connection():
        assert names(face.who_acts_now(document)) == [DRAFTER]
        task = tasks.open_for(flow.office.desk(DRAFTER), document)
    assert task is not None
    assert (task.form, task.step) == ("draft", "拟稿")
    assert flow.fresh(document).state == "draft"


def test_it_only_goes_back_where_the_flow_allows(flow: Flow):
    document = flow.to("section_review")
    with pytest.raises(Invalid) as refused:
        flow.act(HEAD, approving.send_back, document, to="sign", reason="请重办。")
    assert refused.value.code == "workflow.no_way_back"
    assert flow.fresh(document).state == "section_review"


def test_the_next_person_must_be_one_who_may(flow: Flow):
    document = flow.draft()
    stranger = flow.office.post("刘志强").uid
    with pytest.raises(Invalid) as refused:
        flow.act(DRAFTER, writing.submit, document, next_post=stranger)
    assert refused.value.code == "workflow.not_candidate"
    flow.act(DRAFTER, writing.submit, document, next_post=flow.office.post(HEAD).uid)
    assert flow.fresh(document).state == "section_review"


def test_changed_steps_need_a_new_version(flow: Flow):
    flow.draft()
    other = replace(outgoing(), steps=outgoing().steps[:-1])
    with transaction(), pytest.raises(ValueError, match="raise the version"):
        inside.keep(other)


def test_the_timeline_tells_who_did_what_and_what_comes(flow: Flow):
    document = flow.to("sign")
    flow.act(LEADER, approving.send_back, document, to="office_review", reason="请再核。")
    with connection(), speaking("zh"):
        entries = face.timeline(document)
        steps = face.step_row(document)
        first = face.trail(document)[0]
    told = [(one.action, one.person, one.opinion, one.state) for one in entries]
    assert told[:5] == [
        ("拟稿", DRAFTER, "", "done"),
        ("科室核稿", HEAD, "同意。", "done"),
        ("办公室核稿", DIRECTOR, "请审签。", "done"),
        ("签发：退回", LEADER, "请再核。", "back"),
        ("办公室核稿", DIRECTOR, "", "now"),
    ]
    assert {one[3] for one in told[5:]} == {"future"}
    assert [one.state for one in steps][:4] == ["done", "done", "now", "future"]
    assert entries[0].handled == local(first.at)
