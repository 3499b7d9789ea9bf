"""Calls that may hang: answered in time, by a thread that waits for the next, or left behind."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar

import pytest

from kernel.plugins import aside
from kernel.plugins.aside import within

HERE = ContextVar("here", default="nowhere")
BEFORE: list[threading.Thread] = []


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    until(lambda: not aside._idle)
    monkeypatch.setattr(aside, "IDLE", 0.2)
    BEFORE[:] = threading.enumerate()
    yield
    until(lambda: not helpers())


def helpers() -> list[threading.Thread]:
    started = [one for one in threading.enumerate() if one not in BEFORE]
    return [one for one in started if one.name == "juyan-aside"]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_the_answer_comes_from_one_thread_beside_each_time():
    first, second = within(5, threading.get_ident), within(5, threading.get_ident)
    assert first == second != threading.get_ident()


def test_what_it_raises_is_raised_here_and_the_thread_goes_on():
    before = within(5, threading.get_ident)
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 // 0)
    with pytest.raises(SystemExit):
        within(5, lambda: exec("raise SystemExit"))  # noqa: S102  # what a plugin might do
    assert within(5, threading.get_ident) == before


def test_each_call_sees_the_context_of_who_asks_and_leaves_none_behind():
    HERE.set("first")
    assert within(5, lambda: (HERE.get(), HERE.set("spoilt"))[0]) == "first"
    HERE.set("second")
    assert within(5, HERE.get) == "second"


def test_one_that_hangs_is_left_behind_and_its_late_answer_is_nobody_elses():
    through = threading.Event()
    with pytest.raises(TimeoutError, match=r"0\.05 s"):
        within(0.05, lambda: (through.wait(20), "late")[1])
    hanging = helpers()
    assert len(hanging) == 1
    assert within(5, lambda: "mine") == "mine"
    through.set()
    until(lambda: not hanging[0].is_alive())
    assert within(5, lambda: "mine again") == "mine again"


def test_several_at_a_time_have_a_thread_each():
    meet = threading.Barrier(3, timeout=20)
    answers: list[int] = []

    def ask() -> None:
        answers.append(within(20, lambda: (meet.wait(), threading.get_ident())[1]))

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for one in asking:
        one.start()
    for one in asking:
        one.join()
    assert len(set(answers)) == 3


def test_a_thread_that_nobody_calls_ends_and_another_one_answers():
    assert within(5, lambda: 1) == 1
    until(lambda: not helpers())
    assert aside._idle == []
    assert within(5, lambda: 2) == 2


def test_a_forked_process_starts_its_own():
    assert within(5, lambda: 1) == 1
    child = os.fork()
    if child == 0:
        answered = False
        try:
            answered = within(5, lambda: 2) == 2
        finally:
            os._exit(0 if answered else 1)
    assert os.waitpid(child, 0)[1] == 0
