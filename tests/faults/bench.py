"""The throw-away office of the fault runs: founded once, copied for every round."""

from __future__ import annotations

import gc
import json
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from kernel.acts.house.switches import switch_plugin
from kernel.acts.terminal import act_at, desk_at
from kernel.crypto import ids
from kernel.errors import Unavailable
from kernel.founding import found
from kernel.identity.models import Person, Post
from kernel.node import open_node, prepare_database
from kernel.reference import read
from kernel.seals import signer as signers
from kernel.seals.signer_client import Signer
from kernel.settings import ROOT, Settings
from kernel.storage.database import close_database, connection
from kernel.testing_databases import Server, running
from kernel.testing_office import ORIGIN, UNITS
from plugins.documents.line import issue
from tests.faults.child import Child, Say

FAST = Path("/dev/shm")
"""Memory: what a killed process has written stays, so that no round waits for a disk."""
BOXES = {"main": ["各县（区）委", "市财政局"], "cc": ["市直及省属驻张各部门、各单位"]}
AGE = timedelta(days=3)
"""How long the office has been there; a clock that jumps back stays within it."""
NUMBERED, SENT, SEALED = 3, 2, 1
"""Documents of the template that wait for a number, were sent, wait for their dispatch."""


planted: list[Callable[[], object]] = [lambda: None]
"""What is done in each signer before it serves: the last one is a planted bug, or nothing."""


def letter(what: str) -> dict[str, Any]:
    """A document of the municipal office to seven boxes."""
    return {
        "issuer": "中共张掖市委办公室",
        "type": "通知",
        "title": f"中共张掖市委办公室关于{what}的通知",
        "body": [f"请各单位做好{what}工作。"],
        **BOXES,
    }


class Bench:
    """Makes the template, and copies of it.

    :ivar facts: the uids of the documents: ``numbered``, ``sealed``, ``sent`` (packages).
    :ivar kept: what the faults keep for each other, by name.
    """

    def __init__(self, folder: Path, server: Server | None = None) -> None:
        self.folder = folder
        self.server = server
        self.template = folder / "template"
        self.facts: dict[str, list[str]] = {}
        self.kept: dict[str, Any] = {}
        self._count = 0
        self._urls: dict[Path, str] = {}
        if server is not None:
            self._urls[self.template] = server.create()

    @property
    def kind(self) -> str:
        """``sqlite`` or ``postgresql``."""
        return "sqlite" if self.server is None else "postgresql"

    def settings(self, instance: Path) -> Settings:
        """The settings of a copy."""
        url = self._urls.get(instance, "")
        return Settings(instance=instance, demo=True, origin=ORIGIN, database=url)

    def build(self) -> None:
        """Found the office and bring its documents to where the rounds begin."""
        settings = self.settings(self.template)
        ids.set_clock(lambda: ids._system_clock() - AGE)
        try:
            found(settings, read().only(UNITS))
        finally:
            ids.set_clock(None)
        shutil.copytree(ROOT / "tests/toy/errands", self.template / "plugins" / "errands")
        prepare_database(settings)
        try:
            with open_node(settings):
                self._fill()
        finally:
            Signer(self.template).shutdown()
        shutil.rmtree(self.template / "run", ignore_errors=True)
        (self.template / "facts.json").write_text(json.dumps(self.facts), "utf-8")

    def _fill(self) -> None:
        with connection():
            post = Post.select().join(Person).where(Person.name == "杨帆").get()
        for organ in ("620700-CPCO", "620700-GEDU"):
            act_at(desk_at(post), switch_plugin, organ=organ, plugin="errands", on=True)
        sent = [issue(letter(f"值班{n}")).package for n in range(SENT)]
        sealed = [issue(letter(f"防汛{n}"), until="seal").document for n in range(SEALED)]
        numbered = [issue(letter(f"编号{n}"), until="sign_off").document for n in range(NUMBERED)]
        self.facts = {"sent": sent, "sealed": sealed, "numbered": numbered}

    def fresh(self, origin: Path | None = None) -> Path:
        """A copy of the template, or of another copy; :meth:`drop` takes it away."""
        origin = origin or self.template
        self._count += 1
        place = self.folder / f"r{self._count}"
        shutil.copytree(origin, place, ignore=shutil.ignore_patterns("run", "logs"))
        if self.server is not None:
            self._urls[place] = self.server.create(self._urls[origin])
        return place

    def drop(self, place: Path) -> None:
        """Take a copy away, with its database."""
        shutil.rmtree(place, ignore_errors=True)
        if self.server is not None:
            self.server.drop(self._urls.pop(place))


@contextmanager
def bench(kind: str = "sqlite") -> Iterator[Bench]:
    """A bench in memory, or in the temporary folder where there is no /dev/shm.

    :param kind: ``sqlite``, ``postgresql`` (a server of its own), or the URL of a server.
    """
    if os.access(FAST, os.W_OK):
        tempfile.tempdir = str(FAST)
    if kind == "sqlite":
        with _bench(None) as made:
            yield made
    elif "://" in kind:
        server = Server(kind)
        with _bench(server) as made:
            yield made
        server.clean()
    else:
        with running() as server, _bench(server) as made:
            yield made


@contextmanager
def _bench(server: Server | None) -> Iterator[Bench]:
    place = Path(tempfile.mkdtemp(prefix="juyan-faults-"))
    try:
        made = Bench(place, server)
        made.build()
        close_database()
        gc.collect()
        gc.freeze()  # what is forked then shares its memory, instead of copying it to look at it
        yield made
    finally:
        shutil.rmtree(place, ignore_errors=True)


class _AtOnce(threading.Thread):
    """A thread that is none: what it should do is done where it is started."""

    def start(self) -> None:
        self.run()


@contextmanager
def forked_signer(
    instance: Path, clock: Callable[[], datetime] | None = None, one_thread: bool = False
) -> Iterator[Child]:
    """The signer of a copy, without the second that starting a Python takes.

    :param one_thread: it answers one request after the other in its main thread.
    """

    def serve(say: Say) -> None:
        os.umask(0o077)
        ids.set_clock(clock)
        if one_thread:
            threads: Any = threading
            threads.Thread = _AtOnce
        planted[-1]()
        # The node may have started one by itself, when its signer was killed in its last moments.
        with suppress(Unavailable):
            signers.serve(instance.resolve())

    child = Child(serve)
    client = Signer(instance)
    try:
        end = time.monotonic() + 10
        while not client.listening() and time.monotonic() < end:
            time.sleep(0.002)
        yield child
    finally:
        _end_all(client)
        child.kill()


def _end_all(client: Signer) -> None:
    """End the signer, and those that were started and wait for its place."""
    for _ in range(6):
        with suppress(Unavailable):
            client.shutdown()
            if not client.listening():
                return
