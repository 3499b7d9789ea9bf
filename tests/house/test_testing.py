"""The test run itself: what is missing is said, and the last line is pytest's."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from kernel.settings import ROOT


@pytest.fixture
def inner(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Run a test file of its own with kernel.testing; gives its report and exit code."""
    pytester.makepyfile(
        """
        import pytest

        @pytest.mark.needs("clamav")
        def test_scan(): ...

        @pytest.mark.full
        def test_long(): ...

        def test_plain(): ...
        """
    )

    def run(*options: str, **environment: str) -> str:
        for name in ("CI", "JUYAN_REQUIRED_PARTS"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        result = pytester.runpytest_inprocess("-p", "kernel.testing", *options)
        return f"{result.stdout.str()}\nexit {int(result.ret)}"

    return run


def without_programs(tmp_path: Path) -> str:
    (tmp_path / "empty").mkdir()
    return str(tmp_path / "empty")


def test_a_missing_part_is_reported_and_fails_in_ci(inner: Callable[..., str], tmp_path: Path):
    path = without_programs(tmp_path)
    here = inner(PATH=path)
    assert "NOT RUN for lack of ClamAV (clamav): 1 tests" in here
    assert "left for --full: 1 tests" in here
    assert "1 passed, 2 deselected" in here and here.endswith("exit 0")
    in_ci = inner(PATH=path, CI="true")
    assert "FAILED: this run needs clamav" in in_ci and in_ci.endswith("exit 1")
    assert inner("-k", "plain", PATH=path, CI="true").endswith("exit 0")


def test_a_required_part_fails_even_where_no_test_needs_it(
    inner: Callable[..., str], tmp_path: Path
):
    path = without_programs(tmp_path)
    report = inner("-k", "plain", PATH=path, JUYAN_REQUIRED_PARTS="openssl")
    assert "FAILED: this run needs openssl" in report and report.endswith("exit 1")


def test_with_the_part_and_full_everything_runs(inner: Callable[..., str], tmp_path: Path):
    program = tmp_path / "clamd"
    program.write_text("")
    program.chmod(0o755)
    report = inner("--full", PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert "3 passed" in report and "NOT RUN" not in report


@pytest.mark.parametrize(("body", "code", "last"), [("1", 0, "1 passed"), ("0", 1, "1 failed")])
def test_the_command_ends_with_what_pytest_counted(body: str, code: int, last: str, tmp_path: Path):
    file = tmp_path / "test_one.py"
    file.write_text(f"def test_one():\n    assert {body}\n")
    run = subprocess.run(
        [sys.executable, "-c", "from kernel.cli import main; main()", "test", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    lines = run.stdout.strip().splitlines()
    assert run.returncode == code
    assert lines[0].endswith("parts of the machine:")
    assert lines[-1].startswith(f"{last} in ")
