"""The log: what is in it stays in it, and whoever changes it is noticed by name."""

import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import peewee
import pytest

from kernel.crypto import canonical, merkle
from kernel.crypto.note import read_checkpoint
from kernel.errors import Invalid, Unavailable, Unverified
from kernel.storage import log, log_check
from kernel.storage.database import connection, db, on_postgresql, transaction
from kernel.storage.log_check import Report, verify
from kernel.storage.models import LogCheckpoint, LogLeaf, LogNode
from tests.dialect import here

pytestmark = pytest.mark.both
GUARDS = ("log_leaf", "log_node", "log_checkpoint")


def add(count: int, start: int = 0) -> None:
    with transaction():
        for number in range(start, start + count):
            log.append("act", f"uid-{number}", {"digest": f"sha256:{number}"})


@pytest.fixture
def filled(store: Path) -> Path:
    """Seventeen leaves under two checkpoints (at 10 and 17)."""
    add(10)
    log.integrate()
    log.checkpoint()
    add(7, 10)
    log.integrate()
    log.checkpoint()
    return store


class UndoneError(Exception):
    """Rolls back what a test did to the log."""


def after(*statements: str, witnessed: tuple[str, ...] = ()) -> Report:
    """What a check finds after somebody with all rights ran these statements; then undone."""
    reports: list[Report] = []
    with pytest.raises(UndoneError), transaction():
        for table in GUARDS:
            for event in ("update", "delete"):
                db.execute_sql(here(f"DROP TRIGGER {table}_no_{event}"))
        for statement in statements:
            db.execute_sql(here(statement))
        reports.append(verify(witnessed=witnessed))
        raise UndoneError
    return reports[0]


def test_a_leaf_is_a_promise_that_is_kept(store: Path) -> None:
    with transaction():
        value = log.append("act", "uid-0", {"digest": "sha256:x"})
    assert log.size() == 0
    assert log.integrate() == 1
    assert log.size() == 1
    leaf = canonical.dumps({"kind": "act", "ref": "uid-0", "data": {"digest": "sha256:x"}})
    assert value == merkle.leaf_hash(leaf).hex()
    assert log.node(0, 0).hex() == value
    assert log.leaves_of("act", ["uid-0"]) == {"uid-0": [({"digest": "sha256:x"}, value)]}


def test_a_leaf_shares_the_fate_of_its_transaction(store: Path) -> None:
    with pytest.raises(UndoneError), transaction():
        log.append("act", "uid-0", {})
        raise UndoneError
    with pytest.raises(RuntimeError):
        log.append("act", "uid-0", {})
    assert log.leaves_of("act", ["uid-0"]) == {}
    assert log.integrate() == 0


def test_what_has_no_canonical_form_is_refused(store: Path) -> None:
    with pytest.raises(Invalid), transaction():
        log.append("act", "uid-0", {"share": 0.5})


def test_the_tree_is_the_one_of_rfc_6962_however_it_was_cut(store: Path) -> None:
    luck = random.Random(1)
    for _ in range(12):
        add(luck.randrange(1, 20), log.size())
        log.integrate()
        log.checkpoint()
    with connection():
        hashes = [bytes(h) for (h,) in LogLeaf.select(LogLeaf.hash).order_by(LogLeaf.id).tuples()]
        notes = [row.note for row in LogCheckpoint.select().order_by(LogCheckpoint.size)]
    assert len(notes) == 12
    for note in notes:
        said = read_checkpoint(note, "juyan/test/1", log.log_key().public)
        assert said.root == merkle.root(hashes[: said.size])


def test_sequencers_at_the_same_time_share_the_work(store: Path) -> None:
    add(300)
    gate = threading.Barrier(4)

    def work(number: int) -> int:
        gate.wait(10)
        add(5, 1000 + 10 * number)
        return log.integrate()

    with ThreadPoolExecutor(4) as pool:
        taken = sum(pool.map(work, range(4))) + log.integrate()
    assert taken == log.size() == 320
    log.checkpoint()
    assert verify().ok


def test_a_good_log_is_good(filled: Path) -> None:
    steps: list[int] = []
    report = verify(steps.append)
    assert report.problems == []
    assert (report.ok, report.size, report.checkpoints) == (True, 17, 2)
    assert sum(steps) == 17


def test_an_empty_log_is_good(store: Path) -> None:
    log.checkpoint()
    assert verify() == Report(0, 1)


def test_an_unchanged_log_gets_no_second_checkpoint(filled: Path) -> None:
    assert log.checkpoint() == log.checkpoint()
    assert verify().checkpoints == 2


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE log_leaf SET data = x'00' WHERE position = 3",
        "UPDATE log_leaf SET ref = 'other' WHERE position = 3",
        "UPDATE log_leaf SET kind = 'other' WHERE position = 3",
        "UPDATE log_leaf SET hash = x'00' WHERE position = 3",
        "UPDATE log_leaf SET position = 99 WHERE position = 3",
        "UPDATE log_leaf SET position = NULL WHERE position = 3",
        "UPDATE log_leaf SET id = 99 WHERE position = 3",
        "DELETE FROM log_leaf WHERE position = 3",
        "UPDATE log_node SET hash = x'00'",
        "DELETE FROM log_node",
        "UPDATE log_checkpoint SET size = 1",
        "DELETE FROM log_checkpoint",
    ],
)
def test_the_database_itself_refuses_changes(filled: Path, statement: str) -> None:
    with pytest.raises(peewee.IntegrityError, match="insert-only"), transaction():
        db.execute_sql(here(statement))


TAMPERED = {
    "data": ("leaf 5", "UPDATE log_leaf SET data = replace(data, 'uid-5', 'uid-6') WHERE id = 6"),
    "ref": ("leaf 5", "UPDATE log_leaf SET ref = 'uid-6' WHERE id = 6"),
    "kind": ("leaf 5", "UPDATE log_leaf SET kind = 'evidence' WHERE id = 6"),
    "hash": ("leaf 5", "UPDATE log_leaf SET hash = zeroblob(32) WHERE id = 6"),
    "deleted": ("leaf 5", "DELETE FROM log_leaf WHERE id = 6"),
    "deleted and closed up": (
        "leaf 5",
        "DELETE FROM log_leaf WHERE id = 6;"
        "UPDATE log_leaf SET position = -position WHERE position > 5;"
        "UPDATE log_leaf SET position = -position - 1 WHERE position < 0",
    ),
    "exchanged": (
        "leaf 5",
        "UPDATE log_leaf SET position = 99 WHERE id = 6;"
        "UPDATE log_leaf SET position = 5 WHERE id = 9;"
        "UPDATE log_leaf SET position = 8 WHERE id = 6",
    ),
    "cut off": ("leaf 15", "DELETE FROM log_leaf WHERE position > 14"),
    "cut off with its nodes": (
        "leaf 15",
        "DELETE FROM log_leaf WHERE position > 14; DELETE FROM log_node WHERE position > 14",
    ),
    "all gone": ("leaf 0", "DELETE FROM log_leaf; DELETE FROM log_node"),
    "words for numbers": ("log", "UPDATE log_leaf SET position = 'x' WHERE id = 6"),
    "no JSON": ("leaf 5", "UPDATE log_leaf SET data = x'ff' WHERE id = 6"),
    "node": ("node 2/1", "UPDATE log_node SET hash = zeroblob(32) WHERE level = 2 AND position=1"),
    "node gone": ("node 3/0", "DELETE FROM log_node WHERE level = 3 AND position = 0"),
    "leaf's node": ("leaf 5", "DELETE FROM log_node WHERE level = 0 AND position = 5"),
    "note": ("checkpoint 10", "UPDATE log_checkpoint SET note = replace(note, '10', '11')"),
    "size": ("checkpoint 9", "UPDATE log_checkpoint SET size = 9 WHERE size = 10"),
}


@pytest.mark.parametrize("what", TAMPERED)
def test_whoever_changes_it_is_named(filled: Path, what: str) -> None:
    where, statements = TAMPERED[what]
    if what == "words for numbers" and on_postgresql():
        with pytest.raises(peewee.DataError):  # a column of numbers takes no word
            after(statements)
        return
    report = after(*statements.split(";"))
    assert not report.ok
    assert report.problems[0].where == where
    assert verify().ok  # undone, so that the test proves its own change


def test_a_history_rewritten_to_the_last_node_is_noticed(filled: Path) -> None:
    """All rows agree with each other; only the signed roots do not agree with them."""

    def rewrite() -> None:
        hashes = []
        for row in LogLeaf.select().order_by(LogLeaf.id):
            data = bytes(row.data).replace(b"sha256:12", b"sha256:99")
            hashes.append(merkle.leaf_hash(data))
            LogLeaf.update(data=data, hash=hashes[-1]).where(LogLeaf.id == row.id).execute()
        LogNode.delete().execute()
        for level, index, value in merkle.append(log.node, 0, hashes):
            LogNode.insert(level=level, position=index, hash=value).execute()

    assert first_problem_after(rewrite) == ("checkpoint 17", "leaves 10 to 16")


def test_a_leaf_put_in_between_is_noticed(filled: Path) -> None:
    def insert() -> None:
        db.execute_sql("UPDATE log_leaf SET position = -position WHERE position > 5")
        db.execute_sql("UPDATE log_leaf SET position = -position + 1 WHERE position < 0")
        data = canonical.dumps({"kind": "act", "ref": "false", "data": {}})
        LogLeaf.insert(
            kind="act", ref="false", data=data, hash=merkle.leaf_hash(data), position=6
        ).execute()

    assert first_problem_after(insert)[0] == "leaf 6"


def first_problem_after(change: Callable[[], None]) -> tuple[str, str]:
    found: list[tuple[str, str]] = []
    with pytest.raises(UndoneError), transaction():
        for table in GUARDS:
            for event in ("update", "delete"):
                db.execute_sql(here(f"DROP TRIGGER {table}_no_{event}"))
        change()
        problem = verify().problems[0]
        found.append((problem.where, problem.what.split(" / ")[1].removesuffix(SIGNED)))
        raise UndoneError
    return found[0]


SIGNED = " are not what was signed"


def test_a_waiting_leaf_is_checked_too(filled: Path) -> None:
    add(1, 50)
    report = after("UPDATE log_leaf SET data = replace(data, 'uid-50', 'uid-51') WHERE id = 18")
    assert [problem.where for problem in report.problems] == ["waiting leaf 18"]


def test_what_was_cut_off_with_its_checkpoints_is_known_to_a_witness(filled: Path) -> None:
    witness = log.checkpoint()
    cut = (
        "DELETE FROM log_checkpoint WHERE size > 10",
        "DELETE FROM log_leaf WHERE position > 9",
        # The nodes that the last seven leaves completed.
        "DELETE FROM log_node WHERE (position + 1) << level > 10",
    )
    assert after(*cut).ok  # nobody in the house can know
    report = after(*cut, witnessed=(witness,))
    assert [problem.where for problem in report.problems] == ["leaf 10"]


def test_a_note_of_somebody_else_is_no_witness(filled: Path) -> None:
    report = verify(witnessed=[log.checkpoint().replace("17", "18")])
    assert [problem.where for problem in report.problems] == ["witnessed checkpoint"]


def test_any_changed_byte_is_noticed(filled: Path) -> None:
    luck = random.Random(6)
    columns = [("log_leaf", "data"), ("log_leaf", "hash"), ("log_node", "hash")]
    columns += [("log_checkpoint", "note"), ("log_leaf", "ref"), ("log_leaf", "kind")]
    for _ in range(150):
        table, column = luck.choice(columns)
        with connection():
            select = f"SELECT rowid, {column} FROM {table}"  # noqa: S608  # names from this list
            rows = db.execute_sql(here(select)).fetchall()
        row, value = luck.choice(rows)
        raw = value.encode() if isinstance(value, str) else bytes(value)
        place = luck.randrange(len(raw))
        bad = raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]
        text = f"CAST(x'{bad.hex()}' AS TEXT)" if isinstance(value, str) else f"x'{bad.hex()}'"
        change = f"UPDATE {table} SET {column} = {text} WHERE rowid = '{row}'"  # noqa: S608  # ours
        report = after(change)
        assert not report.ok, (table, column, row, place)


def test_no_checkpoint_is_signed_over_another_history(filled: Path) -> None:
    add(3, 17)
    log.integrate()
    with transaction():
        db.execute_sql(here("DROP TRIGGER log_node_no_update"))
        zeros = "UPDATE log_node SET hash = zeroblob(32) WHERE level = 4 AND position = 0"
        db.execute_sql(here(zeros))
    with pytest.raises(Unverified) as refusal:
        log.checkpoint()
    assert refusal.value.code == "log.inconsistent"
    with connection():
        assert LogCheckpoint.select().count() == 2


def test_no_checkpoint_is_signed_over_a_shorter_history(filled: Path) -> None:
    with transaction():
        db.execute_sql(here("DROP TRIGGER log_leaf_no_delete"))
        db.execute_sql("DELETE FROM log_leaf WHERE position > 12")
    with pytest.raises(Unverified) as refusal:
        log.checkpoint()
    assert refusal.value.code == "log.inconsistent"


def test_rooms_compare_their_rows_with_their_leaves(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_check, "_reconcilers", [])

    def acts(step: Callable[[int], object]) -> list[tuple[str, str]]:
        found = log.leaves_of("act", ["uid-3"])
        step(len(found))
        return [(f"act {ref}", "its row is gone") for ref in found]

    log_check.add_reconciler(acts)
    log_check.add_reconciler(acts)
    assert verify().problems == [("act uid-3", "its row is gone")]


def test_the_key_is_made_once_and_never_replaced(filled: Path) -> None:
    file = filled / "keys" / "log.key"
    assert file.stat().st_mode & 0o777 == 0o600
    before = log.log_key().public.public_bytes_raw()
    assert log.open_log_key(filled, "juyan/test/1").public.public_bytes_raw() == before
    file.unlink()
    with pytest.raises(Unavailable) as refusal:
        log.open_log_key(filled, "juyan/test/1")
    assert refusal.value.code == "log.key"
