"""The installation in manage.py, as far as it goes without installing."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from kernel.settings import ROOT


@pytest.fixture
def manage() -> ModuleType:
    spec = importlib.util.spec_from_file_location("manage", ROOT / "manage.py")
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("arguments", "lock"),
    [
        ([], "requirements.lock"),
        (["demo"], "requirements.lock"),
        (["units", "test"], "requirements.lock"),
        (["test", "-k", "x"], "requirements-test.lock"),
        (["--instance", "d", "test"], "requirements-test.lock"),
        (["--database", "postgresql://h/d", "test"], "requirements-test.lock"),
        (["demo", "--database", "postgresql://h/d"], "requirements-postgresql.lock"),
        (["--database=postgresql://h/d", "units", "test"], "requirements-postgresql.lock"),
    ],
)
def test_a_command_brings_the_packages_that_it_needs(
    manage: ModuleType, arguments: list[str], lock: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("JUYAN_INSTANCE", raising=False)
    assert manage.wanted(arguments).name == lock


def test_a_node_on_a_server_needs_its_driver(
    manage: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    here = ["--instance", str(tmp_path), "serve"]
    (tmp_path / "settings.toml").write_text('demo = true\ndatabase = ""\n')
    assert manage.wanted(here).name == "requirements.lock"
    (tmp_path / "settings.toml").write_text('database = "postgresql:///juyan"\n')
    assert manage.wanted(here).name == "requirements-postgresql.lock"
    (tmp_path / "settings.toml").write_text("this is no TOML")
    assert manage.wanted(here).name == "requirements.lock"
    monkeypatch.setenv("JUYAN_DATABASE", "postgresql:///juyan")
    assert manage.wanted(here).name == "requirements-postgresql.lock"


def test_the_lock_of_the_tests_holds_that_of_a_server(
    manage: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(manage, "VENV", tmp_path)
    monkeypatch.setattr(manage, "PYTHON", Path(sys.executable))
    for name in manage.LOCKS:
        (tmp_path / name).write_text(f"# {name}\n")
    plain, server, tests = (tmp_path / name for name in manage.LOCKS)
    manage.mark(server).write_text(manage.digest(server))
    assert manage.installed(plain) and manage.installed(server) and not manage.installed(tests)


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("ERROR: Could not install: [Errno 28] No space left on device", "disk is full"),
        ("Error: [Errno 13] Permission denied: '/x/.venv'", "check its rights"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM", "locked hash"),
        ("ERROR: No matching distribution found for click==8.5.1", "check the network"),
    ],
)
def test_a_failed_installation_says_what_to_do(manage: ModuleType, log: str, words: str):
    assert words in manage.why(log, manage.NO_PACKAGES)


def test_a_lock_counts_as_installed_only_at_its_very_state(
    manage: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    lock = tmp_path / "requirements.lock"
    lock.write_text("click==8.5.1\n")
    monkeypatch.setattr(manage, "VENV", tmp_path)
    monkeypatch.setattr(manage, "PYTHON", Path(sys.executable))
    assert not manage.installed(lock)
    manage.mark(lock).write_text(manage.digest(lock))
    assert manage.installed(lock)
    lock.write_text("click==8.5.2\n")
    assert not manage.installed(lock)


def test_without_a_package_index_it_ends_in_a_sentence(tmp_path: Path):
    shutil.copy(ROOT / "manage.py", tmp_path)
    (tmp_path / "requirements.lock").write_text(f"click==8.5.1 --hash=sha256:{'0' * 64}\n")
    (tmp_path / "empty").mkdir()
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PIP_")}
    environment |= {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1"}
    run = subprocess.run(
        [sys.executable, "manage.py", "demo"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 4
    assert "取不到软件包" in run.stderr and "could not be fetched" in run.stderr
    assert "Traceback" not in run.stderr
    assert not list((tmp_path / ".venv").glob("*.installed"))
