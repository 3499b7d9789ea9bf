"""Jobs that run again and again: once each time, in one place, whatever the clock does."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from kernel.crypto import ids
from kernel.errors import Unavailable
from kernel.storage.database import connection
from kernel.testing_office import Office
from kernel.work.schedules import LEASE, Job, Schedule, Schedules

START = datetime(2026, 11, 23, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Clock:
    """A clock that is put forward and back by hand."""

    def __init__(self) -> None:
        self.at = START

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def clock(office: Office) -> Iterator[Clock]:
    made = Clock()
    ids.set_clock(made)
    yield made
    ids.set_clock(None)


def row() -> Schedule:
    with connection():
        return Schedule.get(Schedule.name == "test.job")


def test_a_job_runs_when_it_is_due_and_not_before(clock: Clock):
    ran: list[datetime] = []
    jobs = Schedules([Job("test.job", HOUR, lambda: ran.append(clock.at))])
    assert (jobs.run_due(), jobs.run_due()) == (1, 0)
    clock.at += HOUR - timedelta(seconds=1)
    assert jobs.run_due() == 0
    clock.at += timedelta(seconds=2)
    assert jobs.run_due() == 1
    assert len(ran) == 2


def test_after_a_pause_it_runs_once_and_not_for_each_time_it_missed(clock: Clock):
    ran: list[int] = []
    jobs = Schedules([Job("test.job", HOUR, lambda: ran.append(1))])
    jobs.run_due()
    clock.at += timedelta(days=30)
    assert (jobs.run_due(), jobs.run_due()) == (1, 0)


def test_a_clock_that_was_put_back_does_not_stop_it(clock: Clock):
    ran: list[int] = []
    jobs = Schedules([Job("test.job", HOUR, lambda: ran.append(1))])
    clock.at += timedelta(days=365)
    jobs.run_due()
    clock.at = START
    assert jobs.run_due() == 1
    clock.at += HOUR
    assert jobs.run_due() == 1


def test_what_it_raises_is_written_down_and_hurts_no_other_job(clock: Clock):
    ran: list[int] = []

    def fail() -> None:
        raise Unavailable("test.down", "坏了", "Down")

    jobs = Schedules([Job("test.job", HOUR, fail), Job("test.other", HOUR, lambda: ran.append(1))])
    assert jobs.run_due() == 2
    assert ran == [1] and "test.down" in row().error
    assert (row().lease, row().due) == (None, START + HOUR)


def test_of_many_workers_one_runs_it(clock: Clock):
    ran: list[int] = []
    jobs = Schedules([Job("test.job", HOUR, lambda: ran.append(1))])
    start = threading.Barrier(4)

    def work() -> None:
        start.wait()
        jobs.run_due()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert ran == [1]


def test_a_worker_that_died_leaves_it_to_the_next_and_cannot_end_its_run(clock: Clock):
    seen: list[str] = []

    def slow() -> None:
        seen.append("first")
        clock.at += LEASE + timedelta(seconds=1)
        Schedules([Job("test.job", HOUR, lambda: seen.append("second"))]).run_due()
        clock.at += timedelta(minutes=1)

    Schedules([Job("test.job", HOUR, slow)]).run_due()
    assert seen == ["first", "second"]
    assert row().done == START + LEASE + timedelta(seconds=1), (
        "the second run is the one that counts"
    )
