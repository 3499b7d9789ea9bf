"""The outbox: effects after a commit, done at least once by idempotent handlers.

An effect is written in the transaction of the act that wants it. Whoever is awake takes it with a
lease; a process that dies leaves it to the next one. Retries wait longer each time.

What fails because something is merely not there now (the signer, a disk, a plugin that is away) is
tried for ever. What fails :data:`FAILURES` times for another reason is given up, and shown to the
system administrator until he has it done again (:func:`kernel.acts.house.effects.do_again`).
"""

from __future__ import annotations

import errno
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import peewee
from msgspec import Struct

from kernel.acts import clock
from kernel.acts.context import this_act
from kernel.acts.models import Effect
from kernel.crypto.ids import now, stamp
from kernel.errors import OfficeError, Unavailable
from kernel.slots import Slot
from kernel.storage.database import (
    after_commit,
    connection,
    execute_many,
    on_postgresql,
    transaction,
)
from kernel.storage.grouping import Piece, together
from kernel.storage.writing import Ready
from kernel.work import incidents

Handler = Callable[[dict[str, Any]], None]
Step = Callable[[], Exception | None]
GROUP = 32
"""So many effects with :class:`TwoSteps` at once: their receipts wait for the last of them."""
LEASE = timedelta(minutes=2)
FIRST_WAIT = 2.0
LONGEST_WAIT = 900.0
FAILURES = 50
"""So many failures that are no mere :func:`passing` ones, and an effect is given up."""
LONG = 10
"""After so many attempts, more than half an hour, one that still waits is shown as well."""
OUT_OF = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN}
)
"""What a machine runs out of, and has again."""
_log = logging.getLogger("juyan.outbox")


class TwoSteps(Struct, frozen=True):
    """A handler whose effects can be written together, in one transaction.

    :ivar first: all that takes long or speaks to somebody else, as the signer; it writes nothing,
        and gives what is to be written. That is called in a transaction, and may give an error:
        what is written stays, and the effect is tried again because of it.
    """

    first: Callable[[dict[str, Any]], Step]

    def __call__(self, payload: dict[str, Any]) -> None:
        """Do it alone."""
        step = self.first(payload)
        with transaction():
            left = step()
        if left is not None:
            raise left


class Handlers:
    """The handlers of the kernel and of the plugins, by name; and who is woken by new effects.

    :param folder: of the instance, where defects are kept under a number.
    """

    def __init__(self, handlers: Mapping[str, Handler], folder: Path | None = None) -> None:
        self._handlers = dict(handlers)
        self.folder = folder
        self.bell = threading.Event()
        self.worker = False
        """Whether a worker runs in this process."""

    def get(self, name: str) -> Handler | None:
        """The handler of this name, or None while its plugin is away."""
        return self._handlers.get(name)


handlers: Slot[Handlers] = Slot("handlers")


def put(handler: str, key: str, payload: dict[str, Any], *, act: str | None = None) -> None:
    """Write an effect in the running transaction. The same key is written only once, for ever.

    :param act: the act that it follows from, the running one by default; empty where it follows
        from none.
    """
    deed = this_act() if act is None else act
    Effect.insert(
        handler=handler, key=f"{handler}:{key}", payload=payload, act=deed
    ).on_conflict_ignore().execute()
    after_commit(wake)


def wake() -> None:
    """Ring for the worker, if one runs in this process."""
    if handlers.filled:
        handlers().bell.set()


def _take() -> list[Effect]:
    """The next effect, with a lease; with those of its kind that can be written together."""
    moment = now()
    # Nothing waits longer than that: such times were written by a clock that was ahead. Twice as
    # long, because others take and write while this one waits for the lock.
    late, gone = moment + 2 * timedelta(seconds=LONGEST_WAIT), moment + 2 * LEASE
    ready = (Effect.state == "queued") & ((Effect.due <= moment) | (Effect.due > late))
    left = (Effect.state == "leased") & ((Effect.lease < moment) | (Effect.lease > gone))
    with transaction():
        if clock.stopped():
            # What the lost days already did may not be done again unseen; and what would be signed
            # by a clock that was put back would not hold.
            return []
        query: Any = Effect.select().where(ready | left).order_by(Effect.id)
        if on_postgresql():
            # What another worker is just taking is passed over, so that nobody waits or stops.
            query = query.for_update("FOR UPDATE SKIP LOCKED")
        first: Effect | None = query.limit(1).first()
        if first is None:
            return []
        same = Effect.handler == first.handler
        several = isinstance(handlers().get(first.handler), TwoSteps)
        taken = list(query.where(same).limit(GROUP)) if several else [first]
        for effect in taken:
            effect.attempts += 1
        execute_many(
            "UPDATE acts_effect SET state = 'leased', lease = ?, attempts = ? WHERE id = ?",
            [(stamp(moment + LEASE), effect.attempts, effect.id) for effect in taken],
        )
        return taken


def _settle(effect: Effect) -> None:
    """Note that it is done, within a transaction."""
    _SETTLE.run(effect.id, effect.attempts)


_SETTLE = Ready(
    lambda number, attempts: Effect.update(state="done", error="", lease=None).where(
        (Effect.id == number) & (Effect.attempts == attempts)
    )
)


def _work(taken: list[Effect]) -> None:
    """Do what was taken: what it takes before anything is written, then all writing together."""
    begun: list[tuple[Effect, Step]] = []
    failed: list[tuple[Effect, BaseException]] = []
    for effect in taken:
        try:
            begun.append((effect, _begin(effect)))
        except (Exception, SystemExit) as error:  # no handler ends the worker
            failed.append((effect, error))
    for (effect, _), piece in zip(begun, _written(begun), strict=True):
        if piece.error is not None:
            failed.append((effect, piece.error))
    for effect, why in failed:
        with transaction():
            _failed(effect, why)


def _begin(effect: Effect) -> Step:
    handler = handlers().get(effect.handler)
    if handler is None:
        raise Unavailable(
            "outbox.no_handler",
            f"办理“{effect.handler}”的插件没有安装或已停用。请装回或启用插件，随后自动继续。",
            f"The plugin that does {effect.handler!r} is not installed or is faulty. Put it back; "
            "it then goes on by itself.",
        )
    if isinstance(handler, TwoSteps):
        return handler.first(effect.payload)
    handler(effect.payload)
    return lambda: None


def _written(begun: list[tuple[Effect, Step]]) -> list[Piece[None]]:
    calls = [partial(_finish, effect, step) for effect, step in begun]
    try:
        return together(calls)
    except OfficeError:
        # On PostgreSQL a group holds much, and may have been stopped for the sake of somebody else.
        return [piece for call in calls for piece in together([call])]


def _finish(effect: Effect, step: Step) -> None:
    left = step()
    if left is None:
        _settle(effect)
    else:
        _failed(effect, left)


def _failed(effect: Effect, error: BaseException) -> None:
    known = isinstance(error, OfficeError)
    _log.log(
        logging.WARNING if known else logging.ERROR,
        "outbox.failed",
        exc_info=error,
        extra={
            "said": {"effect": effect.handler, "attempt": effect.attempts, "code": _code(error)}
        },
    )
    failures = effect.failures + (not passing(error))
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(effect.attempts, 12))
    spread = random.uniform(0.5, 1)  # noqa: S311  # not secret
    Effect.update(
        state="failed" if failures >= FAILURES else "queued",
        error=f"{error}"[:2000],
        reason=_reason(effect, error),
        failures=failures,
        due=now() + timedelta(seconds=spread * wait),
        lease=None,
    ).where((Effect.id == effect.id) & (Effect.attempts == effect.attempts)).execute()


def passing(error: BaseException) -> bool:
    """Whether it failed only because something is not there now, and goes by itself."""
    if isinstance(error, OSError) and error.errno in OUT_OF:
        return True
    return isinstance(error, Unavailable | ConnectionError | TimeoutError | MemoryError)


def _reason(effect: Effect, error: BaseException) -> dict[str, str]:
    """What the administrator is told: a sentence in both languages, or the incident of a defect."""
    if isinstance(error, OfficeError):
        return {"code": error.code, "zh": error.zh, "en": error.en}
    known = str((effect.reason or {}).get("incident", ""))
    folder = handlers().folder
    if (known and effect.error == f"{error}"[:2000]) or folder is None:
        return {"incident": known}  # the same defect once more
    return {"incident": incidents.keep(error, f"outbox {effect.handler}", folder)}


def _code(error: BaseException) -> str:
    return error.code if isinstance(error, OfficeError) else ""


def drain(limit: int = 1000) -> int:
    """Do what is due, in this thread; gives how many effects were taken."""
    done = 0
    while done < limit:
        taken = _take()
        if not taken:
            break
        _work(taken)
        done += len(taken)
    return done


def settle(act: str, seconds: float = 5.0) -> bool:
    """Wait until the effects of an act are done; True if they are. Works them off itself if
    no worker runs in this process."""
    end = time.monotonic() + seconds
    while True:
        if not handlers().worker:
            drain()
        with connection():
            left = Effect.select().where(
                (Effect.act == act) & Effect.state.in_(["queued", "leased"])
            )
            if not left.exists():
                return True
        if time.monotonic() > end or not handlers().worker:
            return False
        time.sleep(0.02)


def waiting() -> int:
    """How many effects are not done yet."""
    with connection():
        return int(Effect.select().where(Effect.state.in_(["queued", "leased"])).count())


def stuck() -> peewee.Expression:
    """Those that the administrator has to look at: given up, or waiting for long."""
    waits = (Effect.state == "queued") & (Effect.attempts >= LONG)
    return (Effect.state == "failed") | waits


def troubled() -> peewee.Expression:
    """Those that failed at least once and are not done."""
    return (Effect.state == "failed") | ((Effect.state == "queued") & (Effect.attempts > 0))


def how_many_stuck() -> int:
    """How many of them there are, for the home page of who looks after them."""
    (count,) = _STUCK.first() or (0,)
    return int(count)


_STUCK = Ready(lambda: Effect.select(peewee.fn.COUNT(Effect.id)).where(stuck()))
