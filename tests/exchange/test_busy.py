"""Another process writes and does not end: the clerk is told so, and nothing is half done."""

import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime, timedelta

import pytest

from kernel.acts.models import Act, Prepared
from kernel.crypto import ids
from kernel.storage import sqlite
from kernel.storage.database import connection
from kernel.testing_office import Office
from tests.exchange.notice import GFIN, browser_of, delivery, evidence

HOLD = """
import sys
from peewee import sqlite3
found = sqlite3.connect(sys.argv[1], isolation_level=None)
found.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
"""
pytestmark = pytest.mark.database("sqlite")
SENTENCE = "数据库正忙（另一个程序正在写入），本次没有保存任何内容，请稍后再试。"
Locked = Callable[[], AbstractContextManager[None]]


@pytest.fixture
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 1)


@pytest.fixture
def office(_impatient: None, office: Office) -> Office:
    """The office, whose writers wait for one second only."""
    return office


@pytest.fixture
def locked(office: Office) -> Locked:
    """``with locked():`` another process holds the write lock."""

    @contextmanager
    def hold() -> Iterator[None]:
        command = [sys.executable, "-c", HOLD, str(office.settings.database_path)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None and other.stdin is not None
            assert other.stdout.readline() == b"held\n"
            try:
                yield
            finally:
                other.stdin.close()

    return hold


def rows() -> dict[str, int]:
    with connection():
        return {one.__name__: one.select().count() for one in (Act, Prepared)}


def nonce_in(text: str) -> str:
    return text.partition('name="nonce" value="')[2].partition('"')[0]


def test_sign_for_under_a_lock_says_so_and_works_afterwards(office: Office, locked: Locked):
    clerk, place = browser_of(office, GFIN), f"/exchange/inbox/{delivery(GFIN).uid}"
    assert clerk.get(place).status_code == 200
    before, start = rows(), time.monotonic()
    with locked():
        answer = clerk.post(f"{place}/sign-for")
        assert clerk.get(place).status_code == 200, "reading goes on"
    assert (answer.status_code, SENTENCE in answer.text) == (503, True)
    assert time.monotonic() - start < 8
    assert rows() == before
    assert "签收" in clerk.post(f"{place}/sign-for").text


def test_an_old_session_reads_on_under_a_lock(office: Office, locked: Locked):
    clerk = browser_of(office, GFIN)
    ids.set_clock(lambda: datetime.now(UTC) + timedelta(minutes=2))
    try:
        with locked():
            assert clerk.get("/tasks").status_code == 200
    finally:
        ids.set_clock(None)


def test_the_signature_under_a_lock_is_not_used_up(office: Office, locked: Locked):
    clerk, place = browser_of(office, GFIN), f"/exchange/inbox/{delivery(GFIN).uid}"
    clerk.get(place)
    nonce = nonce_in(clerk.post(f"{place}/sign-for").text)
    before = rows()
    with locked():
        answer = clerk.post("/acts/confirm", data={"nonce": nonce})
    assert SENTENCE in answer.text and "已完成" not in answer.text
    assert rows() == before
    assert (delivery(GFIN).state, delivery(GFIN).claim) == ("delivered", "")
    said = clerk.post("/acts/confirm", data={"nonce": nonce}).text
    assert "已签收，时间已回传发文单位。" in said
    assert delivery(GFIN).state == "signed" and len(evidence(GFIN, "C1")) == 1


def test_a_first_look_under_a_lock_is_refused_and_not_half_noted(office: Office, locked: Locked):
    clerk, place = browser_of(office, GFIN), f"/exchange/inbox/{delivery(GFIN).uid}"
    before = rows()
    with locked():
        answer = clerk.get(place)
    assert (answer.status_code, SENTENCE in answer.text) == (503, True)
    assert rows() == before and delivery(GFIN).opened is None
    assert clerk.get(place).status_code == 200
    assert delivery(GFIN).verified is not None
