"""The web process from nothing to its first page, against a bare one with the same parts.

What is counted is the CPU time of the web process alone, until its first page is answered, and its
memory after that. Drivers of servers that this node does not use are hidden from both, because
peewee loads whatever is installed beside it.

``floor_ratio`` says what the reading of our code alone takes of the bare process' whole start.
"""

from __future__ import annotations

import http.client
import os
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kernel.settings import ROOT
from tests.bench.measure import Clock, Result, side_by_side

GOAL_START, GOAL_MEMORY = 1.5, 90
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
HIDDEN = "import sys; sys.modules['psycopg'] = sys.modules['psycopg2'] = None\n"
OURS = "from kernel.cli import main; main()"
IMPORTS = """
import gc
gc.disable()  # as the start does
import os
import uvicorn.lifespan.on, uvicorn.loops.uvloop, uvicorn.protocols.http.httptools_impl
from pathlib import Path
import kernel.cli.serve
from kernel.plugins import discovery
found, _ = discovery.order(discovery.find([Path("plugins")]))
for one in found:
    discovery.load(one)
os._exit(0)
"""
"""Only the code of the program read: no node, no server, no page."""
BARE = """
import socket, sys
import peewee, uvicorn
from jinja2 import DictLoader, Environment
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route

rows = "<ul>{% for (name,) in rows %}<li>{{ name }}</li>{% endfor %}</ul>"
pages = Environment(loader=DictLoader({"page": rows}), autoescape=True)
database = peewee.SqliteDatabase(sys.argv[1])

def page(request):
    with database.connection_context():
        found = database.execute_sql("SELECT name FROM identity_person LIMIT 50").fetchall()
    return HTMLResponse(pages.get_template("page").render(rows=found))

app = Starlette(routes=[Route("/login", page)])
uvicorn.run(app, port=int(sys.argv[2]), log_level="critical")
"""


@dataclass
class Started:
    """What a process had used when its first page was answered: CPU seconds, and MB of memory."""

    cpu: float
    memory: float


@contextmanager
def _running(program: str, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    line = [sys.executable, "-c", HIDDEN + program, *arguments]
    with subprocess.Popen(line, cwd=ROOT, stdout=subprocess.DEVNULL) as process:
        try:
            yield process
        finally:
            process.send_signal(signal.SIGTERM)


def started(program: str, port: int, *arguments: str) -> Started:
    """Start a server, ask for its sign-in page until it answers, and look at what it used."""
    with _running(program, *arguments) as process:
        _first_page(process, port)
        fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
        resident = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return Started((int(fields[11]) + int(fields[12])) / _TICKS, resident * _PAGE / 1e6)


def _first_page(process: subprocess.Popen[bytes], port: int, seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        connection = http.client.HTTPConnection("localhost", port, timeout=seconds)
        try:
            connection.request("GET", "/login")
            answer = connection.getresponse()
            assert answer.status == 200 and answer.read()
            return
        except ConnectionRefusedError:
            time.sleep(0.05)
        finally:
            connection.close()
    raise RuntimeError(f"no page from {process.args!r}")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Starting:
    """One node, started again and again; nothing else has it open."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.memory: list[float] = []

    def ours(self, clock: Clock) -> None:
        port = _free_port()
        line = ("--instance", str(self.folder), "serve", "--port", str(port), "--no-worker")
        found = started(OURS, port, *line)
        clock.cpu += found.cpu
        self.memory.append(found.memory)

    def bare(self, clock: Clock) -> None:
        port = _free_port()
        clock.cpu += started(BARE, port, str(self.folder / "juyan.db"), str(port)).cpu

    def imports(self) -> float:
        """CPU seconds for reading our code and what it stands on, and nothing else."""
        line = [sys.executable, "-c", HIDDEN + IMPORTS]
        process = subprocess.Popen(line, cwd=ROOT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        assert process.returncode == 0
        return used.ru_utime + used.ru_stime


def starting(folder: Path, rounds: int) -> list[Result]:
    """Two lines: CPU until the first page, and memory after it.

    :param folder: of a founded node on SQLite that nobody has open.
    """
    bench = Starting(folder)
    pair = side_by_side(rounds, bench.ours, bench.bare)
    read = statistics.median(bench.imports() for _ in range(rounds))
    value, baseline = pair.median("ours", "cpu"), pair.median("raw", "cpu")
    ratio, memory = pair.ratio("cpu"), max(bench.memory)
    return [
        Result(
            "start to the first page, CPU", value, "ms", baseline, ratio,
            f"<= {GOAL_START} x bare Starlette, Jinja2, peewee, uvicorn", ratio <= GOAL_START,
            {"rounds": rounds, "floor_ratio": read * 1000 / baseline},
        ),
        Result(
            "web process after the first page", memory, "MB", float(GOAL_MEMORY),
            memory / GOAL_MEMORY, f"<= {GOAL_MEMORY} MB", memory <= GOAL_MEMORY,
            {"rounds": rounds},
        ),
    ]  # fmt: skip
