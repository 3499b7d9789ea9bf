"""Where a rehearsal keeps its files is looked at before the work begins."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from kernel import cli
from kernel.cli import rehearse


@pytest.mark.parametrize("name", ["/proc/x", "/proc/x/y", "file/x", "n" * 300])
def test_a_folder_that_cannot_be_made_is_said_at_once(tmp_path: Path, name: str):
    (tmp_path / "file").touch()
    folder = tmp_path / name
    result = CliRunner().invoke(cli.main, ["rehearse", "--keep", str(folder)])
    assert result.exit_code == 2, result.output
    assert f"不能在 {folder} 写入文件" in result.stderr and "rehearse.keep" in result.stderr
    assert "建立节点" not in result.stderr


def test_a_folder_that_has_files_is_refused_and_keeps_them(tmp_path: Path):
    (tmp_path / "old").touch()
    result = CliRunner().invoke(cli.main, ["rehearse", "--keep", str(tmp_path)])
    assert result.exit_code == 2 and "不是空目录" in result.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["old"]


def test_a_new_folder_is_made_and_left_empty(tmp_path: Path):
    folder = tmp_path / "a" / "b"
    assert rehearse._target(folder) == folder == rehearse._target(folder)
    assert list(folder.iterdir()) == []
    assert rehearse._target(None) is None
