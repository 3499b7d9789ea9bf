"""What one process does with a key, every other one knows with its next request."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from kernel.acts.gate import perform, prepare
from kernel.acts.house.grants import grant
from kernel.crypto.canonical import b64
from kernel.errors import Refused
from kernel.identity import sessions
from kernel.identity.models import Grant
from kernel.settings import ROOT
from kernel.storage.database import connection, transaction
from kernel.testing_office import ORIGIN, Office
from tests.webauthn.conftest import Holder, count

REVOKE = """
import sys
from pathlib import Path
from kernel.acts.house.keys import revoke_key
from kernel.acts.terminal import act_at
from kernel.cli.desks import at_desk
from kernel.node import open_node
from kernel.settings import load

with open_node(load(Path(sys.argv[1]))):
    act_at(at_desk("何静"), revoke_key, credential=sys.argv[2], reason="插件遗失")
"""
PERFORM = """
import sys
from pathlib import Path
from kernel.acts.gate import perform, recall
from kernel.crypto.canonical import unb64
from kernel.errors import OfficeError
from kernel.identity import sessions
from kernel.identity.authenticators import Signature
from kernel.node import open_node
from kernel.settings import load
from kernel.storage.database import connection

_, folder, token, nonce, value = sys.argv
with open_node(load(Path(folder))) as node:
    with connection():
        desk = sessions.find(token, node.settings.public_origin)
    try:
        prepared = recall(desk, nonce)
        print("ready", flush=True)
        sys.stdin.readline()
        perform(desk, prepared, Signature("webauthn", unb64(value)))
        print("done")
    except OfficeError as error:
        print(error.code)
"""


def process(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process of the same node."""
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, "JUYAN_ORIGIN": ORIGIN, "JUYAN_DEMO": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_a_key_revoked_by_one_process_is_dead_in_every_other(office: Office, leader: Holder):
    browser = office.browser()
    leader.log_in(browser)
    desk = leader.desk()
    assert browser.get("/me").url.path == "/me"
    with process(REVOKE, str(office.settings.instance), leader.credential) as other:
        assert other.wait(timeout=120) == 0
    page = browser.get("/me")
    assert page.url.path == "/login" and "已被停用" in page.text
    with connection(), pytest.raises(Refused, match=r"keys\.revoked"):
        sessions.start(desk.post, leader.credential)


def test_what_was_signed_before_the_revocation_and_sent_after_it_is_refused(
    office: Office, chief: Holder
):
    desk = chief.desk()
    prepared = prepare(
        desk, grant, post=office.post("林晓梅").uid, level="exchange.handle", given=True
    )
    signature = chief.sign(prepared)
    with process(REVOKE, str(office.settings.instance), chief.credential) as other:
        assert other.wait(timeout=120) == 0
    with pytest.raises(Refused, match=r"keys\.revoked"):
        perform(desk, prepared, signature)
    assert count(Grant) == 0


def test_one_nonce_in_two_processes_has_one_winner(office: Office, chief: Holder):
    with transaction():
        token = sessions.start(office.post("何静"), chief.credential)
        desk = sessions.find(token, ORIGIN)
    assert desk is not None
    prepared = prepare(
        desk, grant, post=office.post("林晓梅").uid, level="exchange.handle", given=True
    )
    value = b64(chief.sign(prepared).value)
    folder = str(office.settings.instance)
    both = [process(PERFORM, folder, token, prepared.nonce, value) for _ in range(2)]
    for one in both:
        assert one.stdout is not None and one.stdout.readline() == "ready\n"
    said = sorted(one.communicate("go\n", timeout=120)[0].strip() for one in both)
    assert said == ["acts.used", "done"]
    assert count(Grant) == 1
