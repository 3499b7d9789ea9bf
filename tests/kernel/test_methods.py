"""What dataclasses write for their classes is kept from one start to the next."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PROGRAM = """
import builtins, sys
from pathlib import Path
from kernel.cli.methods import methods

methods.recall(Path(sys.argv[1]))
from dataclasses import dataclass, replace

asked = []
compiling = builtins.compile
builtins.compile = lambda *a, **k: (asked.append(a[0]), compiling(*a, **k))[1]

@dataclass(frozen=True, order=True)
class Made:
    '''A class.'''
    first: int
    second: str = "b"

builtins.compile = compiling
methods.keep()

@dataclass
class After:
    third: int

assert replace(Made(1), second="c") == Made(1, "c") > Made(1), repr(Made(1))
assert repr(After(3)) == "After(third=3)"
print(len(asked))
"""


def compiled(folder: Path) -> int:
    """How many sources were compiled by a process that defines two dataclasses."""
    line = [sys.executable, "-c", PROGRAM, str(folder)]
    return int(subprocess.run(line, capture_output=True, text=True, check=True).stdout)


def test_the_second_start_compiles_nothing(tmp_path: Path):
    (tmp_path / "run").mkdir()
    assert compiled(tmp_path) > 0
    assert compiled(tmp_path) == 0


def test_a_file_that_is_not_whole_is_made_anew(tmp_path: Path):
    (tmp_path / "run").mkdir()
    compiled(tmp_path)
    file = tmp_path / "run" / "methods"
    whole = file.read_bytes()
    for broken in (whole[:-1], b"", b"3.9\n" + whole.split(b"\n", 1)[1], whole[:-9] + bytes(9)):
        file.write_bytes(broken)
        assert compiled(tmp_path) > 0
        assert compiled(tmp_path) == 0
        assert file.read_bytes() == whole


def test_nothing_is_written_where_no_server_ran(tmp_path: Path):
    compiled(tmp_path)
    assert list(tmp_path.iterdir()) == []
