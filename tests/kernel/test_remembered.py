"""What is remembered between changes: exact after every change, by whomever it was made."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from peewee import sqlite3

from kernel import node
from kernel.acts.house import grants
from kernel.errors import NotFound
from kernel.identity import credentials, delegations, desk, models, phases, rights, sessions
from kernel.identity.models import NodeFact, Unit
from kernel.plugins import installed, switches
from kernel.portal import looks, quiet
from kernel.storage import remembered
from kernel.storage.database import connection, db, savepoint, transaction
from kernel.testing_office import Office

ORGAN, PERSON = "620700-CPCO", "孙倩"
WATCHED = sorted({one._meta.table_name for tables in remembered.ASKED.values() for one in tables})


@pytest.fixture
def open_office(office: Office) -> Iterator[Office]:
    with connection():
        yield office


def edition() -> bytes | None:
    return remembered._edition()


@contextmanager
def another() -> Iterator[Any]:
    """Another process, as far as this one can tell."""
    there = sqlite3.connect(db.obj.database, isolation_level=None)
    yield there
    there.close()


def columns(table: str) -> dict[str, Any]:
    """A row that the table takes."""
    told = db.execute_sql(f"PRAGMA table_info({table})").fetchall()
    row = {name: 1 if kind == "INTEGER" else f'"{name}-1"' for _, name, kind, *_ in told}
    return row | ({"id": 987654} if "id" in row else {})


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
@pytest.mark.parametrize("table", WATCHED)
def test_whatever_changes_a_row_makes_another_edition(open_office: Office, table: str):
    row = columns(table)
    marks = ", ".join("?" * len(row))
    names = ", ".join(f'"{name}"' for name in row)
    first, seen = next(iter(row)), [edition()]
    with transaction() as _, savepoint():
        db.execute_sql("PRAGMA defer_foreign_keys = ON")
        for statement, values in (
            (f"INSERT INTO {table} ({names}) VALUES ({marks})", [*row.values()]),  # noqa: S608  # ours
            (f"UPDATE {table} SET {first} = {first}", []),  # noqa: S608  # ours
            (f"DELETE FROM {table}", []),  # noqa: S608  # ours
        ):
            db.execute_sql(statement, values)
            seen.append(edition())
        db.execute_sql("ROLLBACK TO SAVEPOINT part")
    assert len(set(seen)) == 4
    assert edition() == seen[0]


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
def test_each_answer_comes_from_the_tables_that_it_names(open_office: Office):
    who = open_office.desk(PERSON)
    board, levels = switches.switchboard(), rights.rights()
    questions: dict[Any, tuple[Any, ...]] = {
        models._lasting: ("uid",),
        phases.phase_at: (ORGAN,),
        rights._held: (levels, who.post.uid, tuple(who.post.roles)),
        desk._held: (levels, who.post.uid),
        sessions._own: (levels, who.person.uid, who.post.uid, who.credential),
        sessions._posts: (who.person.uid,),
        credentials._row: (who.credential,),
        delegations._to: (who.post.uid,),
        delegations._from: (who.post.uid,),
        installed.of_verb: ("documents.submit",),
        switches._switched: (ORGAN,),
        switches._effective: (board, ORGAN, frozenset()),
        looks._looks: (),
        quiet.wish_of: (who.person.uid,),
    }
    calls = {one.__wrapped__: given for one, given in questions.items()}
    assert calls.keys() == remembered.ASKED.keys()
    for call, given in calls.items():
        read: set[str] = set()

        def note(action: int, table: str, *_: Any, read: set[str] = read) -> int:
            if action == sqlite3.SQLITE_READ:
                read.add(table)
            return sqlite3.SQLITE_OK

        remembered._editions.clear()
        db.connection().set_authorizer(note)
        call(*given)
        db.connection().set_authorizer(None)
        named = {one._meta.table_name for one in remembered.ASKED[call]} | {"storage_edition"}
        assert read - {"sqlite_master"} <= named, call.__qualname__


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
def test_what_another_process_commits_counts_at_once(open_office: Office):
    post = open_office.desk(PERSON).post.uid
    assert desk._held(rights.rights(), post)
    with another() as there:
        there.execute("UPDATE identity_post SET active = 0 WHERE uid = ?", (post,))
    assert desk._held(rights.rights(), post) is None


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
def test_what_is_rolled_back_was_never_so(open_office: Office):
    before = phases.phase_at(ORGAN)
    for other in (before + 1, before + 2):
        with transaction(), savepoint():
            NodeFact.write(phases.PHASE, other)
            assert phases.phase_at(ORGAN) == other
            db.execute_sql("ROLLBACK TO SAVEPOINT part")
        assert phases.phase_at(ORGAN) == before


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
def test_a_refusal_is_not_remembered(open_office: Office):
    with pytest.raises(NotFound):
        phases.phase_at("new")
    with transaction():
        values = dict(code="new", name="新单位", short_name="新", kind="dept", organ="new")
        Unit.create(**values, rollout=1)
    assert phases.phase_at("new") == 1


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
def test_no_more_is_kept_than_there_is_room_for(
    open_office: Office, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(remembered, "MOST", 3)
    for number in range(20):
        assert sessions._posts(f"person {number}") == ()
    for number in range(20):
        with transaction():
            NodeFact.write("said", number)
        assert NodeFact.lasting("said") == number
    assert len(remembered._editions) <= remembered.EDITIONS
    assert all(len(answers) <= 3 for answers in remembered._editions.values())


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
def test_what_changes_while_it_is_asked_is_not_remembered(
    open_office: Office, monkeypatch: pytest.MonkeyPatch
):
    """Somebody who reads in a snapshot would be told what came after it."""
    read = NodeFact.read

    def changed_meanwhile(key: str) -> Any:
        with another() as there:
            there.execute("UPDATE identity_node_fact SET value = '7' WHERE key = 'phase'")
        return read(key)

    before = edition()
    monkeypatch.setattr(NodeFact, "read", changed_meanwhile)
    assert NodeFact.lasting(phases.PHASE) == 7
    assert edition() != before
    assert remembered._editions.get(before) == {}


@pytest.mark.database("sqlite")  # elsewhere nothing is remembered
def test_without_a_trigger_nothing_is_remembered_and_the_node_says_so(
    open_office: Office, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    post = open_office.desk(PERSON).post.uid
    monkeypatch.setattr(remembered, "_sure", remembered._sure)  # put back, for whoever comes next
    db.execute_sql("DROP TRIGGER identity_post_update_edition")
    node._look_at_triggers()
    assert "storage.unwatched" in caplog.text
    assert desk._held(rights.rights(), post)
    db.execute_sql("UPDATE identity_post SET active = 0 WHERE uid = ?", (post,))
    assert desk._held(rights.rights(), post) is None


@pytest.mark.database("sqlite")
def test_a_question_of_a_page_that_is_imported_later_is_remembered_too(open_office: Office):
    asked: list[str] = []

    @remembered.remembered(NodeFact)
    def late(key: str) -> Any:
        asked.append(key)
        return NodeFact.read(key)

    try:
        assert late("phase") == late("phase") == NodeFact.read("phase")
        assert asked == ["phase"]
    finally:
        del remembered.ASKED[late.__wrapped__]


@pytest.mark.both
def test_a_right_is_there_once_it_is_given_and_gone_once_it_is_taken(office: Office):
    administrator, who = office.desk("何静"), office.desk(PERSON)
    level = min(who.levels)
    for given in (False, True):
        office.act(administrator, grants.grant, post=who.post.uid, level=level, given=given)
        with connection():
            assert (level in rights.rights().of(who.post)) is given
