"""Every row's test fails when its control is taken away; a row without that proves nothing."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.threats.controls import CONTROLS, Control

ROWS = {*range(1, 11), 18, 19, 21, 22, 23, 24, 25, 26, 27, 28}
"""The rows of the table that are proved here."""


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
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        test(**given)


def _offices_are_made_before(request: pytest.FixtureRequest) -> None:
    """What all tests share is founded with every control in its place."""
    offices, databases = request.getfixturevalue("_offices"), request.getfixturevalue("databases")
    offices.copy(databases, request.getfixturevalue("tmp_path") / "first")
