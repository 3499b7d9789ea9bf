"""A clock behind the log: nothing is signed, nothing is lost, and how it goes on."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from kernel import cli
from kernel.acts import clock, gate, outbox
from kernel.acts.house import timing
from kernel.acts.house.calendar import set_day
from kernel.acts.house.keys import revoke_key
from kernel.acts.house.rollout import advance
from kernel.acts.models import Act, Effect
from kernel.crypto import ids, x509
from kernel.crypto.canonical import loads
from kernel.errors import Conflict, Refused, Unavailable
from kernel.exchange import deadlines
from kernel.identity.models import Credential, RevocationList
from kernel.node import open_node
from kernel.seals.models import Seal
from kernel.seals.revoking import renew_lists, revoke_certificate
from kernel.storage import log, log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office, settings_of
from plugins.documents.line import issue
from tests.exchange.notice import NOTICE, package

pytestmark = pytest.mark.both
DAY, HOUR = timedelta(days=1), timedelta(hours=1)


@pytest.fixture
def clock_at() -> Iterator[Callable[[timedelta], None]]:
    """``clock_at(-DAY)``: the machine's clock is that far from what is right."""
    yield lambda span: ids.set_clock(lambda: ids._system_clock() + span)
    ids.set_clock(None)


Clock = Callable[[timedelta], None]


def letter(title: str) -> dict[str, object]:
    return NOTICE | {"title": f"中共张掖市委办公室关于{title}的通知"}


def refused(attempt: Callable[[], object]) -> Unavailable:
    with pytest.raises(Unavailable) as refusal:
        attempt()
    return refusal.value


def number(title: str) -> object:
    return issue(letter(title), until="number").number


def switch_day(office: Office) -> None:
    day = {"day": "2027-01-04", "works": False, "name": "调休", "source": "通知"}
    office.act(office.desk("杨帆"), set_day, **day)


def signed() -> int:
    with connection():
        return Act.select().where(Act.weight == "signed").count()


def times() -> list[object]:
    with connection():
        return [row.at for row in Act.select(Act.at).order_by(Act.id)]


def test_nobody_signs_while_the_clock_is_behind_and_all_goes_on_after_it(
    office: Office, clock_at: Clock
):
    number("值班")
    before = signed()
    clock_at(-DAY)
    error = refused(lambda: number("防汛"))
    assert error.code == "node.clock"
    assert "校准时钟" in error.zh and "manage.py clock" in error.en
    assert signed() == before
    clock_at(timedelta(0))
    number("防汛")
    assert times() == sorted(times(), key=str)


def test_who_prepared_before_the_clock_went_back_signs_the_same_form_after_it(
    office: Office, clock_at: Clock
):
    clerk = office.desk("杨帆")
    prepared = gate.prepare(clerk, advance, phase=2)
    signature = office.sign(clerk, prepared)
    clock_at(-HOUR)
    assert refused(lambda: gate.perform(clerk, prepared, signature)).code == "node.clock"
    clock_at(timedelta(0))
    assert gate.perform(clerk, prepared, signature).uid == prepared.statement.facts["act"]


def test_a_clock_that_is_adjusted_a_little_goes_unnoticed(office: Office, clock_at: Clock):
    number("值班")
    clock_at(-timedelta(seconds=3))
    number("防汛")
    with connection():
        for row in Act.select().where(Act.weight == "signed"):
            assert str(loads(bytes(row.bytes))["issued"]) <= ids.stamp(row.at)
    assert times() == sorted(times(), key=str)
    while log.integrate():
        log.checkpoint()
    assert log_check.verify().problems == []


def test_reading_goes_on_and_the_log_does_not_go_back(office: Office, clock_at: Clock):
    clock_at(DAY)
    number("值班")
    last = times()[-1]
    clock_at(timedelta(0))
    switch_day(office)
    assert times()[-1] == last
    assert "待办" in office.browser().login("孙倩").text


def test_workers_wait_and_go_on_by_themselves(office: Office, clock_at: Clock):
    done = issue(letter("值班"))
    with transaction():
        Effect.update(state="queued", due=ids.now() - 2 * DAY).execute()
    clock_at(-DAY)
    assert outbox.drain() == 0
    assert refused(deadlines.note_overdue).code == "node.clock"
    assert renew_lists() == 0
    clock_at(timedelta(0))
    assert outbox.drain() > 0
    assert outbox.waiting() == 0
    assert package().uid == done.package


def test_what_was_queued_by_a_clock_that_was_ahead_does_not_wait_for_it(
    office: Office, clock_at: Clock
):
    with transaction():
        Effect.create(handler="acts.notify", key="ahead", payload={}, due=ids.now() + DAY)
    outbox.drain()
    with connection():
        assert Effect.get(Effect.key == "ahead").attempts == 1


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["--instance", str(folder), *arguments])


def test_after_a_clock_that_was_ahead_the_operator_lets_it_go_on(
    office_folder: Path, clock_at: Clock
):
    clock_at(DAY)
    with open_node(settings_of(office_folder)):
        issue(letter("值班"))
        clock_at(timedelta(0))
        assert refused(lambda: number("防汛")).code == "node.clock"
    assert run(office_folder, "clock").exit_code == 1
    accepted = run(office_folder, "clock", "--accept", "--json")
    assert accepted.exit_code == 0 and json.loads(accepted.stdout)["ok"]
    assert run(office_folder, "clock", "--accept").exit_code == 1
    assert run(office_folder, "log", "verify").exit_code == 0
    with open_node(settings_of(office_folder)):
        issue(letter("防汛"))
        with connection():
            left = Effect.select().where(Effect.state != "done")
            assert [(one.handler, one.error) for one in left] == []


def revoked_while_behind(office: Office, verb: Callable[..., object], **arguments: str) -> Act:
    """What the security administrator does though the clock is behind: the act of it."""
    desk = office.desk("何静")
    prepared = gate.prepare(desk, verb, reason="遗失", **arguments)
    gate.perform(desk, prepared, office.sign(desk, prepared))
    with connection():
        return Act.select().order_by(Act.id.desc()).get()


def key_of(name: str, office: Office) -> str:
    with connection():
        person = office.post(name).person.uid
        return str(Credential.get(Credential.person == person).uid)


@pytest.mark.parametrize("behind", [HOUR, 400 * DAY], ids=["an hour", "before its key was issued"])
def test_a_lost_key_is_revoked_at_once_though_the_clock_is_behind(
    office: Office, clock_at: Clock, behind: timedelta
):
    number("值班")
    key, clerk = key_of("杨帆", office), office.desk("杨帆")
    theirs = office.browser()
    assert "杨帆" in theirs.login("杨帆").text
    newest = times()[-1]
    clock_at(-behind)
    assert "何静" in office.browser().login("何静").text
    deed = revoked_while_behind(office, revoke_key, credential=key)
    issued = str(loads(bytes(deed.bytes))["issued"])
    assert (deed.at, issued) == (newest, ids.stamp(newest))
    with connection():
        assert Credential.get(Credential.uid == key).revoked == newest
    assert "登录" in theirs.get("/").text
    assert refused(lambda: number("防汛")).code == "node.clock"
    clock_at(timedelta(0))
    with pytest.raises(Refused, match=r"keys\.revoked"):
        office.act(clerk, advance, phase=2)
    while log.integrate():
        log.checkpoint()
    assert log_check.verify().problems == []
    assert times() == sorted(times(), key=str)


def test_who_revokes_while_the_clock_is_behind_reads_at_which_time_it_is_entered(
    office: Office, clock_at: Clock
):
    desk = office.desk("何静")
    with connection():
        pem = Seal.select().get().certificate
    lost: list[tuple[Callable[..., object], dict[str, str]]] = [
        (revoke_key, {"credential": key_of("杨帆", office), "reason": "遗失"}),
        (revoke_certificate, {"certificate": pem, "reason": "遗失"}),
    ]
    said = [gate.prepare(desk, verb, **arguments).verb.confirm for verb, arguments in lost]
    for consequence, (_, arguments) in zip(said, lost, strict=True):
        assert consequence is not None
        clock_at(timedelta(0))
        with connection():
            assert "时钟" not in consequence(desk, **arguments)[0]
        clock_at(-HOUR)
        with connection():
            zh, en = consequence(desk, **arguments)
        assert ids.stamp(times()[-1]) in zh and ids.stamp(times()[-1]) in en


def lists() -> list[x509.Crl]:
    with connection():
        rows = RevocationList.select().where(RevocationList.authority == "seals")
        return [x509.load_crl(row.pem.encode()) for row in rows.order_by(RevocationList.number)]


def test_a_certificate_that_is_revoked_while_the_clock_is_behind_is_on_a_list_at_once(
    office: Office, clock_at: Clock
):
    with connection():
        pem = Seal.select().get().certificate
    newest = times()[-1].replace(microsecond=0)
    clock_at(-DAY)
    revoked_while_behind(office, revoke_certificate, certificate=pem)
    listed = lists()[-1]
    (entry,) = listed
    assert entry.revocation_date_utc == listed.last_update_utc == newest
    assert renew_lists() == 0


def test_what_was_revoked_by_a_clock_that_was_ahead_is_revoked_from_its_right_time_on(
    office: Office, clock_at: Clock
):
    clock_at(30 * DAY)
    number("值班")
    with connection():
        pem = Seal.select().get().certificate
    clock_at(timedelta(0))
    revoked_while_behind(office, revoke_certificate, certificate=pem)
    assert next(iter(lists()[-1])).revocation_date_utc > ids.now() + 29 * DAY
    timing.accept()
    (entry,) = lists()[-1]
    assert entry.revocation_date_utc <= lists()[-1].last_update_utc <= ids.now()
    assert log_check.verify().problems == []


def test_the_clock_is_not_accepted_before_the_node_was_founded(office: Office, clock_at: Clock):
    with pytest.raises(Conflict, match=r"node\.clock_right"):
        timing.accept()
    clock_at(-2 * DAY)
    assert refused(timing.accept).code == "node.clock_before"
    assert clock.is_behind()
