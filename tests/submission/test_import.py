"""``manage.py document import``: a package that somebody brings as a file."""

import json
import os
import subprocess
import sys
from pathlib import Path

from kernel.settings import ROOT


def imported(folder: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "manage.py", "--instance", str(folder), "document", "import", *arguments],
        cwd=ROOT,
        env=os.environ | {"PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_file_is_taken_once_and_its_receipt_kept(
    office_folder: Path, data: bytes, tmp_path: Path
):
    file, kept = tmp_path / "package.asice", tmp_path / "receipt.json"
    file.write_bytes(data)
    done = imported(office_folder, str(file), "--receipt", str(kept))
    assert (done.returncode, "已受理 accepted" in done.stdout) == (0, True), done.stderr
    first = kept.read_bytes()
    done = imported(office_folder, str(file), "--receipt", str(kept), "--json")
    facts = json.loads(done.stdout)
    assert (done.returncode, facts["taken"], facts["code"]) == (0, True, 101)
    assert kept.read_bytes() == first

    file.write_bytes(data[:-1])
    done = imported(office_folder, str(file))
    assert (done.returncode, "已拒绝 refused" in done.stdout, "205" in done.stdout) == (
        1,
        True,
        True,
    )
