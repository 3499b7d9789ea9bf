"""docs/fuzz.md is written anew for what was run, and keeps the rest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from kernel.settings import ROOT
from tests.fuzz.report import as_markdown, kept_of


def facts(parser: str, inputs: int, lines: list[int]) -> dict[str, object]:
    return {
        "parser": parser, "inputs": inputs, "changed": inputs, "accepted": 1, "refused": 1,
        "violations": 0, "branches": 4, "taken": 4, "missing": {f"{parser}.py": lines},
        "rate": 1, "state": "today",
    }  # fmt: skip


def test_what_was_not_run_this_time_stays_in_the_doc_with_its_notes():
    reasons = {"one": {"one.py": "never"}, "two": {}, "three": {}}
    before = as_markdown([facts("one", 10, [1]), facts("two", 10, [2])], 1, reasons)
    assert "Not run with so many yet: three" in before
    after = as_markdown([facts("two", 20, [3])], 1, reasons, kept_of(before))
    assert [line for line in before.splitlines() if line.startswith(("| one", "- one"))] == [
        line for line in after.splitlines() if line.startswith(("| one", "- one"))
    ]
    assert "| two | 20 |" in after and "| two | 10 |" not in after
    assert "- two: `two.py`, 3" in after and "- two: `two.py`, 2" not in after
    assert "seed 1:" in after and "Not run with so many yet: three" in after
    other = as_markdown([facts("two", 20, [])], 7, {"two": {}}, kept_of(after))
    assert "seed 1, 7:" in other and "| one" not in other  # there is no such parser any more


def test_the_doc_is_read_back_whole():
    text = (ROOT / "docs" / "fuzz.md").read_text("utf-8")
    kept = kept_of(text)
    assert all(line in text for line in kept.rows.values())
    assert text.count("\n| ") == len(kept.rows) + 1  # and its head


def test_the_command_keeps_the_other_rows(tmp_path: Path):
    doc = tmp_path / "fuzz.md"
    doc.write_text((ROOT / "docs" / "fuzz.md").read_text("utf-8"), "utf-8")
    before = kept_of(doc.read_text("utf-8")).rows
    # In a process of its own: it forks, and this one has threads that may hold a lock just then.
    run = [sys.executable, "-m", "tests.fuzz", "--count", "20", "--only", "base64"]
    run += ["--write", str(doc), "--lines", f"{tmp_path}/l"]
    subprocess.run(run, cwd=ROOT, check=False, capture_output=True, timeout=120)
    after = kept_of(doc.read_text("utf-8")).rows
    assert after["base64"].startswith("| base64 | 20 |")
    assert {name for name in before if after[name] != before[name]} == {"base64"}
