"""Rivals at the same time, on both databases: SQLite lets one write after the other, a server
does not, and what is decided must be the same."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from kernel.acts import gate, numbers, outbox
from kernel.acts.context import acting
from kernel.acts.house import delegating
from kernel.acts.house.grants import grant
from kernel.acts.house.keys import revoke_key
from kernel.acts.house.rollout import advance
from kernel.acts.models import Effect, Number, Task
from kernel.acts.outbox import Handlers
from kernel.acts.verbs import verb_of
from kernel.crypto.ids import now, stamp
from kernel.errors import Conflict, OfficeError, Unavailable
from kernel.exchange import settling
from kernel.exchange.ending import supersede, void
from kernel.exchange.inbound import send_back, sign_for
from kernel.exchange.models import Delivery, Package
from kernel.exchange.recalling import RESEND, recall
from kernel.exchange.resending import request_resend
from kernel.identity import credentials, delegations
from kernel.identity.models import Credential, NodeFact, Post
from kernel.plugins.installed import InstalledGuard
from kernel.storage import search
from kernel.storage.database import (
    connection,
    exclusive,
    in_transaction,
    lock_rows,
    transaction,
)
from kernel.storage.search import Entry
from kernel.testing_office import Office
from plugins.documents.models import Incoming
from plugins.workflow.definition import flow_of
from plugins.workflow.models import FlowRow
from plugins.workflow.running import keep
from tests.exchange.after import another
from tests.exchange.conftest import _offices  # noqa: F401  # the office that has sent a notice
from tests.exchange.notice import CLERKS, CPCO, GFIN, delivery, evidence, opened, package

pytestmark = [pytest.mark.both, pytest.mark.early]
Call = Callable[[], Any]


def at_once(calls: list[Call]) -> list[Any]:
    """Each in a thread of its own, begun together; gives results and refusals."""
    start = threading.Barrier(len(calls))

    def one(call: Call) -> Any:
        start.wait(10)
        try:
            return call()
        except OfficeError as error:
            return error

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(one, calls))


def signed(office: Office, name: str, verb: Any, subject: Any, **given: Any) -> Call:
    """An act that is prepared and signed; calling it performs it."""
    desk = office.desk(name)
    act = gate.prepare(desk, verb, subject, **given)
    signature = office.sign(desk, act)
    return lambda: gate.perform(desk, act, signature)


def test_numbers_of_a_new_series_are_gapless(office: Office) -> None:
    subject = package()

    def take() -> int:
        with transaction():
            return numbers.take_next(GFIN, "新", 2026, subject).value

    assert sorted(at_once([take] * 8)) == list(range(1, 9))
    with connection():
        assert Number.select().where(Number.kind == Package.kind).count() == 8


def test_one_number_goes_to_one(office: Office) -> None:
    subject = package()

    def take() -> int:
        with transaction():
            return numbers.take(GFIN, "财发", 2026, subject, expected=1).value

    ends = at_once([take] * 6)
    assert ends.count(1) == 1
    assert {one.code for one in ends if one != 1} == {"numbers.taken"}


def test_one_signature_is_used_once(office: Office) -> None:
    call = signed(office, CLERKS[GFIN], sign_for, opened(office, GFIN))
    ends = at_once([call] * 4)
    assert sum(isinstance(one, gate.Done) for one in ends) == 1
    assert all(isinstance(one, Conflict | gate.Done) for one in ends)


@pytest.mark.parametrize("turn", range(3))
def test_sign_for_send_back_and_recall_have_one_winner(office: Office, turn: int) -> None:
    item = opened(office, GFIN)
    ends = at_once(
        [
            signed(office, CLERKS[GFIN], sign_for, item),
            signed(office, CLERKS[GFIN], send_back, item, reason="重复来文"),
            signed(office, CLERKS[CPCO], recall, package(), reason="附件有误"),
        ]
    )
    assert not isinstance(ends[2], OfficeError) or ends[2].code != "exchange.settled"
    assert sum(isinstance(one, gate.Done) for one in ends[:2]) <= 1
    outbox.drain()
    assert delivery(GFIN).state in ("signed", "returned", "recalled")
    ended = [row.type for row in evidence(GFIN) if row.type in ("C1", "C2", "X2")]
    assert len(ended) == 1


@pytest.mark.parametrize("turn", range(3))
def test_no_task_is_left_for_what_was_ended_when_a_copy_was_asked_for(
    office: Office, turn: int
) -> None:
    item, desk = opened(office, GFIN), office.desk(CLERKS[GFIN])
    office.act(desk, send_back, item, reason="重复来文")
    back = delivery(GFIN)
    at_once(
        [
            lambda: office.act(desk, request_resend, back, reason="误退，请补发"),
            signed(office, CLERKS[CPCO], void, package(), reason="文号有误"),
        ]
    )
    with connection():
        asked = Task.select().where((Task.step == RESEND) & Task.done.is_null())
        assert package().ended == "void" and not asked.exists()


def ending_at_once(office: Office, first: Call, second: Call, monkeypatch: Any) -> list[Any]:
    """Two acts, the second begun while the first has been checked and is not written yet."""
    ends: list[Any] = []
    other = threading.Thread(target=lambda: ends.append(at_once([second])[0]))
    ask, begun = gate.guards.ask, []

    def in_the_middle(*given: Any) -> None:
        if in_transaction() and not begun:
            begun.append(True)
            other.start()
            other.join(0.7)
        ask(*given)

    monkeypatch.setattr(gate.guards, "ask", in_the_middle)
    ends.insert(0, at_once([first])[0])
    other.join(10)
    assert begun and not other.is_alive()
    return ends


@pytest.mark.parametrize("how", ["supersede", "void"])
def test_nothing_is_replaced_by_what_ends_at_the_same_time(
    office: Office, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new, clerk = package(), another(office), CLERKS[CPCO]
    ending: Call = (
        signed(office, clerk, supersede, new, by=old.uid, reason="反向替换")
        if how == "supersede"
        else signed(office, clerk, void, new, reason="文号有误")
    )
    replacing = signed(office, clerk, supersede, old, by=new.uid, reason="内容有调整")
    ends = ending_at_once(office, ending, replacing, monkeypatch)
    assert sorted(isinstance(one, gate.Done) for one in ends) == [False, True]
    assert [one.code for one in ends if isinstance(one, OfficeError)] == ["exchange.successor"]
    outbox.drain()
    with connection():
        old, new = Package.get_by_id(old.id), Package.get_by_id(new.id)
    assert (old.ended, old.successor, new.ended) == ("", "", how)


@pytest.mark.parametrize("turn", range(3))
def test_two_that_replace_each_other_close_no_circle(office: Office, turn: int) -> None:
    old, new, clerk = package(), another(office), CLERKS[CPCO]
    ends = at_once(
        [
            signed(office, clerk, supersede, old, by=new.uid, reason="内容有调整"),
            signed(office, clerk, supersede, new, by=old.uid, reason="反向替换"),
        ]
    )
    assert sorted(isinstance(one, gate.Done) for one in ends) == [False, True]
    with connection():
        ended = {Package.get_by_id(one.id).ended for one in (old, new)}
    assert ended == {"", "supersede"}


def test_workers_share_the_outbox_and_do_each_thing_once(
    office: Office,
) -> None:
    done: list[int] = []
    all_of_them = threading.Barrier(3)

    def together(payload: dict[str, Any]) -> None:
        all_of_them.wait(30)  # nobody stops because another one is just taking something
        done.append(payload["n"])

    with transaction(), acting("test"):
        Effect.delete().execute()
        for number in range(30):
            outbox.put("together", str(number), {"n": number})
    outbox.handlers.fill(Handlers({"together": together}))
    shares = at_once([outbox.drain] * 3)
    assert sum(shares) == 30
    assert sorted(done) == list(range(30))


def test_what_was_signed_for_is_registered_once(office: Office) -> None:
    office.act(office.desk(CLERKS[GFIN]), sign_for, opened(office, GFIN))
    uid = delivery(GFIN).uid
    with transaction():
        Incoming.delete().where(Incoming.delivery == uid).execute()
        Delivery.update(parked=True).where(Delivery.uid == uid).execute()
    assert at_once([lambda: settling._hand_over(uid)] * 4) == [None] * 4
    with connection():
        assert Incoming.select().where(Incoming.delivery == uid).count() == 1


def test_a_new_flow_is_written_once(office: Office) -> None:
    with connection():
        known = FlowRow.select().order_by(FlowRow.id).first()
        flow = flow_of(known.definition | {"version": 77})

    def begin() -> int:
        with transaction():
            row = keep(flow)
            time.sleep(0.02)
            return row.id

    assert len(set(at_once([begin] * 5))) == 1


def test_the_phase_never_goes_back(office: Office) -> None:
    def to(phase: int) -> Call:
        def go() -> None:
            with transaction():
                advance(None, phase=phase)  # type: ignore[arg-type]  # the body asks no desk

        return go

    at_once([to(2), to(3), to(2), to(3)])
    with connection():
        assert NodeFact.read("phase") == 3


def test_indexing_one_object_many_times_leaves_one_entry(office: Office) -> None:
    moment = now()

    def index(number: int) -> None:
        with transaction():
            search.index(
                Entry(
                    "documents", "x", "same", GFIN, f"雪豹{number}", "", moment, frozenset({"node"})
                )
            )
            search.index(
                Entry("documents", "x", f"n{number}", GFIN, "雪豹", "", moment, frozenset({"node"}))
            )

    ends = at_once([lambda n=n: index(n) for n in range(6)])
    assert ends == [None] * 6
    hits = [hit.uid for hit in search.find("雪豹", {"node"}, {"documents"}).hits]
    assert sorted(hits) == ["n0", "n1", "n2", "n3", "n4", "n5", "same"]


def test_who_revokes_a_key_waits_for_the_act_and_the_next_act_for_him(office: Office) -> None:
    clerk = office.desk(CLERKS[GFIN])
    within, go_on = threading.Event(), threading.Event()
    order: list[str] = []

    def acts() -> None:
        with transaction():
            lock_rows(Credential, Credential.uid == clerk.credential, shared=True)
            within.set()
            go_on.wait(2)
            assert credentials.is_active(clerk.credential, clerk.person.uid)
            order.append("act")

    def revokes() -> None:
        within.wait(5)
        go_on.set()
        with transaction(), acting("revoking", now()):
            revoke_key(None, credential=clerk.credential, reason="遗失")  # type: ignore[arg-type]  # the body asks no desk
        order.append("revoked")

    at_once([acts, revokes])
    assert order == ["act", "revoked"]


def test_what_is_exclusive_is_done_one_after_the_other(office: Office) -> None:
    inside: list[int] = []
    most: list[int] = []

    def one() -> None:
        with transaction():
            exclusive("test")
            inside.append(1)
            most.append(len(inside))
            time.sleep(0.02)
            inside.pop()

    assert at_once([one] * 5) == [None] * 5
    assert max(most) == 1


@dataclass
class Taking:
    """A right that is taken away while somebody acts by it.

    :ivar act: the act, prepared and signed. :ivar away: taking the right away, as an act.
    :ivar body: the same, within a transaction. :ivar code: what the act is refused with afterwards.
    """

    act: Call
    away: Call
    body: Call
    code: str


def by_delegation(office: Office) -> Taking:
    giver = office.desk(CLERKS[GFIN])
    with transaction():
        person = office.post("王芳").person
        taker = Post.create(person=person, unit=giver.unit, title="借调", roles=["drafter"])
    row = office.act(
        giver,
        delegating.delegate,
        taker=taker.uid,
        person=taker.person.uid,
        kind="delegate",
        names=["exchange.sign_for"],
        starts=stamp(now() - timedelta(minutes=1)),
        ends=stamp(now() + timedelta(days=1)),
    ).result
    item, own = opened(office, GFIN), office.desk("王芳", GFIN)
    with connection():
        desk = delegations.desk_by(own, row.uid)
    assert desk is not None
    prepared = gate.prepare(desk, sign_for, item)
    signature = office.sign(desk, prepared)

    def body() -> None:
        with acting("test", now()):
            delegating.end_delegation(giver, delegation=row.uid)

    return Taking(
        lambda: gate.perform(desk, prepared, signature),
        lambda: office.act(giver, delegating.end_delegation, delegation=row.uid),
        body,
        "rights.delegation_ended",
    )


def by_grant(office: Office) -> Taking:
    item, security = opened(office, GFIN), office.desk("何静")
    post = office.post(CLERKS[GFIN])
    no_more = {"post": post.uid, "level": verb_of(sign_for).level, "given": False}
    act = signed(office, CLERKS[GFIN], sign_for, item)

    def body() -> None:
        with acting("test"):
            grant(security, **no_more)  # type: ignore[arg-type]  # of mixed values

    away = signed(office, "何静", grant, None, **no_more)
    return Taking(act, away, body, "acts.not_allowed")


@pytest.mark.parametrize("taking", [by_delegation, by_grant])
def test_who_takes_a_right_away_waits_for_the_act(
    office: Office, taking: Callable[[Office], Taking], monkeypatch: pytest.MonkeyPatch
) -> None:
    case, waited, ask = taking(office), [], gate.guards.ask
    other = threading.Thread(target=case.away)

    def in_the_middle(*given: Any) -> None:
        if in_transaction() and not waited:
            waited.append(True)
            other.start()
            other.join(0.7)
            waited[0] = other.is_alive()
        ask(*given)

    monkeypatch.setattr(gate.guards, "ask", in_the_middle)
    assert isinstance(case.act(), gate.Done)
    other.join(10)
    assert waited == [True] and not other.is_alive()


@pytest.mark.parametrize("taking", [by_delegation, by_grant])
def test_the_next_act_waits_for_who_takes_its_right_away(
    office: Office, taking: Callable[[Office], Taking]
) -> None:
    case, ends = taking(office), []

    def act() -> None:
        ends.append(at_once([case.act])[0])

    other = threading.Thread(target=act)
    with transaction():
        case.body()
        other.start()
        other.join(0.5)
        assert ends == []
    other.join(10)
    assert [one.code for one in ends] == [case.code]


def test_who_comes_too_late_is_asked_by_the_guards_too(office: Office) -> None:
    act = signed(office, CLERKS[GFIN], sign_for, opened(office, GFIN))
    office.act(office.desk(CLERKS[CPCO]), recall, package(), reason="附件有误")
    with transaction():
        InstalledGuard.create(name="gone", verbs=["exchange.sign_for"], act="x", removed=False)
    with pytest.raises(Unavailable, match=r"acts\.guard_down"):
        act()
    assert evidence(GFIN, "X14") == []
    with transaction():
        InstalledGuard.delete().where(InstalledGuard.name == "gone").execute()
    with pytest.raises(Conflict):
        act()
    assert len(evidence(GFIN, "X14")) == 1
