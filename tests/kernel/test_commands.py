"""The command line of a node, as programs and people use it."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from playhouse.migrations import Runner

from kernel import cli
from kernel.node import ROOMS
from kernel.reference import read
from kernel.rehearsal import Watcher, rehearse
from kernel.seals.signer_client import Signer
from kernel.settings import ROOT, Settings
from kernel.storage.database import close_database, connection, db, open_database, transaction
from kernel.testing_databases import Databases
from kernel.testing_office import UNITS, settings_of
from tests.threats.attacks import drop_guards

pytestmark = pytest.mark.early
Run = Callable[..., Result]


@pytest.fixture
def run(office_folder: Path) -> Run:
    """``run("units", "show", "市委办")``: the command on a founded node."""

    def command(*arguments: str) -> Result:
        return CliRunner().invoke(cli.main, ["--instance", str(office_folder), *arguments])

    return command


def answer(result: Result) -> Any:
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def test_plugins_are_listed_with_their_state_and_needs(run: Run):
    rows = {one["name"]: one for one in answer(run("plugins", "list", "--json"))}
    assert {"documents", "workflow", "secrecy", "softkey"} <= rows.keys()
    assert rows["documents"] | {"version": ""} == {
        "name": "documents",
        "version": "",
        "state": "healthy",
        "needs": ["workflow"],
        "reason": "",
    }


def test_a_plugin_is_disabled_and_enabled_for_one_organ(run: Run):
    def state(organ: str) -> str:
        rows = answer(run("plugins", "list", "--json", "--organ", organ))
        return str(next(one["state"] for one in rows if one["name"] == "documents"))

    assert "documents" in run("plugins", "disable", "documents", "--organ", "市教育局").output
    assert (state("市教育局"), state("市财政局")) == ("off", "healthy")
    why = answer(run("plugins", "why", "documents", "--organ", "市教育局", "--json"))
    assert (why["on"], why["code"]) == (False, "off")
    run("plugins", "enable", "documents", "--organ", "市教育局")
    assert state("市教育局") == "healthy"


def test_a_broken_plugin_is_listed_with_the_reason(run: Run, office_folder: Path):
    place = office_folder / "plugins" / "shaky"
    place.mkdir(parents=True)
    (place / "plugin.toml").write_text('[plugin]\nname = "shaky"\ntitle = "t"\n')
    (place / "__init__.py").write_text("raise RuntimeError('boom')")
    rows = {one["name"]: one for one in answer(run("plugins", "list", "--json"))}
    assert rows["shaky"]["state"] == "quarantined" and "boom" in rows["shaky"]["reason"]
    assert rows["documents"]["state"] == "healthy"


def test_units_are_found_and_shown(run: Run):
    assert [one["code"] for one in answer(run("units", "search", "市教育", "--json"))] == [
        "620700-GEDU"
    ]
    office = answer(run("units", "show", "市委办", "--json"))
    assert office["code"] == "620700-CPCO" and office["superior"] == ["620700-CPC"]
    assert answer(run("units", "show", "620702-CPC", "--json"))["receives_at"] == "620702-CPCO"
    assert len(answer(run("units", "list", "--boxes", "--json"))) == 9


def test_an_unknown_unit_is_a_refusal_with_a_way_out(run: Run):
    result = run("units", "show", "月球")
    assert result.exit_code == 1
    assert "月球" in result.stderr and "units.unknown" in result.stderr


def test_people_are_listed_by_role(run: Run):
    rows = answer(run("people", "list", "--role", "leader", "--json"))
    assert [one["name"] for one in rows] == ["周海涛"]


def test_seals_are_listed_with_keepers(run: Run):
    rows = {one["unit"]: one for one in answer(run("seals", "list", "--json"))}
    assert rows["620700-CPCO"]["keepers"] == ["赵敏华"] and rows["620700-CPCO"]["level"] == "L0"


def test_a_key_is_revoked_by_an_administrators_signed_act(run: Run):
    (key,) = answer(run("keys", "list", "--person", "陈静", "--json"))
    assert key["revoked"] is None
    done = run("keys", "revoke", key["credential"], "--reason", "调离")
    assert done.exit_code == 0, done.output
    assert answer(run("keys", "list", "--person", "陈静", "--json"))[0]["revoked"]
    assert run("keys", "revoke", key["credential"], "--reason", "again").exit_code == 1


def test_who_may_not_revoke_is_refused(run: Run):
    (key,) = answer(run("keys", "list", "--person", "陈静", "--json"))
    refused = run("keys", "revoke", key["credential"], "--reason", "无权", "--as", "林晓梅")
    assert refused.exit_code == 1 and "acts.not_allowed" in refused.stderr


def test_the_log_is_verified_and_tampering_is_said(run: Run, office_folder: Path):
    assert answer(run("log", "verify", "--json"))["ok"]
    from kernel.acts.models import Act
    from kernel.storage.database import close_database, open_database

    open_database(settings_of(office_folder))
    with transaction():
        drop_guards()
        Act.update(bytes=b"{}").execute()
    close_database()
    result = run("log", "verify", "--json")
    assert result.exit_code == 1
    problems = json.loads(result.stdout)["problems"]
    # Without the acts that noted them nothing explains the guards.
    named = {one["where"].partition(" ")[0] for one in problems}
    assert "act" in named and named <= {"act", "guard"}


def test_a_checkpoint_kept_elsewhere_is_a_witness(run: Run, tmp_path: Path):
    note = tmp_path / "note"
    note.write_text(run("log", "checkpoint").stdout)
    assert run("log", "verify", "--witnessed", str(note)).exit_code == 0
    origin, size, rest = note.read_text().split("\n", 2)
    note.write_text(f"{origin}\n{int(size) + 1}\n{rest}")
    assert run("log", "verify", "--witnessed", str(note)).exit_code == 1


@pytest.mark.parametrize("command", ["units list", "serve", "log verify", "migrate"])
def test_without_a_node_every_command_says_how_to_get_one(tmp_path: Path, command: str):
    instance = ["--instance", str(tmp_path / "none")]
    result = CliRunner().invoke(cli.main, [*instance, *command.split()])
    assert result.exit_code == 3 and "node.not_founded" in result.stderr


@pytest.mark.database("sqlite")  # the long step is of its index alone
def test_a_long_upgrade_says_how_far_it_has_come(run: Run, office_folder: Path):
    open_database(Settings(office_folder))
    with connection(), db.atomic():
        runner = Runner(db.obj, str(ROOMS["storage"]), table_name="migration_storage")
        for one in reversed(runner.migrations()):
            if one.name in ("0002_marked_words", "0004_marks_in_use"):
                one.load().down(runner.migrator, db.obj)
                runner.History.delete().where(runner.History.name == one.name).execute()
    close_database()
    result = run("migrate")
    assert result.exit_code == 0, result.output
    done = [line.split() for line in result.stdout.splitlines() if line.startswith("  storage ")]
    assert ["storage", "0002_marked_words"] == done[0]
    assert [line.partition("  ")[0] for line in result.stderr.strip().splitlines()] == [
        "storage 0002_marked_words % 100/100"
    ]
    again = run("migrate")
    assert ("已是最新" in again.stdout, again.stderr) == (True, "")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def manage(folder: Path, *arguments: str) -> list[str]:
    return [sys.executable, str(ROOT / "manage.py"), "--instance", str(folder), *arguments]


@pytest.fixture
def served(office_folder: Path) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """``manage.py serve`` on a free port, ready."""
    port = free_port()
    with subprocess.Popen(
        manage(office_folder, "serve", "--port", str(port)),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        cwd=ROOT,
    ) as process:
        wait_for(port, process)
        yield process, port
        process.kill()


def wait_for(port: int, process: "subprocess.Popen[str]") -> None:
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health") as page:
                assert json.load(page)["ok"]
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError(process.stdout.read() if process.stdout else "it does not answer")


def test_a_server_ends_cleanly_and_a_second_one_says_who_was_first(
    served: "tuple[subprocess.Popen[str], int]", office_folder: Path
):
    process, port = served
    second = subprocess.run(
        manage(office_folder, "serve", "--port", str(free_port())),
        capture_output=True,
        text=True,
        check=False,
    )
    assert second.returncode == 3
    assert f"进程 {process.pid}" in second.stderr and str(port) in second.stderr
    process.send_signal(signal.SIGINT)
    said, _ = process.communicate(timeout=15)
    assert process.returncode == 0 and "已停止" in said
    assert not Signer(office_folder).listening()
    assert "incident" not in " ".join(os.listdir(office_folder / "logs"))


def test_a_port_in_use_is_said(office_folder: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        result = CliRunner().invoke(
            cli.main, ["--instance", str(office_folder), "serve", "--port", port]
        )
    assert result.exit_code == 3 and "node.port" in result.stderr


@pytest.mark.both
def test_a_rehearsal_on_the_small_node_verifies_everything(tmp_path: Path, databases: Databases):
    units: list[str] = []
    watcher = Watcher(step=units.append)
    settings = Settings(tmp_path / "node", databases.create(), demo=True)
    result = rehearse(settings, read().only(UNITS), tmp_path / "files", watcher)
    assert result.ok, result.problems
    assert [one.units for one in result.documents] == [7, 8]
    assert result.pdf_checked_with[0] == "juyan" and len(units) == len(result.steps)
    kept = sorted(path.name for path in (tmp_path / "files").iterdir())
    assert kept == ["document.pdf", "evidence", "package.asice", "root.pem", "second"]
    assert len(list((tmp_path / "files" / "evidence").iterdir())) == 1 + 7 + 7
    check_by_command(tmp_path / "files")


def check_by_command(files: Path) -> None:
    """The command verifies what the rehearsal left, and refuses it with one byte changed."""
    package = files / "package.asice"
    command = [*manage(files, "verify"), str(package), "--root", str(files / "root.pem")]
    good = subprocess.run(command, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stdout + good.stderr
    data = bytearray(package.read_bytes())
    data[len(data) // 2] ^= 1
    package.write_bytes(data)
    assert subprocess.run(command, capture_output=True, check=False).returncode == 1


@pytest.mark.full
def test_the_rehearsal_of_the_whole_city(tmp_path: Path):
    done = subprocess.run(
        [sys.executable, str(ROOT / "manage.py"), "rehearse", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    facts = json.loads(done.stdout)
    assert done.returncode == 0 and facts["ok"], facts["problems"]
    for document, count in zip(facts["documents"], (124, 255), strict=True):
        counts = ("units", "delivered", "signed_for", "packages_verified")
        assert {document[name] for name in counts} == {count}
