"""A node that is no demonstration: three administrators with security keys, and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from kernel.acts.gate import prepare
from kernel.acts.house.grants import grant
from kernel.acts.terminal import desk_at
from kernel.crypto import canonical, ids
from kernel.errors import Invalid, Refused
from kernel.founding import FirstKey, found
from kernel.identity.authenticators import Offered, authenticators
from kernel.identity.models import Credential, NodeFact, Person, Post
from kernel.node import Node, open_node
from kernel.reference import read
from kernel.seals.signer_client import Signer
from kernel.settings import Settings
from kernel.storage import log_check
from kernel.storage.database import connection
from kernel.testing_office import UNITS
from tests.webauthn.conftest import ask_of, nonce_of
from tests.webauthn.token import Token

ORIGIN = "https://oa.zhangye.gov.cn"
THREE = ("杨帆", "何静", "高峰")
OWN = {"sec-fetch-site": "same-origin"}


@dataclass
class Real:
    """The node and the keys in the hands of its three administrators."""

    node: Node
    tokens: dict[str, Token]

    def browser(self, name: str) -> TestClient:
        """Somebody who signed in with his key."""
        made = TestClient(self.node.app(), base_url=ORIGIN, headers=OWN)
        token = self.tokens[name]
        answer = token.get(made.post("/login/challenge").json())
        home = made.post("/login", data={"answer": answer, "next": "/"})
        assert home.status_code == 200 and name in home.text
        return made

    def sign(self, browser: TestClient, page: str, name: str) -> str:
        """Touch the key on the page of an act; what the next page says."""
        answer = self.tokens[name].get(ask_of(page))
        form = {"nonce": nonce_of(page), "answer": answer}
        return str(browser.post("/acts/confirm", data=form).text)


def first(name: str, token: Token) -> FirstKey:
    person = ids.uuid7()
    token.handle = person.encode()
    key = Offered(canonical.b64(token.spki), token.binding)
    return FirstKey(name, person, "webauthn", key)


@contextmanager
def founded(folder: Path, tokens: dict[str, Token]) -> Iterator[Real]:
    settings = Settings(instance=folder, origin=ORIGIN)
    keys = [first(name, token) for name, token in tokens.items()]
    try:
        found(settings, read().only(UNITS), first_keys=keys)
        with open_node(settings) as node:
            yield Real(node, tokens)
    finally:
        Signer(folder).shutdown()


@pytest.fixture
def real(tmp_path: Path) -> Iterator[Real]:
    token = ("oa.zhangye.gov.cn", ORIGIN)
    with founded(tmp_path / "node", {name: Token(*token) for name in THREE}) as made:
        yield made


def test_three_administrators_give_everybody_else_a_key(real: Real):
    with connection():
        assert authenticators().get("soft") is None
        assert NodeFact.read("genesis")["demo"] is False
        assert Credential.select().count() == 3
        clerk = Person.get(Person.name == "孙倩")
    system, security = real.browser("杨帆"), real.browser("何静")
    here = f"/admin/keys/{clerk.uid}"
    opened = system.post(f"{here}/open", data={"label": "蓝色插件"}).text
    code = opened.partition("请把登记码 ")[2][:14]
    clerk_at = TestClient(real.node.app(), base_url=ORIGIN, headers=OWN)
    asked = clerk_at.post("/enrol", data={"code": code}).text
    token = real.tokens["孙倩"] = Token("oa.zhangye.gov.cn", ORIGIN, "EdDSA")
    done = clerk_at.post("/enrol", data={"code": code, "answer": token.create(ask_of(asked))}).text
    short = done.partition('class="shortcode"')[2].partition("<strong>")[2].partition("<")[0]
    page = system.get(here).text
    assert len(short) == 24 and short in page
    enrolment = page.partition('name="enrolment" value="')[2].partition('"')[0]
    proposal = system.post(f"{here}/issue", data={"enrolment": enrolment}).text
    assert short in proposal
    assert "等待另一人复核" in real.sign(system, proposal, "杨帆")
    waiting = security.get("/admin/proposals").text
    assert short in waiting
    uid = waiting.partition("/admin/proposals/")[2].partition('"')[0]
    asked = security.post(f"/admin/proposals/{uid}", data={"answer": "yes"}).text
    assert "已完成" in real.sign(security, asked, "何静")
    assert "孙倩" in real.browser("孙倩").get("/me").text
    assert log_check.verify().ok


def test_on_a_real_node_nobody_signs_in_by_choosing_a_name(real: Real):
    stranger = TestClient(real.node.app(), base_url=ORIGIN, headers=OWN)
    page = stranger.get("/login").text
    assert "用安全认证插件登录" in page and "演示" not in page
    with connection():
        post = Post.select().join(Person).where(Person.name == "杨帆").get()
    said = stranger.post("/login", data={"post": post.uid})
    assert said.status_code == 403 and "不能这样登录" in said.text


def test_the_command_line_of_a_real_node_says_what_it_waits_for(real: Real):
    with connection():
        post = Post.select().join(Person).where(Person.name == "何静").get()
    with pytest.raises(Refused, match=r"acts\.browser_key") as error:
        prepare(desk_at(post), grant, post=post.uid, level="house.keys", given=True)
    assert "PKCS#11" in error.value.zh and "PKCS#11" in error.value.en


def test_the_first_keys_are_those_of_the_three(tmp_path: Path):
    token = Token("oa.zhangye.gov.cn", ORIGIN)
    with pytest.raises(Invalid, match=r"node\.administrator"):
        with founded(tmp_path / "node", {"林晓梅": token}):
            pass
