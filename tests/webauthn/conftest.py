"""People of the small office with security keys instead of their soft ones."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import unescape
from json import loads
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Browser as Chromium

from kernel.acts.gate import PreparedAct, perform, prepare
from kernel.acts.house.confirm import confirm
from kernel.acts.house.keys import issue_key, revoke_key
from kernel.crypto import canonical
from kernel.identity import sessions
from kernel.identity.authenticators import Signature
from kernel.identity.desk import Desk
from kernel.storage.database import connection, transaction
from kernel.testing_office import ORIGIN, Browser, Office
from tests.portal.conftest import browser, pytest_runtest_makereport
from tests.portal.driver import Driver
from tests.portal.node import Place, pictures_folder, started
from tests.webauthn.token import Token

__all__ = ["browser", "pytest_runtest_makereport"]


@dataclass
class Holder:
    """Somebody with a security key in his hand."""

    office: Office
    name: str
    token: Token
    credential: str

    def desk(self) -> Desk:
        """At his desk, signed in with this key."""
        post = self.office.post(self.name)
        with transaction():
            token = sessions.start(post, self.credential)
            found = sessions.find(token, ORIGIN)
        assert found is not None
        return found

    def sign(self, prepared: PreparedAct, **changes: Any) -> Signature:
        """His signature over a prepared act. :param changes: of what the browser writes."""
        return Signature("webauthn", self.token.over(prepared.statement.bytes, **changes))

    def act(self, verb: Callable[..., Any], subject: Any = None, /, **arguments: Any) -> Any:
        desk = self.desk()
        prepared = prepare(desk, verb, subject, **arguments)
        return perform(desk, prepared, self.sign(prepared)).result

    def log_in(self, browser: Browser, *, who: str = "", **changes: Any) -> httpx2.Response:
        """Press the button of the login page and touch the key."""
        options = browser.post("/login/challenge", data={"who": who}).json()
        answer = self.token.get(options, **changes)
        return browser.post("/login", data={"answer": answer, "next": "/"})

    def revoke(self) -> None:
        """An administrator revokes the key."""
        desk = self.office.desk("何静")
        self.office.act(desk, revoke_key, credential=self.credential, reason="插件遗失")


def issue(office: Office, name: str, token: Token) -> Holder:
    """Two administrators issue the key to a person."""
    person = office.post(name).person.uid
    token.handle = person.encode()
    proposal = office.act(
        office.desk("杨帆"),
        issue_key,
        person=person,
        kind="webauthn",
        public_key=canonical.b64(token.spki),
        binding=token.binding,
        label="蓝色插件",
    ).result
    uid = office.act(office.desk("何静"), confirm, proposal).result
    return Holder(office, name, token, uid)


@pytest.fixture
def leader(request: pytest.FixtureRequest, office: Office) -> Holder:
    """周海涛 with a key; ES256 unless a test says otherwise."""
    return issue(office, "周海涛", Token(algorithm=getattr(request, "param", "ES256")))


BOTH = pytest.mark.parametrize("leader", ["ES256", "EdDSA"], indirect=True)
"""For tests of what the algorithm matters for."""


@pytest.fixture
def chief(office: Office) -> Holder:
    """何静, the security administrator, with a key."""
    return issue(office, "何静", Token())


def ask_of(page: str) -> dict[str, Any]:
    """The options that a page hands to the browser."""
    found = re.search(r'data-options="([^"]*)"', page)
    assert found is not None
    options: dict[str, Any] = loads(unescape(found[1]))
    return options


def nonce_of(page: str) -> str:
    return unescape(page.partition('name="nonce" value="')[2].partition('"')[0])


def count(model: Any) -> int:
    with connection():
        return int(model.select().count())


@pytest.fixture
def place(office_folder: Path) -> Iterator[Place]:
    with started(office_folder, "serve") as running:
        yield running


@pytest.fixture
def driver(place: Place, browser: Chromium) -> Iterator[Driver]:
    people = Driver(place, browser, pictures_folder())
    yield people
    people.close()
    # Chromium advises RSA, which the house does not take.
    people.trouble = [one for one in people.trouble if "pubKeyCredParams" not in one]
    people.check()
