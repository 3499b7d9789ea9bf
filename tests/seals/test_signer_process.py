"""The process itself: one per node, started by whoever needs it, the same answers for ever."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from kernel.crypto import suites, x509
from kernel.crypto.canonical import b64, digest, dumps
from kernel.errors import Conflict, OfficeError, Unavailable, Unverified
from kernel.identity.authority import Authority
from kernel.seals import statement as statements
from kernel.seals.signer_client import Signer
from kernel.settings import ROOT, Settings
from kernel.storage.database import close_database, open_database, transaction
from kernel.work.workshop import Typeset
from tests.seals.founding import ORGAN, OTHER, Founding
from tests.seals.test_exchange_key import dispatch, envelope, manifest

pytestmark = pytest.mark.started_anew
Found = Callable[..., Founding]


def gone(pid: int) -> bool:
    """Whether a process has ended (a zombie that nobody took yet counts as ended)."""
    try:
        return "\nState:\tZ" in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return True


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_starts_light_and_opens_no_database() -> None:
    heavy = "{'peewee', 'typst', 'pyhanko', 'fontTools'}"
    code = f"import sys, kernel.seals.signer; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_one_signer_for_all_clients(found: Found) -> None:
    node = found()
    with ThreadPoolExecutor(4) as pool:
        pids = set(pool.map(lambda _: Signer(node.folder).ping(), range(8)))
    assert len(pids) == 1
    assert os.getsid(pids.pop()) != os.getsid(0)


def test_it_ends_when_told_and_starts_when_needed(found: Found) -> None:
    node = found()
    first = node.signer.ping()
    node.signer.shutdown()
    wait_until(lambda: gone(first))
    node.signer.shutdown()
    assert node.signer.ping() != first


def test_those_that_stand_in_line_for_its_place_are_ended_as_well(found: Found) -> None:
    node = found()
    node.signer.ping()
    command = [sys.executable, "-m", "kernel.seals.signer", "--instance", str(node.folder)]
    waiting = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    lock = (node.folder / "run" / "signer.lock").resolve()
    wait_until(lambda: all(opens(each.pid, lock) for each in waiting))
    for _ in range(len(waiting) + 1):  # who lets go may be asked before the next one has begun
        node.signer.shutdown()
        wait_until(lambda: node.signer.listening() or all(map(ended, waiting)))
    assert [each.wait(0) for each in waiting] == [0, 0, 0]


def opens(pid: int, file: Path) -> bool:
    """Whether a process has this file open."""
    links = Path(f"/proc/{pid}/fd").iterdir()
    return any(os.path.realpath(link) == str(file) for link in links)


def ended(process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None


def test_sigterm_ends_it_cleanly(found: Found) -> None:
    node = found()
    pid = node.signer.ping()
    os.kill(pid, signal.SIGINT)
    assert node.signer.ping() == pid
    os.kill(pid, signal.SIGTERM)
    wait_until(lambda: gone(pid))
    assert not (node.folder / "run" / "signer.sock").exists()
    assert (node.folder / "run" / "signer.log").read_text() == ""


def test_it_ends_by_itself(found: Found) -> None:
    node = found()
    command = [sys.executable, "-m", "kernel.seals.signer", "--instance", str(node.folder)]
    process = subprocess.run([*command, "--idle", "0.4"], cwd=ROOT, timeout=20, check=False)
    assert process.returncode == 0


def test_a_second_process_refuses_to_serve(found: Found) -> None:
    node = found()
    pid = node.signer.ping()
    code = (
        "import sys; from kernel.seals import signer; "
        "signer.LOCK_SECONDS = 0.2; sys.exit(signer.main(sys.argv[1:]))"
    )
    command = [sys.executable, "-c", code, "--instance", str(node.folder)]
    process = subprocess.run(command, cwd=ROOT, timeout=20, check=False, capture_output=True)
    assert process.returncode == 3
    assert "storage.busy" in process.stderr.decode()
    assert node.signer.ping() == pid


def test_files_are_the_owners_own(found: Found) -> None:
    node = found()
    node.issue_seals((ORGAN,))
    for path in (node.folder / "signer").rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) in (0o600, 0o700), path
    assert stat.S_IMODE((node.folder / "run").stat().st_mode) == 0o700
    keys = list((node.folder / "signer" / "keys").iterdir())
    assert [key.name for key in keys] == [f"{ORGAN}.key"]
    assert b"PRIVATE KEY" not in keys[0].read_bytes()


def test_a_long_path_still_has_a_socket(found: Found, tmp_path: Path) -> None:
    node = found(tmp_path / ("long" * 30))
    assert node.signer.ping() > 0
    recorded = Path((node.folder / "run" / "signer.path").read_text())
    assert len(os.fsencode(recorded)) <= 100
    assert stat.S_IMODE(recorded.parent.stat().st_mode) == 0o700
    node.signer.shutdown()
    assert not recorded.parent.exists()


def test_without_a_root_there_is_no_signer(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="signer.no_root"):
        Signer(tmp_path).ping()


def test_a_signer_that_cannot_start_says_where_to_look(found: Found) -> None:
    node = found()
    (node.folder / "keys" / "people.pem").write_bytes(node.authority.pem("seals"))
    with pytest.raises(Unavailable, match="signer.start"):
        node.signer.ping()
    assert "x509.purpose" in (node.folder / "run" / "signer.log").read_text()


def test_the_root_is_pinned(found: Found, tmp_path: Path, typeset: Typeset) -> None:
    node = found()
    node.issue_seals()
    node.signer.shutdown()
    usurper = Authority.create(_emptied(node.folder / "keys"), "另一个根", demo=True)
    head = envelope()
    forged = dispatch(Usurped(node, usurper), head)
    with pytest.raises(Unverified, match="acts_format.credential"):
        node.signer.sign_manifest(ORGAN, forged, dumps(head), manifest(head))
    act = dispatch(node, head)
    assert node.signer.sign_manifest(ORGAN, act, dumps(head), manifest(head))


def test_keys_do_not_open_below_another_root(found: Found) -> None:
    node = found()
    node.issue_seals()
    node.signer.shutdown()
    usurper = Authority.create(_emptied(node.folder / "keys"), "另一个根", demo=True)
    (node.folder / "signer" / "root.pem").unlink()
    head = envelope()
    act = dispatch(Usurped(node, usurper), head)
    with pytest.raises(Unverified, match="keyfile.wrapped"):
        node.signer.sign_manifest(ORGAN, act, dumps(head), manifest(head))


class Usurped(Founding):
    """A founded node whose people are certified by somebody else."""

    def __init__(self, node: Founding, authority: Authority) -> None:
        self.__dict__ |= node.__dict__
        self.leader = self.admit("签发人", authority)


def _emptied(folder: Path) -> Path:
    for path in folder.iterdir():
        path.unlink()
    return folder


def test_after_the_founding_no_seals_are_added(found: Found) -> None:
    node = found()
    node.issue_seals((ORGAN,))
    node.signer.close_genesis()
    with pytest.raises(Conflict, match="signer.closed"):
        node.signer.new_units([OTHER])
    with pytest.raises(Conflict, match="signer.closed"):
        node.issue_seals((ORGAN,))
    node.signer.shutdown()
    with pytest.raises(Conflict, match="signer.closed"):
        node.signer.new_units([OTHER])
    head = envelope()
    assert node.signer.sign_manifest(ORGAN, dispatch(node, head), dumps(head), manifest(head))


def test_the_same_keys_are_given_again(found: Found) -> None:
    node = found()
    first = node.signer.new_units([ORGAN, OTHER])
    node.signer.shutdown()
    assert node.signer.new_units([OTHER, ORGAN]) == first
    assert len({key for pair in first.values() for key in pair.values()}) == 4


@pytest.mark.parametrize("code", ["../x", "", "a/b", ".hidden", "x" * 80])
def test_codes_that_are_no_file_names(found: Found, code: str) -> None:
    with pytest.raises(OfficeError, match="signer.code"):
        found().signer.new_units([code])


def _registration(node: Founding, keys: dict[str, str], **changes: Any) -> dict[str, Any]:
    def certify(purpose: str, key: str, unit: str = ORGAN) -> x509.Certificate:
        public = suites.load_public(key)
        return node.authority.certify(purpose, "印章", public, organisation="单位", unit=unit)

    seal = changes.pop("seal", None) or certify("seals", keys["seal"])
    fields: dict[str, Any] = {
        "seal": "s1",
        "unit": ORGAN,
        "name": "印章",
        "impression": digest(b"<svg/>"),
        "certificate": digest(x509.der(seal)),
        "keepers": (node.keeper.uid,),
        "not_before": seal.not_valid_before_utc,
        "not_after": seal.not_valid_after_utc,
    }
    said = statements.SealStatement(**fields | changes).to_bytes()
    return {
        "seal_certificate": x509.pem(seal),
        "exchange_certificate": x509.pem(certify("exchange", keys["exchange"])),
        "statement": said,
        "statement_signature": suites.sign(node.authority.issuer("seals").key, said),
        "impression": "<svg/>",
    }


def test_only_what_the_authorities_say_is_registered(found: Found, tmp_path: Path) -> None:
    node = found()
    keys = node.signer.new_units([ORGAN])[ORGAN]
    good = _registration(node, keys)

    def refused(**changes: Any) -> str:
        with pytest.raises(OfficeError) as caught:
            node.signer.register(ORGAN, **good | changes)
        return caught.value.code

    other_key = suites.public_b64(suites.new_key())
    foreign = Authority.create(tmp_path, "别处", demo=True)
    by_another = suites.sign(suites.new_key(), good["statement"])
    assert refused(statement_signature=by_another) == "suites.signature"
    assert refused(impression="<svg>2</svg>") == "signer.registration"
    assert refused(exchange_certificate=good["seal_certificate"]) == "x509.purpose"
    assert refused(**_registration(node, keys | {"seal": other_key})) == "signer.registration"
    assert refused(**_registration(node, keys, unit=OTHER)) == "signer.registration"
    assert refused(**_registration(node, keys, keepers=(1,))) == "seals.statement"
    assert refused(**_registration(node, keys, level="L9")) == "seals.statement"
    seal = foreign.certify(
        "seals", "印章", suites.load_public(keys["seal"]), organisation="单位", unit=ORGAN
    )
    assert refused(**_registration(node, keys, seal=seal)) == "x509.chain"
    node.signer.register(ORGAN, **good)


def test_a_restart_gives_identical_bytes(found: Found, typeset: Typeset) -> None:
    node = found()
    node.issue_seals()
    request = node.file(typeset).request()
    sealed = node.signer.seal(ORGAN, **request)
    node.signer.shutdown()
    assert node.signer.seal(ORGAN, **request) == sealed


def test_killed_between_journal_and_answer(found: Found, monkeypatch: pytest.MonkeyPatch) -> None:
    node = found()
    node.issue_seals()
    node.signer.shutdown()
    monkeypatch.setenv("JUYAN_CRASH", "signer.after_journal")
    doomed = node.signer.ping()
    monkeypatch.delenv("JUYAN_CRASH")
    head = envelope()
    act = dispatch(node, head)
    signature = node.signer.sign_manifest(ORGAN, act, dumps(head), manifest(head))
    assert gone(doomed)
    (entry,) = (node.folder / "signer" / "journal").rglob("*.json")
    written = entry.read_bytes()
    assert node.signer.sign_manifest(ORGAN, act, dumps(head), manifest(head)) == signature
    assert entry.read_bytes() == written
    assert json.loads(written)["answer"] == {"signature": b64(signature)}


def test_a_killed_signer_is_started_again(found: Found) -> None:
    node = found()
    node.issue_seals()
    pid = node.signer.ping()
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: gone(pid))
    head = envelope()
    assert node.signer.sign_manifest(ORGAN, dispatch(node, head), dumps(head), manifest(head))
    assert node.signer.ping() != pid


def test_two_clients_ask_the_same_at_once(node: Founding) -> None:
    head = envelope()
    act = dispatch(node, head)
    listed = manifest(head)
    clients = [Signer(node.folder) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = set(
            pool.map(lambda one: one.sign_manifest(ORGAN, act, dumps(head), listed), clients)
        )
    assert len(answers) == 1


def test_never_inside_a_transaction(node: Founding, tmp_path: Path) -> None:
    open_database(Settings(instance=tmp_path))
    try:
        with transaction(), pytest.raises(RuntimeError, match="inside a database transaction"):
            node.signer.sign_manifest(ORGAN, b"", b"", b"")
    finally:
        close_database()
