"""A small founded node for tests, and the people who work in it.

Founded once a test session, copied for each test. Everything is real: the database, the keys, the
signer (a process, started by the first test that seals), the plugins in the checkout.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

import httpx2
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from msgspec import Struct, field
from starlette.applications import Starlette
from starlette.testclient import TestClient

from kernel.acts import outbox
from kernel.acts.gate import Done, PreparedAct, perform, prepare
from kernel.acts.subjects import Subject
from kernel.founding import found
from kernel.identity import sessions
from kernel.identity.authenticators import Signature, authenticators
from kernel.identity.desk import Desk
from kernel.identity.models import Credential, Person, Post, Unit
from kernel.node import Node, open_node, prepare_database
from kernel.plugins.bus import bus
from kernel.reference import Reference, read
from kernel.seals.signer_client import Signer
from kernel.settings import Settings, load
from kernel.storage.database import connection, transaction
from kernel.storage.instance import file_lock
from kernel.testing_databases import Databases

ORIGIN = "http://testserver"
UNITS = frozenset(
    {
        *("620700", "620700-CPC", "620700-GOV", "620702", "620702-CPC"),
        *("620700-CPCO", *(f"620700-CPCO.0{n}" for n in range(1, 8))),
        *("620700-NPCO", "620700-GOVO", "620700-CPPCCO", "620700-INFO"),
        *("620700-GFIN", "620700-GEDU", "620702-CPCO", "620702101"),
    }
)
"""The units of the small node; all in phase 1 but the township 620702101, which is in phase 3."""


class Browser(TestClient):
    """A browser at the portal: :meth:`login` chooses a person on the login page of the demo."""

    office: Office

    def login(self, name: str, unit: str = "") -> httpx2.Response:
        """Sign in as a person of the node and follow to the home page."""
        post = self.office.post(name, unit)
        return self.post("/login", data={"post": post.uid, "next": "/"})


class Office(Struct, dict=True):
    """An open node with its people.

    :ivar settings: of the node. :ivar node: opened, with its routes.
    """

    settings: Settings
    node: Node
    _browsers: list[Browser] = field(default_factory=list)
    _serving: ExitStack = field(default_factory=ExitStack)

    def post(self, name: str, unit: str = "") -> Post:
        """The post of the person of this name (in this unit, if named)."""
        with connection():
            query = Post.select(Post, Person, Unit).join(Person).switch(Post).join(Unit)
            query = query.where((Person.name == name) & ((Unit.code == unit) | (unit == "")))
            found: Post = query.get()
        return found

    def desk(self, name: str, unit: str = "") -> Desk:
        """The person of this name at his desk, signed in with his soft key."""
        post = self.post(name, unit)
        with transaction():
            credential = Credential.get(
                (Credential.person == post.person.uid) & Credential.revoked.is_null()
            )
            token = sessions.start(post, credential.uid)
            found = sessions.find(token, self.settings.public_origin)
        assert found is not None
        return found

    def sign(self, desk: Desk, prepared: PreparedAct) -> Signature:
        """The signature of this desk's soft key over a prepared act."""
        soft = authenticators().get("soft")
        assert soft is not None
        signature = soft.sign(desk.credential, prepared.statement.bytes)
        assert signature is not None
        return signature

    def act(
        self,
        desk: Desk,
        verb: Callable[..., Any],
        subject: Subject | None = None,
        /,
        **arguments: Any,
    ) -> Done:
        """Prepare, sign where that is due, perform, and wait for what follows from it."""
        prepared = prepare(desk, verb, subject, **arguments)
        signed = prepared.verb.weight == "signed"
        done = perform(desk, prepared, self.sign(desk, prepared) if signed else None)
        assert outbox.settle(done.uid), f"the effects of {prepared.verb.name} are not done"
        return done

    def browser(self) -> Browser:
        """A new browser, nobody signed in."""
        own = {"sec-fetch-site": "same-origin"}  # as browsers say of what is clicked in our pages
        made = Browser(self._app, base_url=self.settings.public_origin, headers=own)
        made.office = self
        made.portal = self._loop
        self._browsers.append(made)
        return made

    def close(self) -> None:
        """Close the browsers."""
        for one in self._browsers:
            one.close()
        self._serving.close()

    @cached_property
    def _loop(self) -> BlockingPortal:
        """The one loop that serves all browsers, as in a running node: not one a request."""
        return self._serving.enter_context(start_blocking_portal())

    @cached_property
    def _app(self) -> Starlette:
        return self.node.app()


def settings_of(folder: Path) -> Settings:
    """The settings of an office in a folder."""
    return replace(load(folder, {}), demo=True, origin=ORIGIN)


class Offices:
    """Founded offices to be copied: one for each kind of database, made when first asked for.

    :param place: where they are kept; see :func:`shared_folder`. What was made there before is
        used, by this process or by another one.
    :param base: offices to begin with, instead of founding one.
    :param reference: what is founded, instead of the few units of this module.
    :param then: what is done in each before it is copied; it is given the open office's settings.
    """

    def __init__(
        self,
        place: Path,
        base: Offices | None = None,
        *,
        reference: Reference | None = None,
        then: Callable[[Settings], object] = lambda _: None,
    ) -> None:
        self._place, self._base, self._then = place, base, then
        self._reference = reference or read().only(UNITS)
        self._made: dict[str, Path] = {}

    def copy(self, databases: Databases, folder: Path) -> Settings:
        """Copy the office that lives in this kind of database; gives the copy's settings."""
        if databases.kind not in self._made:
            self._made[databases.kind] = self._found(databases.lasting())
        return _copy(databases, self._made[databases.kind], folder)

    def _found(self, databases: Databases) -> Path:
        """Where it is, made if nobody has done so; a server belongs to one process of the run."""
        alone = "" if databases.kind == "sqlite" else f"-{os.getpid()}"
        folder = self._place / f"{databases.kind}{alone}"
        self._place.mkdir(parents=True, exist_ok=True)
        done = self._place / f"{folder.name}.done"
        with file_lock(self._place / f"{folder.name}.lock", seconds=300):
            if not done.exists():
                shutil.rmtree(folder, ignore_errors=True)
                self._make(databases, folder)
                done.touch()
        return folder

    def _make(self, databases: Databases, folder: Path) -> None:
        if self._base is None:
            settings = Settings(folder, databases.create(), demo=True, origin=ORIGIN)
            found(settings, self._reference)
        else:
            settings = self._base.copy(databases, folder)
        self._then(settings)
        Signer(folder).shutdown()
        shutil.rmtree(folder / "run", ignore_errors=True)


def shared_folder(tmp_path_factory: pytest.TempPathFactory, name: str) -> Path:
    """A folder that is the same in all processes of a run, for what is made once."""
    base = tmp_path_factory.getbasetemp()
    return (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "shared" / name


def _copy(databases: Databases, template: Path, folder: Path) -> Settings:
    shutil.copytree(template, folder)
    written = folder / "settings.toml"
    if url := load(template, {}).database:
        copied = written.read_text("utf-8").replace(url, databases.create(url))
        written.write_text(copied, "utf-8")
    return settings_of(folder)


@pytest.fixture(scope="session")
def _offices(tmp_path_factory: pytest.TempPathFactory) -> Offices:
    return Offices(shared_folder(tmp_path_factory, "offices"))


@pytest.fixture
def office_folder(tmp_path: Path, databases: Databases, _offices: Offices) -> Iterator[Path]:
    """The instance folder of a founded node that nobody has opened: for the command line."""
    folder = tmp_path / "office"
    _offices.copy(databases, folder)
    yield folder
    Signer(folder).shutdown()


@pytest.fixture
def office(request: pytest.FixtureRequest, office_folder: Path) -> Iterator[Office]:
    """A founded node, opened; ``@pytest.mark.plugins(folder, …)`` drops plugins in before."""
    settings = settings_of(office_folder)
    dropped = [Path(str(one)) for mark in request.node.iter_markers("plugins") for one in mark.args]
    for folder in dropped:
        shutil.copytree(folder, office_folder / "plugins" / folder.name)
    if dropped:
        prepare_database(settings)
    with open_node(settings) as node:
        bus().strict = True
        opened = Office(settings, node)
        try:
            yield opened
        finally:
            opened.close()


@pytest.fixture
def desk(office: Office) -> Callable[..., Desk]:
    """``desk("林晓梅")``: the person at his desk."""
    return office.desk


@pytest.fixture
def sign(office: Office) -> Callable[[Desk, PreparedAct], Signature]:
    """``sign(desk, prepared)``: the signature of the desk's soft key."""
    return office.sign


@pytest.fixture
def act(office: Office) -> Callable[..., Done]:
    """``act(desk, verb, subject, **arguments)``: prepare, sign, perform, and what follows."""
    return office.act


@pytest.fixture
def client(office: Office) -> Browser:
    """A browser at the portal of the office; ``client.login("林晓梅")`` signs in."""
    return office.browser()
