"""Numbers of a series: gapless, never twice, and a sentence for who comes second."""

import threading
from collections.abc import Iterator

import pytest

from kernel.acts import gate, numbers
from kernel.acts.models import Number, Series
from kernel.acts.subjects import Subject
from kernel.crypto.ids import now
from kernel.errors import Conflict
from kernel.identity.desk import Desk
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.documents.acts.issuing import assign_number, next_number
from plugins.documents.line import issue
from plugins.documents.models import Document
from tests.exchange.notice import CPCO, NOTICE, package

SERIES = "市委办发"


def signed_off(title: str) -> Document:
    """A document that waits for its number."""
    done = issue(NOTICE | {"title": title}, until="sign_off")
    with connection():
        found: Document = Document.get(Document.uid == done.document)
    return found


def prepared(clerk: Desk, document: Document) -> gate.PreparedAct:
    with connection():
        free = next_number(document)
    return gate.prepare(clerk, assign_number, document, number=str(free), seq=free.value)


def number_of(document: Document) -> str:
    with connection():
        return str(Document.get(Document.uid == document.uid).number)


@pytest.fixture
def two(office: Office) -> Iterator[tuple[Document, Document]]:
    yield (
        signed_off("中共张掖市委办公室关于甲事的通知"),
        signed_off("中共张掖市委办公室关于乙事的通知"),
    )


def test_the_series_opened_at_91_and_the_notice_has_it(office: Office):
    year = now().year
    assert package().number == f"{SERIES}〔{year}〕91号"
    with connection():
        assert str(numbers.peek(CPCO, SERIES, year)) == f"{SERIES}〔{year}〕92号"


def test_two_for_the_same_number_one_wins_and_the_other_is_told_the_next(
    office: Office, two: tuple[Document, Document]
):
    clerk, year = office.desk("孙倩"), now().year
    one, other = (prepared(clerk, document) for document in two)
    gate.perform(clerk, one, office.sign(clerk, one))
    with pytest.raises(Conflict, match=r"numbers\.taken") as caught:
        gate.perform(clerk, other, office.sign(clerk, other))
    assert f"{SERIES}〔{year}〕93号" in caught.value.zh and "93号" in caught.value.en
    assert [number_of(document) for document in two] == [f"{SERIES}〔{year}〕92号", ""]
    again = prepared(clerk, two[1])
    gate.perform(clerk, again, office.sign(clerk, again))
    assert number_of(two[1]) == f"{SERIES}〔{year}〕93号"


def test_at_the_same_moment_one_wins_too(office: Office, two: tuple[Document, Document]):
    clerk, year = office.desk("孙倩"), now().year
    acts = [prepared(clerk, document) for document in two]
    start, refused = threading.Barrier(2), []

    def number(act: gate.PreparedAct) -> None:
        signature = office.sign(clerk, act)
        start.wait()
        try:
            gate.perform(clerk, act, signature)
        except Conflict as error:
            refused.append(error)

    threads = [threading.Thread(target=number, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [error.code for error in refused] == ["numbers.taken"]
    assert sorted(number_of(document) for document in two) == ["", f"{SERIES}〔{year}〕92号"]


def take(subject: Subject) -> None:
    """Take the next number, again if somebody was quicker."""
    while True:
        try:
            with connection():
                free = numbers.peek(CPCO, "试", 2026)
            with transaction():
                numbers.take(CPCO, "试", 2026, subject, expected=free.value)
            return
        except Conflict as error:
            assert error.code == "numbers.taken"


def test_four_at_once_leave_no_gap_and_take_none_twice(office: Office):
    subject, failed = package(), []

    def work() -> None:
        try:
            for _ in range(10):
                take(subject)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with connection():
        series = Series.get((Series.organ == CPCO) & (Series.name == "试"))
        taken = [row.value for row in Number.select().where(Number.series == series)]
    assert sorted(taken) == list(range(1, 41)) and series.next == 41


def test_a_number_taken_in_an_act_that_fails_is_free_again(office: Office):
    with pytest.raises(RuntimeError), transaction():
        numbers.take(CPCO, "试", 2026, package(), expected=1)
        raise RuntimeError("the body of the act failed after it")
    with connection():
        assert numbers.peek(CPCO, "试", 2026).value == 1
