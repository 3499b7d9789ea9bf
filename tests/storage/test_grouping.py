"""Group commit: one failing piece, nothing told before the commit, threads that share one."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path

import peewee
import pytest

from kernel.errors import Conflict, Unavailable
from kernel.settings import ROOT
from kernel.storage import grouping
from kernel.storage.database import (
    Model,
    after_commit,
    connection,
    db,
    on_postgresql,
    savepoint,
    transaction,
)
from kernel.storage.grouping import in_turn, together

pytestmark = pytest.mark.both


class Line(Model):
    text = peewee.TextField(unique=True)

    class Meta:
        table_name = "toy_line"


@pytest.fixture
def lines(folder: Path) -> Callable[[], list[str]]:
    """The lines that are in the table now."""
    with transaction():
        db.create_tables([Line])

    def read() -> list[str]:
        with connection():
            return [row.text for row in Line.select().order_by(Line.id)]

    return read


def write(text: str) -> Callable[[], str]:
    def call() -> str:
        Line.create(text=text)
        if text.startswith("bad"):
            raise Conflict("toy.bad", "不行。", "No.")
        return text

    return call


def test_one_that_fails_is_undone_alone(lines: Callable[[], list[str]]):
    after: list[str] = []

    def told(text: str) -> Callable[[], None]:
        def call() -> None:
            after_commit(lambda: after.append(text))
            write(text)()

        return call

    pieces = together([told("a"), told("bad"), told("b")])
    assert lines() == ["a", "b"] == after
    assert [piece.error and type(piece.error) for piece in pieces] == [None, Conflict, None]
    with pytest.raises(Conflict):
        pieces[1].result()


def test_what_the_database_refuses_is_undone_alone(lines: Callable[[], list[str]]):
    pieces = together([write("a"), write("a"), write("b")])
    assert lines() == ["a", "b"]
    assert isinstance(pieces[1].error, peewee.IntegrityError)


def test_a_savepoint_within_a_piece_may_fail(lines: Callable[[], list[str]]):
    def call() -> None:
        write("a")()
        with pytest.raises(Conflict), savepoint():
            write("bad")()
        with savepoint():
            write("b")()

    together([call, write("bad 2"), call, write("c")])
    assert lines() == ["a", "b", "c"]


def test_nothing_can_be_seen_before_the_commit(lines: Callable[[], list[str]]):
    seen: list[list[str]] = []

    def look() -> None:
        thread = threading.Thread(target=lambda: seen.append(lines()))
        thread.start()
        thread.join()

    together([write("a"), look, write("b")])
    assert seen == [[]] and lines() == ["a", "b"]


def test_a_commit_that_fails_fails_for_all(
    lines: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
):
    def lose(_: str) -> None:
        raise Unavailable("storage.full", "满。", "Full.")

    monkeypatch.setattr(grouping, "crash_point", lose)
    with pytest.raises(Unavailable):
        together([write("a"), write("b")])
    assert lines() == []


class Crowd:
    """Threads that all want to write while the first one is still at it."""

    def __init__(self, *calls: Callable[[], object]) -> None:
        self.first_in, self.all_here = threading.Event(), threading.Event()
        self.ended: dict[int, object] = {}
        self._calls = calls

    def _first(self) -> str:
        self.first_in.set()
        assert self.all_here.wait(10)
        return write("first")()

    def _run(self, number: int, call: Callable[[], object]) -> None:
        try:
            self.ended[number] = in_turn(call)
        except BaseException as error:
            self.ended[number] = error

    def work(self) -> list[object]:
        threads = [threading.Thread(target=self._run, args=(0, self._first))]
        threads[0].start()
        assert self.first_in.wait(10)
        for number, call in enumerate(self._calls, 1):
            threads.append(threading.Thread(target=self._run, args=(number, call)))
            threads[-1].start()
        while not on_postgresql() and len(grouping._waiting) < len(self._calls):
            assert threads[0].is_alive()
        self.all_here.set()
        for thread in threads:
            thread.join()
        return [self.ended[number] for number in range(len(threads))]


def commits(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    made: list[str] = []
    commit = db.obj.commit
    monkeypatch.setattr(db.obj, "commit", lambda: (made.append("commit"), commit())[1])
    return made


def test_threads_that_wait_are_written_together(
    lines: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch
):
    made = commits(monkeypatch)
    ended = Crowd(*[write(f"{n}") for n in range(5)], write("bad")).work()
    assert ended[:6] == ["first", "0", "1", "2", "3", "4"]
    assert isinstance(ended[6], Conflict)
    assert sorted(lines()) == ["0", "1", "2", "3", "4", "first"]
    if not on_postgresql():
        assert len(made) == 2, "the first alone, then all who waited"


def leaving(text: str, error: BaseException) -> Callable[[], None]:
    def call() -> None:
        Line.create(text=text)
        raise error

    return call


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_who_wants_to_end_the_process_ends_his_own_piece(
    lines: Callable[[], list[str]], error: BaseException
):
    ended = Crowd(write("a"), leaving("gone", error), write("b")).work()
    assert [ended[0], ended[1], ended[3]] == ["first", "a", "b"]
    assert ended[2] is error
    assert sorted(lines()) == ["a", "b", "first"]


def test_alone_it_is_raised_to_its_caller(lines: Callable[[], list[str]]):
    with pytest.raises(SystemExit):
        in_turn(leaving("gone", SystemExit(3)))
    assert in_turn(write("a")) == "a" and lines() == ["a"]


def test_what_follows_a_commit_ends_nobody(lines: Callable[[], list[str]]):
    def follows() -> str:
        after_commit(lambda: sys.exit(3))
        return write("a")()

    ended = Crowd(follows, write("b")).work()
    assert ended == ["first", "a", "b"]
    assert sorted(lines()) == ["a", "b", "first"]


def test_ctrl_c_of_the_person_at_the_terminal_goes_up(lines: Callable[[], list[str]]):
    with pytest.raises(KeyboardInterrupt):
        together([write("a"), leaving("gone", KeyboardInterrupt())])
    assert lines() == []


def test_each_is_written_with_its_own_context(lines: Callable[[], list[str]]):
    who: ContextVar[str] = ContextVar("who", default="nobody")
    seen: dict[str, str] = {}

    def person(name: str) -> Callable[[], None]:
        def call() -> None:
            seen[name] = who.get()

        return call

    def enter(name: str) -> None:
        who.set(name)
        in_turn(person(name))

    threads = [threading.Thread(target=enter, args=(name,)) for name in "abcdef"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == {name: name for name in "abcdef"}


def test_within_a_transaction_there_is_no_turn(lines: Callable[[], list[str]]):
    with pytest.raises(RuntimeError), transaction():
        in_turn(write("a"))
    assert lines() == []


DYING = """
import sys
from pathlib import Path
from kernel.settings import Settings
from kernel.storage.database import open_database
from kernel.storage.grouping import together
from tests.storage.test_grouping import write
open_database(Settings(Path(sys.argv[1]), sys.argv[2]))
together([write("before")])
print("told", flush=True)
together([write("a"), write("bad"), write("b")])
print("told", flush=True)
"""


def test_who_dies_before_the_commit_has_told_and_done_nothing(
    folder: Path, lines: Callable[[], list[str]]
):
    url = db.obj.database if on_postgresql() else ""
    died = subprocess.run(
        [sys.executable, "-c", DYING, str(folder), url],
        cwd=ROOT,
        env=os.environ | {"JUYAN_CRASH": "storage.group"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert died.stdout == "told\n" and lines() == ["before"]
