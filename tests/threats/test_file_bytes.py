"""Random bytes of the database file changed, as by a bad disk or a hex editor (row 8).

What is signed or hashed is noticed, all of it. Free pages, indexes and the columns that only
repeat what is signed (the title in a list, the state of a task) are not covered: `log verify`
does not speak of them, and says nothing wrong about them either.
"""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import Any

from kernel.acts.models import Act
from kernel.errors import OfficeError
from kernel.exchange.models import Evidence
from kernel.identity.models import Credential
from kernel.node import open_node
from kernel.storage import log_check
from kernel.storage.database import close_database, connection
from kernel.storage.models import LogLeaf
from kernel.testing_databases import Databases
from kernel.testing_office import Offices, settings_of
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
    try:
        with open_node(settings_of(folder)):
            with connection():
                same = signed() == good
            noticed = bool(log_check.verify().problems)
    except (OfficeError, ValueError, TypeError, KeyError):
        return "noticed"
    finally:
        close_database()
    return "noticed" if noticed else "not covered" if same else "missed"
