"""The test run itself: what is missing is said, and the last line is pytest's."""

import os
import re
import signal
import subprocess
import sys
import time
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


def test_processes_side_by_side_count_what_was_not_run_once(
    inner: Callable[..., str], tmp_path: Path
):
    path, two = without_programs(tmp_path), ("-n", "2", "--dist", "loadfile")
    report = inner(*two, PATH=path, CI="true")
    assert "NOT RUN for lack of ClamAV (clamav): 1 tests" in report
    assert "left for --full: 1 tests" in report
    assert "FAILED: this run needs clamav" in report and report.endswith("exit 1")
    assert report.splitlines()[-2].strip("= ").startswith("1 passed in ")


def test_processes_begin_with_the_files_that_take_long(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("JUYAN_CHROMIUM", sys.executable)  # it is only looked for
    head, test = "import pytest\n", "def test_{}(): ..."
    one, two = test.format(1), "\n".join([test.format(1), test.format(2)])
    pytester.makepyfile(
        test_a=one,
        test_b=two,
        test_c=f'{head}pytestmark = pytest.mark.needs("chromium")\n{one}',
        test_d=f"{head}pytestmark = pytest.mark.early\n{one}",
    )
    queue = ("-n", "1", "--dist", "loadfile", "--no-loadscope-reorder", "-v")
    report = pytester.runpytest_inprocess("-p", "kernel.testing", *queue).stdout.str()
    assert re.findall(r"PASSED test_(\w)\.py", report) == ["d", "c", "b", "b", "a"]


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


def test_remaining_are_those_that_a_plain_run_does_on_sqlite_alone(
    pytester: pytest.Pytester,
):
    pytester.makepyfile(
        """
        import pytest

        def test_plain(): ...

        def test_one(databases): ...

        def test_session(lasting_databases): ...

        @pytest.mark.both
        def test_both(databases): ...

        @pytest.mark.database("sqlite")
        def test_about(databases): ...
        """
    )
    options = ("--database", "postgresql", "--remaining", "--collect-only", "-q")
    listed = pytester.runpytest_inprocess("-p", "kernel.testing", *options).stdout.str()
    names = [line.partition("::")[2] for line in listed.splitlines() if "::" in line]
    assert names == ["test_one", "test_session"]


SERVING = """
import time
from pathlib import Path

from kernel.testing_databases import FAST, running

def test_wait():
    with running(*FAST) as server:
        Path({note!r}).write_text(server.base)
        time.sleep(300)
"""


def serving(folder: Path, name: str) -> Path:
    """A test file that keeps a server; the path of the note in which it says where."""
    note = folder / f"note-{name}"
    (folder / f"test_{name}.py").write_text(SERVING.format(note=str(note)))
    return note


def start(*command: str) -> subprocess.Popen[bytes]:
    """In a terminal of its own, so to speak."""
    nowhere = subprocess.DEVNULL
    whole = [sys.executable, *command]
    return subprocess.Popen(
        whole,
        cwd=ROOT,
        stdout=nowhere,
        stderr=nowhere,
        start_new_session=True,
        # Who runs the tests behind a shell's & has Ctrl-C ignored, and so would all its children.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def gone_after(
    run: subprocess.Popen[bytes], notes: list[Path], how: Callable[[int, int], None], sign: int
) -> None:
    """Wait for the servers, send the signal, and see that neither they nor the run are left."""
    try:
        until(lambda: all(note.exists() and note.read_text() for note in notes))
        folders = [Path(note.read_text().partition("host=")[2]) for note in notes]
        assert all(folder.is_dir() for folder in folders)
        how(run.pid, sign)
        until(lambda: not any(folder.exists() for folder in folders))
        until(lambda: not alive(run.pid))
    finally:
        if alive(run.pid):
            os.killpg(run.pid, signal.SIGKILL)
        run.wait()


@pytest.mark.needs("postgresql")
def test_ctrl_c_ends_all_processes_and_their_servers(tmp_path: Path):
    notes = [serving(tmp_path, name) for name in ("one", "two")]
    options = ("-p", "kernel.testing", "-n", "2", "--dist", "loadfile", str(tmp_path))
    run = start("-c", "from kernel.cli import main; main()", "test", *options)
    gone_after(run, notes, os.killpg, signal.SIGINT)


@pytest.mark.needs("postgresql")
def test_no_server_outlives_a_process_that_is_killed(tmp_path: Path):
    note = serving(tmp_path, "one")
    run = start("-c", f"{(tmp_path / 'test_one.py').read_text()}\ntest_wait()")
    gone_after(run, [note], os.kill, signal.SIGKILL)


def alive(group: int) -> bool:
    """Whether a process of this group is left; one that is only to be reaped is not."""
    states = [
        fields[0]
        for one in Path("/proc").glob("[0-9]*/stat")
        if (fields := stat(one)) and int(fields[2]) == group
    ]
    return any(state not in "ZX" for state in states)


def stat(file: Path) -> list[str]:
    """State, parent, group … of a process."""
    try:
        return file.read_text().rpartition(")")[2].split()
    except OSError:
        return []


def until(done: Callable[[], bool]) -> None:
    """Wait for something that other processes do."""
    end = time.monotonic() + 120
    while not done():
        assert time.monotonic() < end
        time.sleep(0.1)
