"""The door for packages from outside: the same receipt for ever, or a refusal with all reasons."""

import threading
from typing import Any

import pytest

from kernel.crypto import canonical
from kernel.errors import Unavailable
from kernel.exchange import evidence as evidences
from kernel.exchange import package as packages
from kernel.exchange.inbound import sign_for
from kernel.exchange.models import Evidence, Package, Rejection
from kernel.exchange.submission import Receipt, submit
from kernel.identity.models import Unit
from kernel.storage import log, log_check
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from tests.exchange.after import recipient_does
from tests.exchange.notice import (
    CPCO,
    GEDU,
    GFIN,
    browser_of,
    deliveries,
    delivery,
    evidence,
    opened,
    package,
    root,
)


def said(receipt: Receipt) -> tuple[str, list[str]]:
    """The type of the evidence, which verifies offline, and its codes."""
    fact = evidences.verify(receipt.record, [root()]).evidence
    return fact.type, [reason.code for reason in fact.reasons]


def changed(code: str, **fields: Any) -> None:
    with transaction():
        Unit.update(**fields).where(Unit.code == code).execute()


def counts() -> tuple[int, int, int]:
    with connection():
        return tuple(model.select().count() for model in (Package, Evidence, Rejection))


def test_a_package_is_taken_and_lies_in_every_box(office: Office, data: bytes):
    receipt = submit(data)
    assert (receipt.number, receipt.taken, said(receipt)) == (100, True, ("A1", []))
    assert {row.state for row in deliveries()} == {"delivered"} and len(deliveries()) == 7
    assert (package().organ, package().state) == (CPCO, "sent")
    opened(office, GFIN)
    recipient_does(office, GFIN, sign_for)
    assert delivery(GFIN).state == "signed"
    sender = browser_of(office, CPCO).get(f"/exchange/outbox/{package().uid}")
    assert sender.status_code == 200 and "1</strong> / 7" in sender.text
    log.integrate()
    assert log_check.verify().ok


def test_the_same_package_gets_the_same_receipt_for_ever(office: Office, data: bytes):
    first = submit(data)
    before = counts()
    for _ in range(3):
        again = submit(data)
        assert (again.number, again.record) == (101, first.record)
    assert counts() == before


def test_the_same_package_at_the_same_moment_is_taken_once(office: Office, data: bytes):
    got: list[Receipt] = []
    start = threading.Barrier(3)

    def hand_in() -> None:
        start.wait()
        got.append(submit(data))

    threads = [threading.Thread(target=hand_in) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.record for one in got}) == 1
    assert sorted(one.number for one in got).count(101) >= 2
    assert len(deliveries()) == 7


def test_another_package_of_the_same_name_is_refused_in_writing(office: Office, data: bytes):
    submit(data)
    with transaction():  # as if the one that came first had been another one
        Package.update(pkg_digest=canonical.digest(b"another")).execute()
    receipt = submit(data)
    assert (receipt.number, said(receipt)) == (201, ("A2", ["201"]))
    again = submit(data)
    assert (again.number, again.record) == (101, receipt.record)
    assert len(deliveries()) == 7 and len(evidence(type_="A2")) == 0


def test_a_damaged_package_is_refused_and_does_not_use_up_the_name(office: Office, data: bytes):
    broken = data.replace(b"%PDF-", b"%PDX-", 1)
    receipt = submit(broken)
    kind, codes = said(receipt)
    assert (kind, receipt.taken) == ("A2", False) and codes and codes[0].startswith("2")
    assert submit(broken).record == receipt.record
    assert submit(b"no package at all").number == 205
    assert submit(data).number == 100
    log.integrate()
    assert log_check.verify().ok


def test_one_recipient_that_is_closed_fails_alone(office: Office, data: bytes):
    changed(GFIN, rollout=9)
    changed(GEDU, box=False)
    receipt = submit(data)
    assert (receipt.number, receipt.numbers) == (100, (100, 301, 302))
    states = {row.organ: row.state for row in deliveries()}
    assert (states.pop(GFIN), states.pop(GEDU), set(states.values())) == (
        *("failed", "failed"),
        {"delivered"},
    )
    for organ, number in ((GFIN, "302"), (GEDU, "301")):
        (row,) = evidence(organ, "D2")
        fact = evidences.verify(bytes(row.record), [root()]).evidence
        assert ([one.code for one in fact.reasons], fact.state_to) == ([number], "failed")
    shown = browser_of(office, CPCO).get(f"/exchange/outbox/{package().uid}").text
    assert "投递失败" in shown
    changed(GFIN, rollout=1)  # what an edit of the table closed is put back: it would be named
    changed(GEDU, box=True)
    log.integrate()
    assert log_check.verify().ok


def test_all_that_is_wrong_is_said_at_once(office: Office, data: bytes):
    with connection():
        codes = [each["unit"] for each in packages.read(data).contents.envelope["recipients"]]
    for code in codes:
        changed(code, rollout=9)
    changed(CPCO, rollout=9)
    receipt = submit(data)
    assert said(receipt) == ("A2", ["302", "310"])
    assert receipt.numbers == (302, 310) and counts()[0] == 0
    for code in [*codes, CPCO]:
        changed(code, rollout=1)
    assert submit(data).record == receipt.record, "what was refused stays refused"


def test_while_it_is_still_being_sent_here_nothing_is_decided(office: Office, data: bytes):
    submit(data)
    with transaction():
        Package.update(state="claimed").execute()
    before = counts()
    with pytest.raises(Unavailable, match="403"):
        submit(data)
    assert counts() == before


def test_a_refusal_that_was_altered_is_named_by_the_log(office: Office):
    submit(b"no package at all")
    with transaction():
        Rejection.update(record=b"{}").execute()
    log.integrate()
    assert "rejection" in str(log_check.verify().problems)
