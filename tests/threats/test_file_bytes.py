"""Random bytes of the database file changed, as by a bad disk or a hex editor (row 8).

What is signed or hashed is noticed, all of it. Free pages, indexes and the columns that only
repeat what is signed (the title in a list, the state of a task) are not covered: `log verify`
does not speak of them, and says nothing wrong about them either. Where the database cannot be
opened any more, every command says so and what to do.
"""

from __future__ import annotations

import random
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from kernel import cli
from kernel.acts.models import Act
from kernel.errors import OfficeError
from kernel.exchange.models import Evidence
from kernel.identity.models import Credential
from kernel.node import open_node
from kernel.storage import log_check
from kernel.storage.database import close_database, connection
from kernel.storage.faults import sqlite3
from kernel.storage.models import LogLeaf
from kernel.testing_databases import Databases
from kernel.testing_office import Offices, settings_of
from kernel.work import incidents
from tests.threats.attacks import catch_up, flipped

FLIPS = 60


def signed() -> list[Any]:
    """Everything that is signed or hashed, as it can be read."""
    rows: list[Any] = []
    for model, names in (
        (LogLeaf, ("position", "kind", "ref", "data", "hash")),
        (Act, ("uid", "bytes", "signature")),
        (Evidence, ("uid", "record")),
        (Credential, ("uid", "statement", "signature")),
    ):
        query = model.select(*(getattr(model, name) for name in names)).order_by(model.id)
        rows.append(list(query.tuples()))
    return rows


def test_a_changed_byte_of_the_database_file_is_noticed_where_it_matters(
    tmp_path: Path, databases: Databases, _offices: Offices
):
    folder, luck = tmp_path / "office", random.Random(88)
    settings = _offices.copy(databases, folder)
    if settings.database:
        return  # a server checks its own files
    with open_node(settings):
        catch_up()
        with connection():
            good = signed()
    close_database()
    data = (folder / "juyan.db").read_bytes()
    unnoticed, silent = [], 0
    for _ in range(FLIPS):
        at = luck.randrange(100, len(data))
        copy = tmp_path / "copy"
        shutil.copytree(folder, copy, ignore=shutil.ignore_patterns("juyan.db*", "run", "blobs"))
        (copy / "juyan.db").write_bytes(flipped(data, at))
        outcome = checked(copy, good)
        unnoticed += [at] if outcome == "missed" else []
        silent += outcome == "not covered"
        shutil.rmtree(copy)
    assert unnoticed == []
    assert silent < FLIPS, "none of the changes touched what is signed"


def checked(folder: Path, good: list[Any]) -> str:
    """``noticed``, ``missed``, or ``not covered`` where nothing that is signed has changed."""
    opened = False
    try:
        with open_node(settings_of(folder)):
            opened = True
            with connection():
                same = signed() == good
            noticed = bool(log_check.verify().problems)
    except OfficeError:
        return "noticed"
    except (ValueError, TypeError, KeyError):
        assert opened, "a file that cannot be opened is refused in words"
        return "noticed"
    finally:
        close_database()
    return "noticed" if noticed else "not covered" if same else "missed"


def at(place: int) -> Callable[[Path], list[int]]:
    return lambda _: [place]


def root(name: str) -> Callable[[Path], list[int]]:
    """Where the root page of a table or an index begins."""

    def find(file: Path) -> list[int]:
        database = sqlite3.connect(file)
        size = int(database.execute("PRAGMA page_size").fetchone()[0])
        query = "SELECT rootpage - 1 FROM sqlite_master WHERE name = ?"
        page = int(database.execute(query, (name,)).fetchone()[0])
        database.close()
        return [page * size]

    return find


def schema(statement: bytes, word: bytes) -> Callable[[Path], list[int]]:
    """Where a word stands in a table's definition, and in what is left of older copies of it."""

    def find(file: Path) -> list[int]:
        data = file.read_bytes()
        return [data.index(word, one.start()) for one in re.finditer(re.escape(statement), data)]

    return find


GUARDS = b'CREATE TABLE "plugins_guard"'
PLACES: dict[str, tuple[Callable[[Path], list[int]], int]] = {
    "the magic words": (at(0), 0x01),
    "the size of a page": (at(16), 0x10),
    "the first page of the schema": (at(100), 0x40),
    "the name of a column": (schema(GUARDS, b"verbs"), 0x01),
    "the name of a table": (schema(GUARDS, b"plugins_guard"), 0x01),
    "a letter that is none any more": (schema(GUARDS, b"TABLE"), 0x80),
    "the page of a table": (root("plugins_guard"), 0x40),
    "the page of an index": (root("sqlite_autoindex_identity_node_fact_1"), 0x40),
}
"""What is changed, where, and which bits: whatever lies there, opening a node reads it."""


def spoil(folder: Path, place: str) -> None:
    file, (find, bits) = folder / "juyan.db", PLACES[place]
    places = find(file)
    assert places
    data = bytearray(file.read_bytes())
    for log in folder.glob("juyan.db-*"):
        log.unlink()
    for one in places:
        data[one] ^= bits
    file.write_bytes(data)


@pytest.mark.database("sqlite")
def test_a_node_that_cannot_be_opened_is_refused_in_words(office_folder: Path):
    good = (office_folder / "juyan.db").read_bytes()
    for number, place in enumerate(PLACES, 1):
        (office_folder / "juyan.db").write_bytes(good)
        spoil(office_folder, place)
        with pytest.raises(OfficeError) as refusal, open_node(settings_of(office_folder)):
            pass
        error, known = refusal.value, incidents.known(office_folder)
        assert (error.code, len(known)) == ("storage.damaged", number), place
        for text in (error.zh, error.en):
            assert "manage.py restore" in text
            assert any(one.number in text for one in known)


DOORS = {
    "list": ["units", "list"],
    "verify": ["log", "verify"],
    "server": ["serve", "--port", "18931"],
    "demo": ["demo", "--port", "18931"],
    "worker": ["worker"],
    "migrate": ["migrate"],
}


@pytest.mark.database("sqlite")
def test_every_door_says_so(office_folder: Path):
    spoil(office_folder, "a letter that is none any more")
    for door in DOORS.values():
        answer = CliRunner().invoke(cli.main, ["--instance", str(office_folder), *door])
        assert (answer.exit_code, "[storage.damaged]" in answer.output) == (3, True), answer.output
        assert re.search("E-[0-9A-F]{6}", answer.output) and "Traceback" not in answer.output
