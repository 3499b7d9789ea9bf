"""Effects that are written together: one that fails alone, and what is left to be tried again."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts import outbox
from kernel.acts.models import Effect
from kernel.acts.outbox import Handlers, TwoSteps
from kernel.crypto.ids import now, stamp
from kernel.identity.models import NodeFact
from kernel.storage import grouping
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office

pytestmark = pytest.mark.both


def first(payload: dict[str, Any]) -> Callable[[], Exception | None]:
    """Signs nothing; writes a fact of its name."""
    name = payload["name"]
    if name == "early":
        raise RuntimeError("before anything was written")

    def write() -> Exception | None:
        NodeFact.write(f"toy.{name}", now().isoformat())
        if name == "bad":
            raise RuntimeError("while it was written")
        return RuntimeError("another time") if name == "half" else None

    return write


@pytest.fixture
def queue(office: Office) -> Callable[..., None]:
    outbox.drain()
    outbox.handlers.fill(Handlers({"toy": TwoSteps(first)}))

    def put(*names: str) -> None:
        with transaction():
            for name in names:
                Effect.create(handler="toy", key=f"toy:{name}", payload={"name": name})

    return put


def states() -> dict[str, str]:
    with connection():
        rows = Effect.select().where(Effect.handler == "toy")
        return {row.payload["name"]: row.state for row in rows}


def written() -> set[str]:
    with connection():
        rows = NodeFact.select().where(NodeFact.key.startswith("toy."))
        return {row.key.removeprefix("toy.") for row in rows}


def test_one_that_fails_harms_no_other(queue: Callable[..., None]):
    queue("a", "bad", "b", "early", "half", "c")
    assert outbox.drain() == 6
    assert written() == {"a", "b", "c", "half"}
    again = {"bad": "queued", "early": "queued", "half": "queued"}
    assert states() == again | dict.fromkeys("abc", "done")
    with connection():
        errors = {row.error for row in Effect.select().where(Effect.state == "queued")}
    assert errors == {"while it was written", "before anything was written", "another time"}


def test_many_are_worked_off_in_groups(queue: Callable[..., None]):
    names = [f"n{number}" for number in range(outbox.GROUP + 3)]
    queue(*names)
    assert outbox.drain() == len(names)
    assert written() == set(names) and set(states().values()) == {"done"}


def test_a_group_that_is_stopped_is_done_one_by_one(
    queue: Callable[..., None], monkeypatch: pytest.MonkeyPatch
):
    def stop(_: str) -> None:
        raise grouping.busy()

    monkeypatch.setattr(grouping, "crash_point", stop)
    queue("a", "bad", "b")
    assert outbox.drain() == 3
    assert written() == {"a", "b"} and states() == {"a": "done", "b": "done", "bad": "queued"}


def test_a_handler_of_two_steps_can_be_called_alone(queue: Callable[..., None]):
    TwoSteps(first)({"name": "x"})
    with pytest.raises(RuntimeError, match="another time"):
        TwoSteps(first)({"name": "half"})
    assert written() == {"x", "half"}


def test_what_another_one_took_a_moment_later_is_left_to_him(queue: Callable[..., None]):
    # Who waits for the lock asks with the time at which he began to wait.
    queue("good")
    taken = stamp(now() + outbox.LEASE + timedelta(seconds=1))
    with transaction():
        Effect.update(state="leased", lease=taken).where(Effect.handler == "toy").execute()
    assert outbox.drain() == 0
    with transaction():
        ahead = stamp(now() + timedelta(days=1))  # by a clock that was a day ahead
        Effect.update(lease=ahead).where(Effect.handler == "toy").execute()
    assert outbox.drain() == 1
