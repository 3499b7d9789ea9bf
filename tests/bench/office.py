"""The node of the benches: the small one of the tests, with the errands plugin in it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kernel.acts.house.switches import switch_plugin
from kernel.founding import found
from kernel.identity.models import Unit
from kernel.node import open_node, prepare_database
from kernel.reference import read
from kernel.seals.signer_client import Signer
from kernel.settings import ROOT, Settings
from kernel.storage.bulk import insert_rows
from kernel.storage.database import transaction
from kernel.testing_office import ORIGIN, UNITS, Office

CLERK, ADMINISTRATOR, ORGAN = "孙倩", "杨帆", "620700-CPCO"
PLUGIN = ROOT / "tests" / "toy" / "errands"


def settings_of(folder: Path) -> Settings:
    return Settings(instance=folder, demo=True, origin=ORIGIN)


def founded(folder: Path) -> Path:
    """A new node in the folder."""
    found(settings_of(folder), read().only(UNITS))
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[Office]:
    """The node, opened, with the errands plugin; its signer ends with it."""
    target = folder / "plugins" / PLUGIN.name
    if not target.exists():
        shutil.copytree(PLUGIN, target)
        prepare_database(settings_of(folder))
    try:
        with open_node(settings_of(folder)) as node:
            office = Office(settings_of(folder), node)
            administrator = office.desk(ADMINISTRATOR)
            office.act(administrator, switch_plugin, organ=ORGAN, plugin=PLUGIN.name, on=True)
            yield office
    finally:
        Signer(folder).shutdown()


def add_boxes(count: int) -> list[str]:
    """So many more organs with an exchange box; gives their codes."""
    codes = [f"900{number:04d}" for number in range(count)]
    rows = [
        {
            "code": code, "name": f"测试单位{code}", "short_name": f"单位{code}", "kind": "dept",
            "organ": code, "box": True, "rollout": 1,
        }
        for code in codes
    ]  # fmt: skip
    with transaction():
        insert_rows(Unit, rows)
    return codes
