"""Random changes by SQL, by somebody with all rights: each is named with its place (row 7)."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress

import pytest

from kernel.acts.models import Act
from kernel.crypto import canonical, merkle
from kernel.exchange.models import Evidence
from kernel.identity.models import Credential
from kernel.storage import log, log_check
from kernel.storage.database import connection, savepoint, transaction
from kernel.storage.models import LogCheckpoint, LogLeaf, LogNode
from kernel.testing_office import Office
from tests.threats.attacks import catch_up, drop_guards, flipped

pytestmark = pytest.mark.early
SEED = 6962
Change = tuple[str, Callable[[], object]]
"""The place that has to be named, and what is done."""


class UndoneError(Exception):
    """Rolls back a change."""


def _flip(luck: random.Random, value: bytes) -> bytes:
    return flipped(value, luck.randrange(len(value)))


def edited_leaf(luck: random.Random, size: int) -> Change:
    row = LogLeaf.get(LogLeaf.position == luck.randrange(size))
    column = luck.choice(["data", "hash"])
    value = _flip(luck, bytes(getattr(row, column)))
    change = LogLeaf.update({column: value}).where(LogLeaf.id == row.id)
    return f"leaf {row.position}", change.execute


def deleted_leaf(luck: random.Random, size: int) -> Change:
    place = luck.randrange(size)
    return f"leaf {place}", LogLeaf.delete().where(LogLeaf.position == place).execute


def inserted_leaf(luck: random.Random, size: int) -> Change:
    """A leaf put in between: all that follow move on by one, with another content at its place."""
    place = luck.randrange(size)

    def insert() -> None:
        LogLeaf.update(position=LogLeaf.position * -1).where(LogLeaf.position > place).execute()
        LogLeaf.update(position=LogLeaf.position * -1 + 1).where(LogLeaf.position < 0).execute()
        data = canonical.dumps({"kind": "act", "ref": "false", "data": {"n": place}})
        LogLeaf.insert(
            kind="act", ref="false", data=data, hash=merkle.leaf_hash(data), position=place + 1
        ).execute()

    return f"leaf {place + 1}", insert


def exchanged_leaves(luck: random.Random, size: int) -> Change:
    one, other = sorted(luck.sample(range(size), 2))

    def exchange() -> None:
        for before, after in ((one, size + 9), (other, one), (size + 9, other)):
            LogLeaf.update(position=after).where(LogLeaf.position == before).execute()

    return f"leaf {one}", exchange


def cut_off(luck: random.Random, size: int) -> Change:
    """The end of the log is gone, with or without what stands upon it."""
    place, thorough = luck.randrange(1, size), luck.random() < 0.5

    def cut() -> None:
        LogLeaf.delete().where(LogLeaf.position >= place).execute()
        if thorough:
            LogCheckpoint.delete().where(LogCheckpoint.size > place).execute()
            for row in list(LogNode.select()):
                if (row.position + 1) << row.level > place:
                    same = (LogNode.level == row.level) & (LogNode.position == row.position)
                    LogNode.delete().where(same).execute()

    return f"leaf {place}", cut


def changed_node(luck: random.Random, size: int) -> Change:
    row = luck.choice(list(LogNode.select().order_by(LogNode.level, LogNode.position)))
    same = (LogNode.level == row.level) & (LogNode.position == row.position)
    place = f"node {row.level}/{row.position}" if row.level else f"leaf {row.position}"
    if luck.random() < 0.5:
        return place, LogNode.delete().where(same).execute
    return place, LogNode.update(hash=_flip(luck, bytes(row.hash))).where(same).execute


def changed_note(luck: random.Random, size: int) -> Change:
    row = luck.choice(list(LogCheckpoint.select().order_by(LogCheckpoint.size)))
    lines = row.note.split("\n")
    lines[1] = str(int(lines[1]) + luck.randrange(1, 99))
    same = LogCheckpoint.size == row.size
    return f"checkpoint {row.size}", LogCheckpoint.update(note="\n".join(lines)).where(same).execute


def changed_act(luck: random.Random, size: int) -> Change:
    row = luck.choice(list(Act.select().order_by(Act.id)))
    if luck.random() < 0.3:
        return f"act {row.uid}", Act.delete().where(Act.id == row.id).execute
    column = luck.choice(["bytes", "signature"] if row.signature else ["bytes"])
    change = Act.update({column: _flip(luck, bytes(getattr(row, column)))})
    return f"act {row.uid}", change.where(Act.id == row.id).execute


def changed_evidence(luck: random.Random, size: int) -> Change:
    row = luck.choice(list(Evidence.select().order_by(Evidence.id)))
    if luck.random() < 0.3:
        return f"evidence {row.uid}", Evidence.delete().where(Evidence.id == row.id).execute
    change = Evidence.update(record=_flip(luck, bytes(row.record))).where(Evidence.id == row.id)
    return f"evidence {row.uid}", change.execute


def changed_key(luck: random.Random, size: int) -> Change:
    row = luck.choice(list(Credential.select().order_by(Credential.id)))
    column = luck.choice(["statement", "signature"])
    change = Credential.update({column: _flip(luck, bytes(getattr(row, column)))})
    return f"key {row.uid}", change.where(Credential.id == row.id).execute


KINDS = [edited_leaf, deleted_leaf, inserted_leaf, exchanged_leaves, cut_off, changed_node,
         changed_note, changed_act, changed_evidence, changed_key]  # fmt: skip


def missed(count: int, seed: int = SEED) -> list[str]:
    """What of so many random changes was not named at its place."""
    luck, found = random.Random(seed), []
    catch_up()
    try:
        with transaction():
            size = log.size()
            drop_guards()
            assert log_check.verify().problems == []
            for number in range(count):
                kind = KINDS[number % len(KINDS)]
                place, change = kind(luck, size)
                places = _places_after(change)
                if place not in places:
                    found.append(f"{number} {kind.__name__}: {place} is not in {places[:5]}")
            raise UndoneError
    except UndoneError:
        return found


def _places_after(change: Callable[[], object]) -> list[str]:
    places: list[str] = []
    try:
        with savepoint():
            change()
            places += [problem.where for problem in log_check.verify().problems]
            raise UndoneError
    except UndoneError:
        return places


@pytest.mark.parametrize("place", ["digest", "signature", "data"])
def test_a_leaf_that_lost_a_name_is_named_and_not_fallen_over(office: Office, place: str):
    catch_up()
    with connection():
        row = LogLeaf.get(LogLeaf.position == log.size() - 1)
        act = LogLeaf.select().where(LogLeaf.kind == "act").order_by(LogLeaf.id.desc()).get()
        leaves = {row.position: row, act.position: act}
    for position, leaf in leaves.items():
        spoilt = bytes(leaf.data).replace(f'"{place}"'.encode(), b'"spoilt"')
        places = []
        with suppress(UndoneError), transaction():
            drop_guards()
            places = _places_after(LogLeaf.update(data=spoilt).where(LogLeaf.id == leaf.id).execute)
            raise UndoneError
        assert spoilt == bytes(leaf.data) or f"leaf {position}" in places


def test_some_dozen_random_changes_are_named(office: Office):
    assert missed(60) == []


@pytest.mark.full
@pytest.mark.parametrize("seed", range(10))
def test_ten_thousand_random_changes_are_named(office: Office, seed: int):
    assert missed(1000, seed) == []


def test_nothing_is_named_where_nothing_was_changed(office: Office):
    catch_up()
    with connection():
        assert log_check.verify().problems == []
