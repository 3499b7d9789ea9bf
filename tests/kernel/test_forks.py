"""What tests fork is what a node starts: a process of its own that ends, and is ended, as such."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from kernel.errors import Unavailable
from kernel.seals.signer_client import Signer
from kernel.testing_forks import manage
from kernel.work.sheet import Sheet
from kernel.work.workshop import Workshop

SHORT = Sheet(title="会议须知", body=("请准时到会。",))


@pytest.fixture
def shop() -> Iterator[Workshop]:
    made = Workshop()
    yield made
    made.close()


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def typesetter(shop: Workshop) -> int:
    assert shop.typeset(SHORT).pages == 1
    assert shop.child_pid is not None
    return shop.child_pid


def test_a_typesetter_is_forked_from_one_parent_and_one_that_was_killed_is_replaced(
    shop: Workshop,
):
    first = typesetter(shop)
    assert parent_of(first) != os.getpid()
    os.kill(first, signal.SIGKILL)
    second = typesetter_again(shop)
    assert second != first and parent_of(second) not in (os.getpid(), first)


def typesetter_again(shop: Workshop) -> int:
    """As a person would: once more where the first try met the dead one."""
    try:
        return typesetter(shop)
    except Unavailable:
        return typesetter(shop)


@pytest.mark.started_anew
def test_with_the_marker_it_is_started(shop: Workshop):
    assert parent_of(typesetter(shop)) == os.getpid()


def test_a_signer_has_a_session_of_its_own_and_both_ways_answer_alike(office_folder: Path):
    signer = Signer(office_folder)
    pid = signer.ping()
    assert os.getsid(pid) == pid != os.getsid(0)
    assert Signer(office_folder).ping() == pid
    signer.shutdown()
    assert not signer.listening()


def test_a_forked_command_gives_its_exit_code_and_its_words(tmp_path: Path):
    output = tmp_path / "output"
    with output.open("wb") as said:
        refused = manage(tmp_path / "none", "log", "verify", output=said)
        assert refused.wait(60) == 3 == refused.poll()
        helped = manage(tmp_path / "none", "log", "--help", output=said)
        assert helped.wait(60) == 0
    text = output.read_text("utf-8")
    assert "node.not_founded" in text and "manage.py log" in text


def test_a_forked_node_that_is_killed_says_by_what(office_folder: Path, tmp_path: Path):
    with (tmp_path / "output").open("wb") as said:
        node = manage(office_folder, "serve", "--port", "0", output=said)
        node.kill()
        assert node.wait(60) == -signal.SIGKILL
