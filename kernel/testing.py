"""The pytest plugin for the kernel's tests and for everybody who writes a plugin.

Load it from your ``conftest.py`` with ``pytest_plugins = ["kernel.testing"]``. It gives:

``@pytest.mark.needs("chromium", "pdfsig")``
    The test needs these parts of the machine (names in :data:`kernel.testing_parts.PARTS`). Where
    one is missing the test is left out, and the report says so. With ``CI=true`` that is a failure.
``@pytest.mark.both``
    The test runs on SQLite and on PostgreSQL (it uses ``databases``, or ``office``, which does).
``@pytest.mark.database("postgresql")``
    The test is about this database and runs on no other one.
``databases``
    Databases for nodes of one's own: see :class:`kernel.testing_databases.Databases`;
    ``lasting_databases`` is the same for fixtures of the whole session.
``@pytest.mark.full``
    A long run, only done with ``--full``.
``@pytest.mark.early``
    Its file takes long (half a minute and more): a parallel run hands it out among the first.
``part``
    A fixture: ``part("pdfsig")`` is the path of a part that the test has named in its marker.
``office``, ``desk``, ``sign``, ``act``, ``client``
    A small founded node, its people, what they do, a browser: see :mod:`kernel.testing_office`.
``office_folder``
    The folder of such a node, not opened, for tests of the command line.
``@pytest.mark.started_anew``
    Signers and workshops are processes as in a real node, but forked from a warm one, which saves
    seconds a test (:mod:`kernel.testing_forks`); for tests about their start this is left out.
``@pytest.mark.plugins("tests/toy")``
    These plugin folders are dropped into the office's ``plugins`` before it opens.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from typing import Any

import pytest

from kernel import testing_parts
from kernel.testing_databases import _server, databases, lasting_databases
from kernel.testing_forks import forking, started_anew
from kernel.testing_office import (
    _offices,
    act,
    client,
    desk,
    office,
    office_folder,
    sign,
)

__all__ = [
    "_offices",
    "_server",
    "act",
    "client",
    "databases",
    "desk",
    "lasting_databases",
    "office",
    "office_folder",
    "part",
    "sign",
]
MARKERS = (
    "needs(part, ...): parts of the machine that the test needs; see kernel.testing_parts",
    "database(kind): the test is about this database only",
    "both: the test runs on SQLite and on PostgreSQL",
    "full: a long run, only done with --full",
    "early: its file takes long, a parallel run begins with it",
    "plugins(folder, ...): plugin folders that are dropped into the office of the test",
    "started_anew: its signers and workshops are started, not forked from a warm process",
)
_not_run = pytest.StashKey[Counter[str]]()
_long = pytest.StashKey[int]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--full``, ``--database`` and ``--remaining``."""
    parser.addoption("--full", action="store_true", help="also the long runs (@pytest.mark.full)")
    parser.addoption(
        "--database",
        default="",
        metavar="KIND",
        help="sqlite, postgresql (a throw-away server), or the URL of a server, for all tests "
        "that use a database [sqlite; both for @pytest.mark.both]",
    )
    parser.addoption(
        "--remaining",
        action="store_true",
        help="with --database: only what a run without it leaves out there; no tests that use none",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and leave the environment's database alone."""
    for marker in MARKERS:
        config.addinivalue_line("markers", marker)
    # Tests and what they start never touch the database of whoever runs them.
    os.environ.pop("JUYAN_DATABASE", None)
    config.stash[_not_run] = Counter()
    config.stash[_long] = 0


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Let tests that are about a database run on theirs, or on both unless one was named."""
    if "databases" not in metafunc.fixturenames:
        return
    about = metafunc.definition.get_closest_marker("database")
    both = metafunc.definition.get_closest_marker("both")
    kinds = list(about.args) if about else ["sqlite", "postgresql"] if both else []
    if kinds and (about or not metafunc.config.getoption("--database")):
        metafunc.parametrize("databases", [_kind(name) for name in kinds], indirect=True)


def _kind(name: str) -> object:
    marks = [pytest.mark.needs(name)] if name in testing_parts.PARTS else []
    return pytest.param(name, marks=marks)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Say which parts of the machine were found."""
    return ["parts of the machine:", *testing_parts.overview()]


def _needs(item: pytest.Item) -> list[str]:
    parts = [str(part) for mark in item.iter_markers("needs") for part in mark.args]
    unknown = [part for part in parts if part not in testing_parts.PARTS]
    if unknown:
        raise pytest.UsageError(f"{item.nodeid} needs {unknown}: no such part in testing_parts")
    return parts


# Last, so that only tests that this run asked for (-k, -m) are counted as not run.
@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what cannot run here, and remember why for the report."""
    asked = [one for one in items if not config.getoption("--remaining") or _remaining(one)]
    keep: list[pytest.Item] = []
    found = {part: testing_parts.find(part) for part in testing_parts.PARTS}
    for item in asked:
        long = "full" in item.keywords and not config.getoption("--full")
        missing = [part for part in _needs(item) if not found[part]]
        config.stash[_long] += long
        if not long:
            config.stash[_not_run].update(missing)
        if not long and not missing:
            keep.append(item)
    kept = set(keep)
    if leave := [item for item in items if item not in kept]:
        config.hook.pytest_deselected(items=leave)
    items[:] = sorted(keep, key=_turn(keep)) if hasattr(config, "workerinput") else keep


def _turn(items: list[pytest.Item]) -> Callable[[pytest.Item], tuple[bool, bool, int]]:
    """Files marked early first, then others with a browser, then those of many tests.

    So no process is left with a long one when the other has none. The order within a file stays.
    """
    files = Counter(item.path for item in items)
    early = {item.path for item in items if item.get_closest_marker("early")}
    slow = {item.path for item in items if "chromium" in _needs(item)}
    return lambda item: (item.path not in early, item.path not in slow, -files[item.path])


def _remaining(item: pytest.Item) -> bool:
    """Whether it uses a database, and a run that names none does it on SQLite alone."""
    uses = {"databases", "lasting_databases"} & set(getattr(item, "fixturenames", ()))
    return bool(uses) and not any(item.get_closest_marker(one) for one in ("both", "database"))


def _lacking(config: pytest.Config) -> list[str]:
    """The missing parts that make this run fail."""
    must = [part for part in testing_parts.required() if not testing_parts.find(part)]
    not_run = config.stash[_not_run]
    if os.environ.get("CI", "").lower() in ("1", "true"):
        must += list(not_run)
    return sorted(set(must))


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what a parallel process left out; all of them collect the same tests."""
    told = getattr(node, "workeroutput", {})
    node.config.stash[_not_run] |= Counter(told.get("juyan_not_run", {}))
    node.config.stash[_long] = max(node.config.stash[_long], told.get("juyan_long", 0))


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """A run that must be whole fails where a part was missing."""
    output = getattr(session.config, "workeroutput", None)
    if output is not None:
        not_run = session.config.stash[_not_run]
        output["juyan_not_run"] = dict(not_run)
        output["juyan_long"] = session.config.stash[_long]
        return
    if exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        if _lacking(session.config):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not run."""
    config = terminalreporter.config
    if config.stash[_not_run]:
        terminalreporter.section("NOT RUN", red=True, bold=True)
    for part, count in sorted(config.stash[_not_run].items()):
        line = f"NOT RUN for lack of {testing_parts.PARTS[part][0]} ({part}): {count} tests"
        terminalreporter.write_line(line, red=True, bold=True)
    if config.stash[_long]:
        terminalreporter.write_line(f"left for --full: {config.stash[_long]} tests", yellow=True)
    if lacking := _lacking(config):
        line = f"FAILED: this run needs {', '.join(lacking)}; install them (.ci/run does)"
        terminalreporter.write_line(line, red=True, bold=True)


@pytest.fixture(scope="session", autouse=True)
def _forks() -> Iterator[None]:
    with forking():
        yield


@pytest.fixture(autouse=True)
def _anew(request: pytest.FixtureRequest) -> Iterator[None]:
    with started_anew() if request.node.get_closest_marker("started_anew") else nullcontext():
        yield


@pytest.fixture
def part(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """``part("pdfsig")``: the path of a part that the test names in ``@pytest.mark.needs``."""
    named = _needs(request.node)

    def path(name: str) -> str:
        found = testing_parts.find(name) if name in named else None
        if found is None:
            raise pytest.UsageError(f'say @pytest.mark.needs("{name}") on the test')
        return found

    return path
