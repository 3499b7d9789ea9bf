"""The outbox: effects after a commit, done at least once by idempotent handlers.

An effect is written in the transaction of the act that wants it. Whoever is awake takes it with a
lease; a process that dies leaves it to the next one. Retries wait longer each time.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from kernel.acts import clock
from kernel.acts.context import this_act
from kernel.acts.models import Effect
from kernel.crypto.ids import now, stamp
from kernel.errors import OfficeError
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

Handler = Callable[[dict[str, Any]], None]
Step = Callable[[], Exception | None]
GROUP = 32
"""So many effects with :class:`TwoSteps` at once: their receipts wait for the last of them."""
LEASE = timedelta(minutes=2)
FIRST_WAIT = 2.0
LONGEST_WAIT = 900.0
ATTEMPTS = 50
_log = logging.getLogger("juyan.outbox")


@dataclass(frozen=True)
class TwoSteps:
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
    """The handlers of the kernel and of the plugins, by name; and who is woken by new effects."""

    def __init__(self, handlers: Mapping[str, Handler]) -> None:
        self._handlers = dict(handlers)
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


def _settle(effect: Effect, state: str, error: str = "") -> None:
    """Note how it ended, within a transaction."""
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(effect.attempts, 12))
    due = now() + timedelta(seconds=random.uniform(0.5, 1) * wait)  # noqa: S311  # spread, not secret
    _SETTLE.run(state, error[:2000], due, effect.id, effect.attempts)


_SETTLE = Ready(
    lambda state, error, due, number, attempts: Effect.update(
        state=state, error=error, due=due, lease=None
    ).where((Effect.id == number) & (Effect.attempts == attempts))
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
        raise LookupError(f"nobody handles {effect.handler}")
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
        _settle(effect, "done")
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
    _settle(effect, "failed" if effect.attempts >= ATTEMPTS else "queued", f"{error}")


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


def failed() -> list[Effect]:
    """Effects that were given up, for the administrator."""
    with connection():
        return list(Effect.select().where(Effect.state == "failed").order_by(Effect.id))
