"""Every row's test fails when its control is taken away; a row without that proves nothing."""

from __future__ import annotations

import importlib
import inspect
import os
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from kernel.settings import ROOT
from tests.threats.controls import CONTROLS, THREATS, Control
from tests.threats.proofs import PROOFS

pytestmark = pytest.mark.early
ROWS = {*range(1, 11), 12, 14, 15, *range(18, 29)}
"""The rows of the table that are proved here."""
TABLE = ROOT / "docs" / "threats.md"


def row_tests() -> dict[int, Callable[..., Any]]:
    """The test of each row, by its number."""
    found: dict[int, Callable[..., Any]] = {}
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith("test_") or module.name == "test_controls":
            continue
        for name, value in vars(importlib.import_module(f"tests.threats.{module.name}")).items():
            if match := re.match(r"test_row_(\d+)_", name):
                assert int(match[1]) not in found, name
                found[int(match[1])] = value
    return found


TESTS = row_tests()


def test_every_row_has_a_test_and_every_test_a_control():
    assert set(TESTS) == {one.row for one in CONTROLS} == ROWS


@pytest.mark.parametrize("control", CONTROLS, ids=[f"{one.row:02d} {one.name}" for one in CONTROLS])
def test_a_row_fails_without_its_control(
    control: Control, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
):
    test = TESTS[control.row]
    _offices_are_made_before(request)
    control.remove(monkeypatch)
    # After the removal: a node is opened without the control, too.
    given = {name: request.getfixturevalue(name) for name in inspect.signature(test).parameters}
    with pytest.raises((AssertionError, pytest.fail.Exception)) as failed:
        test(**given)
    said = statement_of(failed, test)
    assert said.startswith(PROOFS.get((control.row, control.name), "assert ")), said


def statement_of(failed: pytest.ExceptionInfo[BaseException], test: Callable[..., Any]) -> str:
    """The statement of the row's test in which it failed; empty where something else did."""
    if "/tests/" not in str(failed.traceback[-1].path):
        return ""
    own = [one for one in failed.traceback if one.frame.code.raw is test.__code__]
    return str(own[-1].statement).strip() if own else ""


def _offices_are_made_before(request: pytest.FixtureRequest) -> None:
    """What all tests share is founded with every control in its place."""
    offices, databases = request.getfixturevalue("_offices"), request.getfixturevalue("databases")
    offices.copy(databases, request.getfixturevalue("tmp_path") / "first")


HEAD = """\
# 威胁与控制 Threats and controls

每一行由一项测试证明；把控制逐一去掉，该测试就必须失败（`tests/threats/test_controls.py`）。
Each row is proved by a test, and the test has to fail when any of its controls is taken away, one
at a time; `tests/threats/test_controls.py` does that in every run of the suite.

| 行 row | 威胁 threat | 控制 controls | 测试 test |
|---|---|---|---|
"""
FOOT = """
不在此表之列 Not in this table: 11, 13, 16, 17, 29, 30 (other nodes, watched folders, antivirus,
outgoing connections, supply chain, previews) come with the parts that they are about.

What `log verify` compares for row 7, and what it cannot show: [log.md](log.md).
"""


def written() -> str:
    rows = []
    for row, test in sorted(TESTS.items()):
        controls = "; ".join(one.name for one in CONTROLS if one.row == row)
        where = f"`{test.__module__.rpartition('.')[2]}.py` {test.__name__}"
        rows.append(f"| {row} | {THREATS[row]} | {controls} | {where} |")
    return HEAD + "\n".join(rows) + "\n" + FOOT


def test_the_table_in_the_docs_is_this_one():
    """``JUYAN_WRITE_DOCS=1`` writes it anew."""
    if os.environ.get("JUYAN_WRITE_DOCS") == "1":
        TABLE.write_text(written(), "utf-8")
    assert TABLE.read_text("utf-8") == written()
