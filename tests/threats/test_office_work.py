"""Rows 10, 22, 23, 25, 26: plugins, approvals, numbers, a full disk, an act that is denied."""

from __future__ import annotations

import os
import random
import resource
import shutil
import signal
import subprocess
import threading
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from kernel import hooks
from kernel.acts import gate, numbers, signatures
from kernel.acts.house.grants import grant
from kernel.acts.models import Act, Number, Series
from kernel.crypto import canonical, chain
from kernel.crypto.acts_format import verify_record
from kernel.crypto.x509 import load_cert
from kernel.errors import Conflict, OfficeError
from kernel.exchange.models import Package
from kernel.identity.authority import authority
from kernel.identity.desk import Desk
from kernel.node import open_node
from kernel.plugins.bus import FAULTS, bus
from kernel.settings import Settings
from kernel.storage import log_check
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, savepoint, transaction
from kernel.testing_databases import Databases
from kernel.testing_office import Browser, Office, Offices
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
    """What was approved is what is sealed, in whatever order it is edited and put back, approved,
    sealed and sealed again; an approval is used once."""
    done = issue(NOTICE | {"title": "中共张掖市委办公室关于用印的通知"}, until="typeset")
    assert orders(office, done.document, 40) == []
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


EDITS: tuple[tuple[str, Any], ...] = (
    ("title", "中共张掖市委办公室关于别的事项的通知"),
    ("body", [{"level": 0, "text": "别的正文。"}]),
    ("main_text", "市财政局："),
    ("version", 99),
)


def orders(office: Office, uid: str, rounds: int, seed: int = 22) -> list[str]:
    """So many orders of edits and of sealing by two approvals, each undone again; what was wrong.

    :param seed: the same orders in each run.
    """
    luck, row, sealed, wrong = random.Random(seed), Document.uid == uid, 0, list[str]()
    for number in range(rounds):
        if number % 500 == 0:  # an approval holds for two minutes
            keeper, approved = approvals(office, uid)
        with connection():
            whole: dict[str, Any] = Document.select().where(row).dicts().get()
        with suppress(UndoneError), transaction():
            changed: set[str] = set()
            used = 0
            for _ in range(6):
                if luck.randrange(2):
                    act, signature = luck.choice(approved)
                    call = gate.decision(keeper, act, signature)
                    done = part(call)
                    used += isinstance(done, gate.Done)
                    if isinstance(done, gate.Done) and changed:
                        wrong.append(f"{number}: other bytes are sealed: {sorted(changed)}")
                    if used > 1:
                        wrong.append(f"{number}: sealed twice")
                    continue
                name, value = luck.choice(EDITS)
                back = name in changed
                Document.update({name: whole[name] if back else value}).where(row).execute()
                (changed.discard if back else changed.add)(name)
            sealed += used
            raise UndoneError
    return wrong if sealed > rounds // 10 else [*wrong, "too few of them came to a seal"]


class UndoneError(Exception):
    """Rolls back what an order has done."""


def part(call: Callable[[], Any]) -> Any:
    """What the call gives or is refused with; a refusal leaves nothing behind."""
    try:
        with savepoint():
            return call()
    except OfficeError as error:
        return error


def approvals(office: Office, uid: str) -> tuple[Desk, list[tuple[Any, Any]]]:
    """A keeper with two approvals of the same bytes."""
    keeper = office.desk("赵敏华")
    with connection():
        document = Document.get(Document.uid == uid)
        given = seal_arguments(document)
    acts = [gate.prepare(keeper, seal, document, **given) for _ in range(2)]
    return keeper, [(act, office.sign(keeper, act)) for act in acts]


@pytest.mark.full
def test_ten_thousand_orders_of_editing_and_sealing(office: Office):
    done = issue(NOTICE | {"title": "中共张掖市委办公室关于用印次序的通知"}, until="typeset")
    assert orders(office, done.document, 10_000, seed=2200) == []


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


def test_row_25_disk_full(
    tmp_path: Path,
    databases: Databases,
    _offices: Offices,
    monkeypatch: pytest.MonkeyPatch,
):
    """Before the disk is full nothing more is taken in, whole or in part. Where it is full all the
    same, each write is refused in words and leaves nothing, reading goes on, and once there is room
    it goes on with the next number."""
    with small_disk(tmp_path / "disk") as disk:
        settings = _offices.copy(databases, disk.folder / "office")
        with open_node(settings) as node:
            office = Office(settings, node)
            if not disk.real:
                monkeypatch.setattr(blobs(), "_reserve", 2**60)
            there = set(settings.instance.rglob("blobs/*/*"))
            assert [code(lambda: blobs().put(b"x" * 100_000)) for _ in range(3)] == [
                "storage.full"
            ] * 3
            assert set(settings.instance.rglob("blobs/*/*")) == there
            reader = office.browser()
            assert reader.login("林晓梅").status_code == 200
            monkeypatch.setattr(blobs(), "_reserve", -(2**60))
            if not settings.database:  # a server writes to a disk of its own
                to_the_end(settings, reader, disk)
            office.close()


@pytest.mark.database("sqlite")  # a server's files are its own
def test_where_no_disk_may_be_mounted_files_that_may_not_grow_show_the_same(
    tmp_path: Path,
    databases: Databases,
    _offices: Offices,
    monkeypatch: pytest.MonkeyPatch,
):
    with small_disk(tmp_path / "disk", mounted=False) as disk:
        settings = _offices.copy(databases, disk.folder / "office")
        with open_node(settings) as node:
            office = Office(settings, node)
            reader = office.browser()
            assert reader.login("林晓梅").status_code == 200
            monkeypatch.setattr(blobs(), "_reserve", -(2**60))
            to_the_end(settings, reader, disk)
            office.close()


def to_the_end(settings: Settings, reader: Browser, disk: Disk) -> None:
    """Take numbers until nothing can be written any more, and on after there is room."""
    with connection():
        subject = Package.get()
    disk.fill(left=400_000)
    taken = 0
    while (refusal := code(lambda n=taken + 1: take(subject, n))) == "":
        taken += 1
        assert taken < 2000, "the disk is not full"
    there = set(settings.instance.rglob("blobs/*/*"))
    refusals = {refusal, *(code(lambda: take(subject, taken + 1)) for _ in range(30))}
    refusals.add(code(lambda: blobs().put(b"x" * disk.too_much)))
    assert taken > 3 and refusals <= {"storage.full", "storage.failed"}, (taken, refusals)
    assert set(settings.instance.rglob("blobs/*/*")) == there
    assert reader.get("/documents/out").status_code == 200
    with connection():
        assert len(blobs().get(subject.blob)) > 1000
        assert Number.select().join(Series).where(Series.name == "试").count() == taken
    disk.free()
    assert [code(lambda: take(subject, taken + 1)), code(lambda: take(subject, taken + 1))] == [
        "",
        "numbers.taken",
    ]
    with connection():
        assert log_check.verify().problems == []


@dataclass
class Disk:
    """A file system with little room. :ivar real: one of its own; else files may not grow.

    :ivar too_much: so many bytes are too many for it.
    """

    folder: Path
    real: bool
    too_much: int = 1_000_000

    def fill(self, left: int) -> None:
        """Leave so many bytes."""
        if self.real:
            room = os.statvfs(self.folder)
            with (self.folder / "filler").open("wb") as file:
                os.posix_fallocate(file.fileno(), 0, room.f_bavail * room.f_frsize - left)
            return
        longest = max(one.stat().st_size for one in self.folder.rglob("juyan.db*"))
        self._limit(longest + left)
        self.too_much = longest + left + 1

    def free(self) -> None:
        """Make room again."""
        if self.real:
            (self.folder / "filler").unlink()
        else:
            self._limit(resource.RLIM_INFINITY)

    def _limit(self, most: int) -> None:
        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        most = hard if most == resource.RLIM_INFINITY else most
        assert hard == resource.RLIM_INFINITY or most <= hard, "files may grow less here anyway"
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))


@contextmanager
def small_disk(folder: Path, *, mounted: bool = True) -> Iterator[Disk]:
    """A file system of 32 MB in memory; where none may be mounted, files that may not grow."""
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=32m", "tmpfs", str(folder)]
    real = mounted and shutil.which("mount") is not None
    real = real and not subprocess.run(mount, check=False).returncode
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    disk = Disk(folder, real)
    try:
        yield disk
    finally:
        signal.signal(signal.SIGXFSZ, before)
        if real:
            subprocess.run(["umount", "-l", str(folder)], check=False)
        else:
            disk.free()


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
