"""Rows 10, 22, 23, 25, 26: plugins, approvals, numbers, a full disk, an act that is denied."""

from __future__ import annotations

import threading
import types
from typing import Any

import pytest

from kernel import hooks
from kernel.acts import gate, numbers, signatures
from kernel.acts.house.grants import grant
from kernel.acts.models import Act, Number, Series
from kernel.crypto import canonical, chain
from kernel.crypto.acts_format import verify_record
from kernel.crypto.x509 import load_cert
from kernel.errors import Conflict
from kernel.exchange.models import Package
from kernel.identity.authority import authority
from kernel.plugins.bus import FAULTS, bus
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction
from kernel.testing_office import Office
from plugins.documents.acts.sealing import seal, seal_arguments
from plugins.documents.line import issue
from plugins.documents.models import Document
from tests.exchange.notice import CPCO, NOTICE
from tests.threats.attacks import caught, code


def _raising(**_: Any) -> Any:
    raise RuntimeError("a plugin that fails")


def bad_plugin(**hook: Any) -> types.ModuleType:
    """A plugin whose hooks are these functions."""
    made = types.ModuleType("bad")
    for name, function in hook.items():
        setattr(made, name, hooks.hookimpl(function))
    return made


def test_row_10_plugin_that_misbehaves(office: Office):
    """What a plugin raises stays its own and puts it away; a check that fails refuses."""

    def menu_items(desk: Any) -> Any:
        return _raising()

    def guard(desk: Any, verb: Any, subject: Any) -> Any:
        return _raising()

    bus().strict = False
    bus().register("bad", bad_plugin(menu_items=menu_items))
    for _ in range(FAULTS):
        assert caught(lambda: list(bus().gather("menu_items", desk=office.desk("林晓梅")))) is None
    assert "bad" in bus().quarantined
    browser = office.browser()
    assert browser.login("林晓梅").status_code == 200
    bus().register("worse", bad_plugin(guard=guard))
    desk = office.desk("何静")
    assert code(lambda: bus().veto("guard", desk=desk, verb=grant, subject=None)) == (
        "plugins.guard_failed"
    )


def test_row_22_edited_between_approval_and_seal(office: Office):
    """What was approved is what is sealed; an approval is used once."""
    done = issue(NOTICE | {"title": "中共张掖市委办公室关于用印的通知"}, until="typeset")
    keeper = office.desk("赵敏华")

    def fresh() -> Document:
        with connection():
            return Document.get(Document.uid == done.document)

    with connection():
        given = seal_arguments(fresh())
    approved = gate.prepare(keeper, seal, fresh(), **given)
    signature = office.sign(keeper, approved)
    with transaction():
        title = fresh().title
        Document.update(title=title + "（改）").where(Document.uid == done.document).execute()
    assert code(lambda: gate.perform(keeper, approved, signature)) == "acts.stale"
    with transaction():
        Document.update(title=title).where(Document.uid == done.document).execute()
    assert code(lambda: gate.perform(keeper, approved, signature)) == ""
    assert code(lambda: gate.perform(keeper, approved, signature)) != ""
    with connection():
        assert (
            Act.select()
            .where((Act.verb == "documents.seal") & (Act.subject == done.document))
            .count()
            == 1
        )


def test_row_23_race_for_a_number(office: Office):
    """Many at the same moment: no number twice, no gap, and who comes second is told so."""
    with connection():
        subject = Package.get()
    failed: list[Exception] = []

    def work() -> None:
        for _ in range(8):
            while True:
                with connection():
                    free = numbers.peek(CPCO, "试", 2026)
                error = caught(lambda n=free: take(subject, n.value))
                if error is None:
                    break
                if not isinstance(error, Conflict):
                    failed.append(error)
                    break

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failed == []
    with connection():
        series = Series.get((Series.organ == CPCO) & (Series.name == "试"))
        taken = [row.value for row in Number.select().where(Number.series == series)]
    assert sorted(taken) == list(range(1, 33))
    assert code(lambda: take(subject, 5)) == "numbers.taken"


def take(subject: Any, value: int) -> None:
    with transaction():
        numbers.take(CPCO, "试", 2026, subject, expected=value)


def test_row_25_disk_full(office: Office, monkeypatch: pytest.MonkeyPatch):
    """Before the disk is full nothing more is taken in, whole or in part; reading goes on."""
    known = blobs().put(b"taken in before")
    there = set(office.settings.instance.rglob("blobs/*/*"))
    monkeypatch.setattr(blobs(), "_reserve", 2**60)
    assert [code(lambda: blobs().put(b"x" * 100_000)) for _ in range(3)] == ["storage.full"] * 3
    assert set(office.settings.instance.rglob("blobs/*/*")) == there
    assert blobs().get(known) == b"taken in before"
    assert office.browser().login("林晓梅").status_code == 200
    monkeypatch.undo()
    assert code(lambda: blobs().put(b"x" * 100_000)) == ""


def test_row_26_act_that_is_denied(office: Office):
    """Each act is provable from its record and the certificates alone; no changed one is."""
    done = office.act(
        office.desk("何静"), grant, post=office.post("王芳").uid, level="house.switch", given=True
    )
    with connection():
        record = canonical.loads(signatures.record(done.uid))
    trust = chain.Trust([authority().certificate("root")], [load_cert(authority().pem("people"))])
    assert verify_record(canonical.dumps(record), trust).signer == "何静"
    said = canonical.unb64(record["act"])
    accepted = []
    for before, after in ((b"house.switch", b"house.grant"), (b"true", b"false")):
        assert before in said
        forged = {**record, "act": canonical.b64(said.replace(before, after))}
        if code(lambda r=forged: verify_record(canonical.dumps(r), trust)) == "":
            accepted.append(after)
    assert accepted == []
    signature = canonical.unb64(record["signature"]["value"])
    other = office.act(
        office.desk("何静"), grant, post=office.post("孙倩").uid, level="house.switch", given=True
    )
    with connection():
        another = canonical.loads(signatures.record(other.uid))
    swapped = {**record, "signature": another["signature"]}
    assert signature != canonical.unb64(another["signature"]["value"])
    assert code(lambda: verify_record(canonical.dumps(swapped), trust)) != ""
