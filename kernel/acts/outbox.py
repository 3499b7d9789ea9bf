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
from datetime import timedelta
from typing import Any

from kernel.acts import hold
from kernel.acts.context import this_act
from kernel.acts.models import Effect
from kernel.crypto.ids import now
from kernel.errors import OfficeError
from kernel.slots import Slot
from kernel.storage.database import after_commit, connection, on_postgresql, transaction

Handler = Callable[[dict[str, Any]], None]
LEASE = timedelta(minutes=2)
FIRST_WAIT = 2.0
LONGEST_WAIT = 900.0
ATTEMPTS = 50
_log = logging.getLogger("juyan.outbox")


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


def put(handler: str, key: str, payload: dict[str, Any]) -> None:
    """Write an effect in the running transaction. The same key is written only once, for ever."""
    Effect.insert(
        handler=handler, key=f"{handler}:{key}", payload=payload, act=this_act()
    ).on_conflict_ignore().execute()
    after_commit(wake)


def wake() -> None:
    """Ring for the worker, if one runs in this process."""
    if handlers.filled:
        handlers().bell.set()


def _take() -> Effect | None:
    moment = now()
    ready = (Effect.state == "queued") & (Effect.due <= moment)
    left = (Effect.state == "leased") & (Effect.lease < moment)
    with transaction():
        if hold.held() is not None:
            return None  # what the lost days already did may not be done again unseen
        query: Any = Effect.select().where(ready | left).order_by(Effect.id).limit(1)
        if on_postgresql():
            # What another worker is just taking is passed over, so that nobody waits or stops.
            query = query.for_update("FOR UPDATE SKIP LOCKED")
        effect: Effect | None = query.first()
        if effect is None:
            return None
        taken = (
            Effect.update(state="leased", lease=moment + LEASE, attempts=effect.attempts + 1)
            .where((Effect.id == effect.id) & (Effect.attempts == effect.attempts))
            .execute()
        )
        effect.attempts += 1
        return effect if taken else None


def _settle(effect: Effect, state: str, error: str = "") -> None:
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2 ** min(effect.attempts, 12))
    due = now() + timedelta(seconds=random.uniform(0.5, 1) * wait)  # noqa: S311  # spread, not secret
    with transaction():
        Effect.update(state=state, error=error[:2000], due=due, lease=None).where(
            (Effect.id == effect.id) & (Effect.attempts == effect.attempts)
        ).execute()


def _work(effect: Effect) -> None:
    handler = handlers().get(effect.handler)
    try:
        if handler is None:
            raise LookupError(f"nobody handles {effect.handler}")
        handler(effect.payload)
    except Exception as error:
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
    else:
        _settle(effect, "done")


def _code(error: Exception) -> str:
    return error.code if isinstance(error, OfficeError) else ""


def drain(limit: int = 1000) -> int:
    """Do what is due, in this thread; gives how many effects were taken."""
    done = 0
    while done < limit:
        effect = _take()
        if effect is None:
            break
        _work(effect)
        done += 1
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
