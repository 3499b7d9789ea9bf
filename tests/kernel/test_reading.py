"""What is taken out of the system is noted once a day and thing."""

from datetime import UTC, datetime, timedelta

import pytest

from kernel.acts.house import reading
from kernel.acts.models import Act
from kernel.acts.verbs import verbs
from kernel.crypto import canonical, ids
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.kernel.test_delegation import acting
from tests.kernel.test_delegation import given as delegated


def noted() -> list[str]:
    with connection():
        rows = Act.select(Act.bytes).where(Act.verb == "house.read_out").order_by(Act.id)
        return [canonical.loads(bytes(row.bytes))["params"]["what"] for row in rows]


def note(office: Office, *things: str) -> None:
    desk = office.desk("林晓梅")
    for what in things:
        with connection():
            reading.note(desk, what)


def test_a_thing_whose_name_is_part_of_another_is_noted_too(office: Office):
    things = ["发文回执.csv", "发文回执", "发文", "house", '引"号']
    note(office, *things)
    assert noted() == things


def test_the_same_thing_is_noted_once_a_day(office: Office):
    note(office, "发文.csv", '引"号', "发文.csv", '引"号')
    assert noted() == ["发文.csv", '引"号']


def test_a_colleague_at_the_same_desk_leaves_a_trace_of_his_own(office: Office):
    given = delegated(office, "李建国", "王芳", ["documents.office_review"])
    own, lent = office.desk("李建国"), acting(office, "王芳", given)
    with connection():
        for desk in (own, lent, own, lent, office.desk("王芳")):
            reading.note(desk, "发文.csv")
        rows = list(Act.select().where(Act.verb == "house.read_out").order_by(Act.id))
    facts = [canonical.loads(bytes(row.bytes)) for row in rows]
    assert [row.person for row in rows] == [own.person.uid, lent.person.uid, lent.person.uid]
    assert [one["acting_for"] is None for one in facts] == [True, False, True]


@pytest.mark.parametrize(
    ("first", "second", "times"),
    [((15, 50), (16, 10), 2), ((23, 50), (24, 10), 1)],
    ids=["midnight in Zhangye", "midnight in Greenwich"],
)
def test_the_day_is_that_of_the_office(
    office: Office,
    first: tuple[int, int],
    second: tuple[int, int],
    times: int,
    monkeypatch: pytest.MonkeyPatch,
):
    tomorrow = datetime.now(UTC).replace(hour=0, minute=0) + timedelta(days=1)
    for hour, minute in (first, second):
        moment = tomorrow + timedelta(hours=hour, minutes=minute)
        monkeypatch.setattr(ids, "_clock", lambda moment=moment: moment)
        note(office, "发文.csv")
    assert noted() == ["发文.csv"] * times


def test_a_verb_that_is_gone_is_called_by_its_name(office: Office):
    assert verbs().title_of("gone.away") == verbs().title_of("gone.away", "en") == "gone.away"
    assert verbs().title_of("house.read_out", "zh") == "导出或下载"
    assert verbs().title_of("house.read_out", "en") == "Export or download"
