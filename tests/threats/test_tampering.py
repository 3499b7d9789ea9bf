"""Rows 7 to 9: the administrator with a shell, altered files, yesterday's database."""

from __future__ import annotations

import random
from pathlib import Path

from kernel.acts import hold
from kernel.acts.models import Act, Series
from kernel.errors import OfficeError
from kernel.exchange.models import Evidence, Package
from kernel.node import open_node
from kernel.restoring import back_up
from kernel.storage import log, log_check
from kernel.storage.backup import reading
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, db, transaction
from kernel.storage.models import LogCheckpoint, LogLeaf, LogNode
from kernel.storage.notes import notebook
from kernel.testing_office import Office
from tests.exchange.notice import CPCO
from tests.threats.attacks import a_grant, catch_up, code, drop_guards, flipped, forge_act

WORD = b"a passphrase for tests"


class UndoneError(Exception):
    """Rolls back what was done to the tables."""


def found_after(change: object) -> list[str]:
    """The places that ``log verify`` names after a change by SQL; then it is undone."""
    places: list[str] = []
    try:
        with transaction():
            drop_guards()
            change()  # type: ignore[operator]  # each gives a callable
            places += [problem.where for problem in log_check.verify().problems]
            raise UndoneError
    except UndoneError:
        return places


def test_row_07_administrator_with_a_shell(office: Office):
    """Whatever is edited, removed, put in or cut off by SQL, ``log verify`` names the place."""
    desk = office.desk("何静")
    done = office.act(desk, _granting(), **_grant_of(office))
    catch_up()
    with connection():
        last, leaf = log.size() - 1, LogLeaf.get(LogLeaf.ref == done.uid)
        evidence = Evidence.select().order_by(Evidence.id).get()
        assert log_check.verify().problems == []
    act = Act.update(bytes=b"{}").where(Act.uid == done.uid)
    assert f"act {done.uid}" in found_after(act.execute)
    gone = Act.delete().where(Act.uid == done.uid)
    assert f"act {done.uid}" in found_after(gone.execute)
    other = Evidence.update(record=b"{}").where(Evidence.id == evidence.id)
    assert any(evidence.uid in where for where in found_after(other.execute))
    edited = LogLeaf.update(data=bytes(leaf.data) + b" ").where(LogLeaf.id == leaf.id)
    assert f"leaf {leaf.position}" in found_after(edited.execute)
    removed = LogLeaf.delete().where(LogLeaf.id == leaf.id)
    assert f"leaf {leaf.position}" in found_after(removed.execute)
    assert f"leaf {last}" in found_after(lambda: cut_to(last))
    for place, change in shown_otherwise(done.uid).items():
        found = found_after(lambda change=change: db.execute_sql(change))
        assert any(where.startswith(place) for where in found), (change, found)
    assert "act forged" in found_after(lambda: forge_act(done.uid))
    with connection():
        assert log_check.verify().problems == []


def shown_otherwise(act: str) -> dict[str, str]:
    """What a row shows in place of what was signed, for each kind of row: place → change.

    ``test_rows.py`` has every column.
    """
    last = "(SELECT MAX(id) FROM exchange_delivery)"
    return {
        f"act {act}": f"UPDATE acts_act SET person = 'another' WHERE uid = '{act}'",  # noqa: S608  # an attacker's
        "text ": "UPDATE acts_private SET text = '不同意。'",
        "opinion ": "UPDATE acts_opinion SET text = '不同意。'",
        "series ": "UPDATE acts_series SET next = 95 WHERE name = '市委办发'",
        "package ": "UPDATE exchange_package SET title = '另一个标题'",
        "delivery 0": "UPDATE exchange_delivery SET verified = delivered",
        "delivery ": f"DELETE FROM exchange_delivery WHERE id = {last}",  # noqa: S608  # an attacker's
        "documents.document 0": "UPDATE documents_document SET version = 1",
        "documents.document ": "UPDATE documents_document SET title = '另一个标题'",
    }


def _granting() -> object:
    from kernel.acts.house.grants import grant

    return grant


def _grant_of(office: Office) -> dict[str, object]:
    return {"post": office.post("王芳").uid, "level": "house.switch", "given": True}


def cut_to(size: int) -> None:
    """Make the log as it was when it had so many leaves, with its nodes and checkpoints."""
    LogCheckpoint.delete().where(LogCheckpoint.size > size).execute()
    LogLeaf.delete().where(LogLeaf.position >= size).execute()
    for row in list(LogNode.select()):
        if (row.position + 1) << row.level > size:
            LogNode.delete().where(
                (LogNode.level == row.level) & (LogNode.position == row.position)
            ).execute()
    Act.delete().where(Act.uid.not_in(LogLeaf.select(LogLeaf.ref))).execute()
    Evidence.delete().where(Evidence.uid.not_in(LogLeaf.select(LogLeaf.ref))).execute()


def test_row_08_altered_files(office: Office, tmp_path: Path):
    """Any byte changed in a blob, a backup or a signed row is found."""
    luck = random.Random(8)
    with connection():
        digest = Package.get().blob
    name = digest.removeprefix("sha256:")
    file = office.settings.instance / "blobs" / name[:2] / name[2:]
    data = file.read_bytes()
    places = [luck.randrange(len(data)) for _ in range(40)]
    missed = []
    for at in places:
        file.write_bytes(flipped(data, at))
        missed += [at] if code(lambda: blobs().get(digest)) != "blobs.corrupt" else []
    assert missed == []
    file.write_bytes(data)
    target = tmp_path / "b.backup"
    back_up(office.settings, target, WORD)
    whole = target.read_bytes()
    missed = [
        at for at in (luck.randrange(len(whole)) for _ in range(40)) if passes(whole, at, target)
    ]
    assert missed == []
    with connection():
        acts = list(Act.select().order_by(Act.id))
    for act in luck.sample(acts, 8):
        said = bytes(act.bytes)
        change = Act.update(bytes=flipped(said, luck.randrange(len(said)))).where(Act.id == act.id)
        assert f"act {act.uid}" in found_after(change.execute)


def passes(whole: bytes, at: int, target: Path) -> bool:
    target.write_bytes(flipped(whole, at))
    try:
        with target.open("rb") as stream:
            reading.verify(stream, WORD)
    except OfficeError:
        return False
    return True


def test_row_09_old_database_put_back(office: Office):
    """An older database in its place is announced, and gives out no number until two agree."""
    with connection():
        before = log.size()
        series = Series.get((Series.organ == CPCO) & (Series.name == "市委办发"))
    desk = office.desk("何静")
    office.act(desk, _granting(), **_grant_of(office))
    catch_up()
    assert notebook().newest is not None
    with transaction():
        drop_guards()
        cut_to(before)
        db.execute_sql("DELETE FROM log_leaf WHERE position IS NULL")
    office.close()
    with open_node(office.settings):
        with connection():
            assert (hold.held() or {}).get("why") == "rollback"
            assert any(one.where == "database" for one in log_check.verify().problems)
        again = Office(office.settings, office.node)
        security = again.desk("何静")
        assert code(lambda: a_grant(again, security)) == "node.held"
        assert code(lambda: _take(series)) == "node.held"


def _take(series: Series) -> None:
    from kernel.acts import numbers

    with transaction():
        numbers.take(CPCO, "市委办发", series.year, series, expected=series.next)
