"""Schedules: small jobs that run again and again, in whichever process is awake.

A job is a function that looks at the present state and does what is due; it must be idempotent,
because it may run twice where a process died. Each has one row, taken under a lease with a token,
so that of many workers one runs it at a time. After a pause it runs once, not once for each time
that it missed; a clock that was put back does not stop it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

import peewee
from msgspec import Struct

from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.slots import Slot
from kernel.storage.database import Model, UTCField, connection, transaction

LEASE = timedelta(minutes=5)
"""How long one run may take before another worker takes over."""
_log = logging.getLogger("juyan.schedules")


class Schedule(Model):
    """When a job is due next, and who is at it.

    :ivar token: raised with every run; whose token is old has lost the job to another worker.
    """

    name = peewee.CharField(unique=True)
    due = UTCField()
    lease = UTCField(null=True)
    token = peewee.IntegerField(default=0)
    done = UTCField(null=True)
    error = peewee.TextField(default="")

    class Meta:
        """One row a job."""

        table_name = "work_schedule"


MODELS = [Schedule]


class Job(Struct, frozen=True):
    """A job: its name (``exchange.overdue``), how often it runs, and what it does."""

    name: str
    every: timedelta
    run: Callable[[], object]


class Schedules:
    """All jobs of this node."""

    def __init__(self, jobs: Iterable[Job]) -> None:
        self.jobs = tuple(jobs)

    def run_due(self) -> int:
        """Run what is due and free, in this thread; gives how many jobs ran.

        What a job raises is written down with it and hurts no other job.
        """
        return sum(_run(job) for job in self.jobs)


schedules: Slot[Schedules] = Slot("schedules")


def _run(job: Job) -> bool:
    token = _take(job)
    if token is None:
        return False
    error = ""
    try:
        job.run()
    except Exception as raised:
        known = isinstance(raised, OfficeError)
        _log.log(
            logging.WARNING if known else logging.ERROR,
            "%s failed: %s", job.name, raised, exc_info=not known,
        )  # fmt: skip
        error = f"{raised}"[:2000]
    _finish(job, token, error)
    return True


def _is_due(row: Schedule, job: Job, moment: datetime) -> bool:
    # Further away than a whole turn it can only be if the clock was put back; twice as far,
    # because others take it while this one waits for the lock.
    waits = moment < row.due <= moment + 2 * job.every
    held = row.lease is not None and moment < row.lease <= moment + 2 * LEASE
    return not waits and not held


def _take(job: Job) -> int | None:
    """The token of this run, or None when it is not due or somebody else has it."""
    moment = now()
    with connection():
        row: Schedule | None = Schedule.get_or_none(Schedule.name == job.name)
    # Looked at before as well, because the worker asks twice a second and a transaction locks.
    if row is not None and not _is_due(row, job, moment):
        return None
    with transaction():
        Schedule.insert(name=job.name, due=moment).on_conflict_ignore().execute()
        row = Schedule.get(Schedule.name == job.name)
        if not _is_due(row, job, moment):
            return None
        mine = (Schedule.name == job.name) & (Schedule.token == row.token)
        taken = Schedule.update(token=row.token + 1, lease=moment + LEASE).where(mine).execute()
    return row.token + 1 if taken else None


def _finish(job: Job, token: int, error: str) -> None:
    moment = now()
    mine = (Schedule.name == job.name) & (Schedule.token == token)
    with transaction():
        Schedule.update(due=moment + job.every, lease=None, done=moment, error=error).where(
            mine
        ).execute()
