"""A backup of a running node, and the node that comes back out of it."""

import json
import random
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from kernel import cli, restoring
from kernel.acts import hold
from kernel.acts.models import Act, Number, Proposal
from kernel.crypto import canonical
from kernel.crypto.note import read_checkpoint
from kernel.errors import Conflict, OfficeError, Unavailable
from kernel.identity.models import NodeFact, Session
from kernel.node import open_node
from kernel.settings import Settings
from kernel.storage import log
from kernel.storage.backup import reading, writing
from kernel.storage.blobs import blobs
from kernel.storage.database import connection, transaction
from kernel.testing_databases import Databases
from kernel.testing_office import Office, settings_of

WORD = b"a passphrase for tests"


def verify(file: Path) -> Any:
    with file.open("rb") as stream:
        return reading.verify(stream, WORD)


def back_up(office: Office, target: Path) -> Any:
    return restoring.back_up(office.settings, target, WORD)


def test_a_backup_holds_everything_that_the_node_is(office: Office, tmp_path: Path):
    with open("/dev/urandom", "rb") as noise:
        digest = blobs().put(noise.read(3_000_000))
    (office.settings.instance / "plugins").mkdir(exist_ok=True)
    (office.settings.instance / "plugins" / "own.txt").write_text("a plugin")
    (office.settings.instance / "logs").mkdir()
    (office.settings.instance / "logs" / "juyan.log").write_text("no state")
    target = tmp_path / "b.backup"
    made = back_up(office, target)
    found = {part.name for part in verify(target).parts}
    assert found == {part.name for part in made.parts}
    name = digest.removeprefix("sha256:")
    wanted = {"files/keys/node.key", "files/keys/log.key"}
    wanted |= {"files/plugins/own.txt", "files/settings.toml", "files/founded.json"}
    wanted |= {f"files/blobs/{name[:2]}/{name[2:]}", "files/checkpoints.log"}
    wanted |= {"files/signer/wrap.key", "files/demo-keys/keys.json"}
    assert wanted <= found
    assert not [one for one in found if "logs/" in one or ".lock" in one or "spool" in one]
    assert target.stat().st_mode & 0o777 == 0o600
    assert list((office.settings.instance / "spool").glob("backup-*")) == []


def test_the_manifest_is_the_nodes_and_names_the_checkpoint(office: Office, tmp_path: Path):
    made = back_up(office, tmp_path / "b.backup")
    found = verify(tmp_path / "b.backup")
    with connection():
        key = log.log_key()
        said = read_checkpoint(found.origin.checkpoint, key.origin, key.public)
        assert said.size == log.size() > 0
        assert found.origin.node == NodeFact.read("uid")
    assert made.origin == found.origin


def test_any_flipped_byte_of_a_backup_is_found(office: Office, tmp_path: Path):
    file = tmp_path / "b.backup"
    back_up(office, file)
    data, luck = file.read_bytes(), random.Random(8)
    places = [*range(0, 700, 7), *(luck.randrange(len(data)) for _ in range(60))]
    missed = []
    for place in places:
        bad = bytearray(data)
        bad[place] ^= 1 << luck.randrange(8)
        file.write_bytes(bad)
        try:
            verify(file)
            missed.append(place)
        except OfficeError:
            pass
    assert missed == []
    file.write_bytes(data)
    verify(file)


def test_no_backup_is_written_over_and_none_is_left_half(
    office: Office, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    target = tmp_path / "b.backup"
    target.write_text("yesterday's")
    with pytest.raises(Conflict) as refusal:
        back_up(office, target)
    assert (refusal.value.code, target.read_text()) == ("backup.exists", "yesterday's")
    place = tmp_path / "empty"
    place.mkdir()
    monkeypatch.setattr(writing, "RESERVE", 2**60)
    with pytest.raises(Unavailable) as full:
        back_up(office, place / "b.backup")
    assert full.value.code == "backup.space"
    monkeypatch.setattr(writing, "RESERVE", 0)

    def broken(*_: object) -> None:
        raise OSError(5, "the stick was pulled out")

    monkeypatch.setattr(writing.os, "fsync", broken)
    with pytest.raises(Unavailable):
        back_up(office, place / "b.backup")
    assert list(place.iterdir()) == []


@pytest.mark.both
def test_writers_go_on_while_a_backup_is_made(office: Office, tmp_path: Path):
    with transaction():
        for number in range(40):
            log.append("test", f"ballast-{number}", {"text": "x" * 500_000})
    over, waits = threading.Event(), []

    def work() -> None:
        while not over.is_set():
            started = time.monotonic()
            with transaction():
                log.append("test", f"beside-{len(waits)}", {})
            waits.append(time.monotonic() - started)
            time.sleep(0.005)

    writer = threading.Thread(target=work)
    writer.start()
    try:
        back_up(office, tmp_path / "b.backup")
    finally:
        over.set()
        writer.join()
    assert len(waits) > 5
    assert max(waits) < 2


@pytest.fixture
def copy(office: Office, tmp_path: Path) -> Path:
    """A folder into which a backup of the office was restored; the office went on."""
    office.act(office.desk("杨帆"), _advance(), phase=2)
    back_up(office, tmp_path / "b.backup")
    restoring.close_database()
    return tmp_path / "b.backup"


def _advance() -> Any:
    from kernel.acts.house.rollout import advance

    return advance


def restored(backup: Path, folder: Path, databases: Databases) -> Settings:
    done = restoring.restore(backup, WORD, folder, database=databases.create())
    assert done.log.problems == []
    return settings_of(folder)


@pytest.mark.both
def test_a_restored_node_opens_a_new_epoch_and_says_from_where(
    copy: Path, tmp_path: Path, databases: Databases
):
    said = verify(copy).origin
    with open_node(restored(copy, tmp_path / "new", databases)), connection():
        origin = log.log_key().origin
        assert origin == f"juyan/{said.node}/2"
        act = Act.get(Act.verb == "house.restored")
        facts = canonical.loads(bytes(act.bytes))
        assert facts["params"] == {"continues": said.checkpoint, "backup": said.created}
        assert act.signature_kind == "node"
        assert read_checkpoint(log.checkpoint(), origin, log.log_key().public).size > 0
        assert hold.held() == (hold.held() or {}) | {"why": "restored"}


def test_sessions_and_proposals_of_the_backup_are_void(
    copy: Path, tmp_path: Path, databases: Databases
):
    with open_node(restored(copy, tmp_path / "new", databases)), connection():
        assert Session.select().count() > 0
        assert not Session.select().where(Session.ended.is_null()).exists()
        assert [one.state for one in Proposal.select()] == ["void"]


def test_only_an_empty_folder_takes_a_backup(copy: Path, tmp_path: Path, databases: Databases):
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "letter.txt").write_text("mine")
    with pytest.raises(Conflict) as refusal:
        restoring.restore(copy, WORD, tmp_path / "full", database=databases.create())
    assert refusal.value.code == "restore.not_empty"
    assert [file.name for file in (tmp_path / "full").iterdir()] == ["letter.txt"]
    (tmp_path / "empty").mkdir()
    restored(copy, tmp_path / "empty", databases)


@pytest.mark.both
def test_a_damaged_backup_leaves_nothing(copy: Path, tmp_path: Path, databases: Databases):
    data = bytearray(copy.read_bytes())
    data[-100] ^= 1
    copy.write_bytes(data)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(OfficeError):
        restoring.restore(copy, WORD, tmp_path / "new", database=databases.create())
    assert sorted(tmp_path.iterdir()) == before


def run(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(cli.main, ["--instance", str(folder), *arguments])


@pytest.mark.both
def test_the_demo_needs_no_ceremony(office_folder: Path, tmp_path: Path, databases: Databases):
    file, new = tmp_path / "b.backup", tmp_path / "new"
    made = run(office_folder, "backup", str(file), "--json")
    assert made.exit_code == 0, made.output
    facts = json.loads(made.stdout)
    assert facts["ok"] and facts["bytes"] == file.stat().st_size
    checked = run(office_folder, "backup", "verify", str(file), "--json")
    assert json.loads(checked.stdout)["checkpoint"] == facts["checkpoint"]
    where = databases.create()
    named = ["--database", where] if where else []
    done = run(office_folder, "restore", str(file), "--instance", str(new), *named, "--json")
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["epoch"].endswith("/2")
    assert run(new, "log", "verify").exit_code == 0


def test_a_real_node_wants_a_passphrase_of_its_own(office_folder: Path, tmp_path: Path):
    (office_folder / "settings.toml").write_text("demo = false\n")
    refused = run(office_folder, "backup", str(tmp_path / "b"))
    assert refused.exit_code == 2
    assert "[backup.key]" in refused.stderr


def test_an_altered_backup_is_said_to_be_so(office_folder: Path, tmp_path: Path):
    run(office_folder, "backup", str(tmp_path))
    (file,) = tmp_path.glob("*.backup")
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 4
    file.write_bytes(data)
    refused = run(office_folder, "backup", "verify", str(file))
    assert refused.exit_code == 1
    assert "[backup.altered]" in refused.stderr


def test_numbers_of_the_backup_are_in_it(copy: Path, tmp_path: Path, databases: Databases):
    with open_node(restored(copy, tmp_path / "new", databases)), connection():
        assert Number.select().where(Number.kind == "acts.void").count() == 0
