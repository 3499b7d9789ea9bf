"""The databases that tests run on: SQLite files, and a throw-away PostgreSQL server.

The server is made when the first test asks for it, in a folder of its own (in memory where there
is room), reached over a socket in that folder only. Each process of a parallel run has its own; it
goes with that process, however that ends. It runs as another user where the tests run as root,
because PostgreSQL refuses root.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import count
from pathlib import Path

import psycopg
import pytest

from kernel import testing_parts

USER = "juyan"
FAST = ("fsync=off", "full_page_writes=off", "synchronous_commit=off")
"""For tests that pull no plug."""
MEMORY, ROOM = Path("/dev/shm"), 3 << 30  # noqa: S108  # folders there get names of their own
"""Where databases of tests need no disk, and the free bytes that they may take there."""


class Server:
    """A PostgreSQL server for tests. :ivar base: the URL of a database that is there already."""

    def __init__(self, base: str) -> None:
        self.base = base
        self._numbers = count(1)
        self._made: set[str] = set()

    def url(self, name: str) -> str:
        """The URL of a database on it."""
        head, question, options = self.base.partition("?")
        return f"{head.rpartition('/')[0]}/{name}{question}{options}"

    def create(self, template: str = "") -> str:
        """A new database, empty or a copy of that of another URL; gives its URL."""
        name = f"juyan_test_{os.getpid()}_{next(self._numbers)}"
        origin = name_in(template) if template else "template0"
        self.run(f"CREATE DATABASE {name} TEMPLATE {origin} ENCODING 'UTF8' {self._copying}")
        self._made.add(self.url(name))
        return self.url(name)

    def put_back(self, url: str, template: str) -> None:
        """Let a database be a copy of another one again; nobody may be connected."""
        self.drop(url)
        self.run(f"CREATE DATABASE {name_in(url)} TEMPLATE {name_in(template)}")
        self._made.add(url)

    def drop(self, url: str) -> None:
        """Take a database away, whoever is connected."""
        self.run(f"DROP DATABASE IF EXISTS {name_in(url)} WITH (FORCE)")
        self._made.discard(url)

    def clean(self) -> None:
        """Take away all that were made and not dropped."""
        for url in list(self._made):
            self.drop(url)

    @cached_property
    def _copying(self) -> str:
        """The files as they are, which 15 and newer have to be told, is the fastest."""
        with psycopg.connect(self.base) as base:
            return "STRATEGY file_copy" if base.info.server_version >= 150000 else ""

    def run(self, statement: str) -> None:
        """Run a statement beside all databases of ours."""
        with psycopg.connect(self.base, autocommit=True) as base:
            base.execute(statement.encode())


def name_in(url: str) -> str:
    """The name of the database in one of our URLs."""
    return url.partition("?")[0].rpartition("/")[2]


class Databases:
    """The databases of one test. :ivar kind: ``sqlite`` or ``postgresql``."""

    def __init__(self, server: Server | None) -> None:
        self.kind = "sqlite" if server is None else "postgresql"
        self._server = server
        self._made: list[str] = []

    def create(self, template: str = "") -> str:
        """A new empty database, or a copy of another one; gives its URL, empty for SQLite.

        A file of SQLite lies in the instance folder and is made, and copied, with it.
        """
        if self._server is None:
            return ""
        self._made.append(self._server.create(template))
        return self._made[-1]

    def lasting(self) -> Databases:
        """The same, for databases that live as long as the test session."""
        return Databases(self._server)

    def drop(self) -> None:
        """Take them away."""
        for url in self._made:
            if self._server is not None:
                self._server.drop(url)


@pytest.fixture(scope="session")
def _server(request: pytest.FixtureRequest) -> Iterator[Server]:
    named = str(request.config.getoption("--database"))
    if "://" in named:
        yield (server := Server(named))
        server.clean()
        return
    with running(*FAST, place=memory()) as server:
        yield server


@pytest.fixture(scope="session")
def lasting_databases(request: pytest.FixtureRequest) -> Databases:
    """Databases for fixtures of the whole session, of the kind that ``--database`` names."""
    plain = request.config.getoption("--database") in ("", "sqlite")
    return Databases(None if plain else request.getfixturevalue("_server"))


@pytest.fixture
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """The databases of this test, of the kind that ``--database`` or its marker ``both`` names."""
    named = request.config.getoption("--database") or "sqlite"
    kind = getattr(request, "param", named)
    made = Databases(None if kind == "sqlite" else request.getfixturevalue("_server"))
    yield made
    made.drop()


def memory() -> Path | None:
    """A folder in memory for what no test reads after a crash, if there is room."""
    with suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM:
            return MEMORY
    return None


@contextmanager
def running(*options: str, place: Path | None = None) -> Iterator[Server]:
    """A new server, until the end of the block.

    :param options: settings such as ``fsync=off``. :param place: where its folder is made, if not
        among the temporary ones.
    """
    postgres = testing_parts.find("postgresql")
    if postgres is None:
        raise RuntimeError("there is no PostgreSQL here: @pytest.mark.needs('postgresql')")
    # A short name, because a socket's path has at most 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="juyan-pg-", dir=place))
    try:
        _give_away(folder)
        data = folder / "data"
        initdb = Path(postgres).resolve().parent / "initdb"
        _as_user(
            [str(initdb), "-D", str(data), "-U", USER, "--auth=trust", "--no-sync"]
            + ["-E", "UTF8", "--locale=C.UTF-8"]
        )
        process = _start(postgres, folder, options)
        with _guarded(process.pid, folder):
            try:
                _wait(process, folder)
                yield Server(_base(folder))
            finally:
                process.send_signal(signal.SIGINT)  # whoever is still connected
                process.wait(timeout=60)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _start(postgres: str, folder: Path, options: tuple[str, ...]) -> subprocess.Popen[bytes]:
    settings = [
        "listen_addresses=", f"unix_socket_directories={folder}", "max_connections=60",
        "shared_buffers=64MB", "max_wal_size=256MB", "log_min_messages=fatal", *options,
    ]  # fmt: skip
    command = [postgres, "-D", str(folder / "data")]
    command += [part for setting in settings for part in ("-c", setting)]
    log = (folder / "server.log").open("wb")
    with log:
        # Ctrl-C in the terminal is for the tests, which still need it to end.
        return subprocess.Popen(
            _user(command), stdout=log, stderr=log, cwd=folder, start_new_session=True
        )


_GUARD = """
read -r held; kill -INT "$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do kill -0 "$1" 2>/dev/null || break; sleep 1; done
rm -rf "$2"
"""


@contextmanager
def _guarded(server: int, folder: Path) -> Iterator[None]:
    """Let a process wait for our end: where we are killed it ends the server and clears up."""
    command = ["sh", "-c", _GUARD, "guard", str(server), str(folder)]
    guard = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
    try:
        yield
    finally:
        guard.kill()
        guard.communicate()


def _wait(process: subprocess.Popen[bytes], folder: Path) -> None:
    for _ in range(200):
        try:
            psycopg.connect(_base(folder)).close()
            return
        except psycopg.OperationalError:
            if process.poll() is not None:
                break
            time.sleep(0.1)
    raise RuntimeError((folder / "server.log").read_text())


def _base(folder: Path) -> str:
    return f"postgresql://{USER}@/postgres?host={folder}"


def _as_user(command: list[str]) -> None:
    done = subprocess.run(_user(command), capture_output=True, text=True, check=False, cwd="/")
    if done.returncode:
        raise RuntimeError(done.stdout + done.stderr)


def _user(command: list[str]) -> list[str]:
    """The command as somebody else where we are root."""
    if os.geteuid() != 0:
        return command
    return ["setpriv", f"--reuid={_other()}", f"--regid={_group()}", "--clear-groups", *command]


def _other() -> int:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    return 65534


def _group() -> int:
    return pwd.getpwuid(_other()).pw_gid


def _give_away(folder: Path) -> None:
    folder.chmod(0o711)
    if os.geteuid() == 0:
        os.chown(folder, _other(), _group())
