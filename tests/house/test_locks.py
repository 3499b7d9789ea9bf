"""What is asked for is what is locked, and every locked file has its digest."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from kernel.settings import ROOT

PAIRS = [
    ("requirements.in", "requirements.lock"),
    ("requirements-postgresql.in", "requirements-postgresql.lock"),
    ("requirements-test.in", "requirements-test.lock"),
]
PIN = re.compile(
    r"^([\w.-]+)(?:\[[^\]]*\])?==(\S+)((?: \\\n    --hash=sha256:[0-9a-f]{64})*)", re.M
)


def pins(lock: str) -> dict[str, str]:
    found = PIN.findall((ROOT / lock).read_text("utf-8"))
    return {canonicalize_name(name): version for name, version, _ in found}


def asked(source: str) -> list[Requirement]:
    lines = (ROOT / source).read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line.strip() and line[0] not in "#-"]


@pytest.mark.parametrize(("source", "lock"), PAIRS)
def test_every_requirement_is_locked_at_a_version_that_fits(source: str, lock: str):
    locked = pins(lock)
    assert asked(source)
    for one in asked(source):
        version = locked.get(canonicalize_name(one.name))
        assert version and one.specifier.contains(version), f"{lock} is behind {source}: {one}"


@pytest.mark.parametrize(("_source", "lock"), PAIRS)
def test_every_pin_has_its_hashes(_source: str, lock: str):
    text = (ROOT / lock).read_text("utf-8")
    assert [name for name, _, hashes in PIN.findall(text) if not hashes] == []
    assert len(pins(lock)) == len(re.findall(r"^\S", re.sub(r"^#.*\n", "", text, flags=re.M), re.M))


def test_the_tests_run_on_the_versions_of_the_product():
    tests = pins("requirements-test.lock")
    product = pins("requirements.lock") | pins("requirements-postgresql.lock")
    assert {n: v for n, v in product.items() if tests.get(n) != v} == {}


def test_no_lock_names_an_index():
    texts = [Path(ROOT / lock).read_text("utf-8") for _, lock in PAIRS]
    assert [line for t in texts for line in t.splitlines() if "://" in line or "-url" in line] == []
