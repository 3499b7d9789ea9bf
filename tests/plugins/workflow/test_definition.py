"""Flows as data."""

import pytest

from plugins.documents.acts.writing import outgoing
from plugins.workflow.definition import flow_of

STEP = {"key": "a", "title": "甲", "title_en": "A", "verb": "x.a"}


def made(*steps: dict[str, object]) -> dict[str, object]:
    return {"key": "x.flow", "version": 1, "title": "流程", "title_en": "Flow", "steps": steps}


def test_a_flow_survives_its_table():
    assert flow_of(outgoing().to_json()) == outgoing()


def test_the_steps_follow_each_other():
    assert [step.key for step in outgoing().steps] == [
        *("draft", "section_review", "office_review", "sign"),
        *("number", "typeset", "seal", "dispatch"),
    ]
    after = outgoing().after("sign")
    assert after is not None
    assert after.key == "number"
    assert outgoing().after("dispatch") is None


@pytest.mark.parametrize(
    "steps",
    [[], [STEP, STEP], [{**STEP, "back": ["nowhere"]}]],
    ids=["none", "doubled", "unknown way back"],
)
def test_a_flow_that_nobody_could_run_is_refused(steps: list[dict[str, object]]):
    with pytest.raises(ValueError, match=r"x\.flow"):
        flow_of(made(*steps))
