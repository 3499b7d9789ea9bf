"""docs/verify.md: its commands run as they stand there, its tables say what the verifier says."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from kernel.crypto import x509
from kernel.exchange import verify
from kernel.exchange.package import Contents
from kernel.settings import ROOT
from tests.docs.test_offline import commands, run
from tests.exchange_format.sample import Office, office

TEXT = (ROOT / "docs" / "verify.md").read_text("utf-8")


def part(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", TEXT, re.S)
    assert found is not None, name
    return found[1]


def lines(name: str) -> list[str]:
    return part(name).strip().removeprefix("```\n").removesuffix("\n```").splitlines()


def rows(name: str) -> list[list[str]]:
    found = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines(name)]
    return found[2:]


def test_the_three_commands_are_those_of_the_readmes():
    assert "\n".join(lines("three commands")) == commands().rstrip("\n")
    for name in ("README.md", "README.zh-CN.md"):
        assert "(docs/verify.md)" in (ROOT / name).read_text("utf-8")


@pytest.mark.needs("openssl")
def test_the_lists_in_the_package_satisfy_openssl(kept: Path):
    first, second, third = lines("three commands")
    assert run(kept, first, second, third, *lines("with the lists")) == 0
    # The lists say something: without them, openssl cannot answer.
    *_, asked = lines("with the lists")
    assert run(kept / "package", asked.replace("../lists.pem", "../root.pem")) != 0


def test_the_verifier_runs_as_it_says_there(kept: Path):
    shutil.copy(ROOT / "kernel" / "exchange" / "verify.py", kept)
    (kept / "evidence").mkdir()
    for line, code in zip(lines("verifier"), (0, 2, 0), strict=True):
        _, *arguments = line.split()
        done = subprocess.run(
            [sys.executable, *arguments], cwd=kept, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        assert ("INDETERMINATE" if code else "DEMONSTRATION") in done.stdout
    said = json.loads(done.stdout)
    assert list(said) == [row[0].strip("`") for row in rows("json")]
    assert all(f"`{name}`" in part("json") for name in said["checks"][0])


def test_the_checks_are_those_of_the_verifier():
    stated = [(group, name) for group, name, _ in rows("checks")]
    assert stated == [(group, f"{zh} {en}") for group, zh, en, _ in verify.STEPS]


def test_the_verdicts_have_these_exit_codes(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    stated = {verdict: int(code) for verdict, code, _ in rows("verdicts")}
    assert set(stated) == set(verify.VERDICTS)
    formal, demo = office(), Office(demo=True)
    bare = formal.package(without_lists(formal.contents()))
    good, broken = formal.package(), bytearray(formal.package())
    broken[len(broken) // 2] ^= 1
    cases = {
        "VALID": (good, formal),
        "DEMONSTRATION": (demo.package(), demo),
        "INDETERMINATE": (bare, formal),
        "INVALID": (bytes(broken), formal),
    }
    for verdict, (data, by) in cases.items():
        (tmp_path / "p.asice").write_bytes(data)
        (tmp_path / "root.pem").write_bytes(x509.pem(by.root.cert))
        asked = [str(tmp_path / "p.asice"), "--root", str(tmp_path / "root.pem"), "--json"]
        assert verify.main(asked) == stated[verdict]
        assert json.loads(capsys.readouterr().out)["verdict"] == verdict


def without_lists(contents: Contents) -> Contents:
    return replace(contents, trust=[pem for pem in contents.trust if b"CRL" not in pem])


def test_what_it_says_of_persons_stands_in_the_report():
    assert "the log of its node knows" in verify.OF_PERSONS
    assert "no list names them" in TEXT
