"""The command line: found by module, every error a sentence and an exit code."""

import json
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from kernel.cli import Commands, main, settings
from kernel.cli.output import Progress, json_option, print_json, table, width
from kernel.errors import Invalid, OfficeError, Refused, Unavailable


def run_raising(error: BaseException, instance: Path, **environment: str) -> Result:
    """Run a command line with one command, which raises."""

    @click.command()
    def fail() -> None:
        raise error

    option = click.Option(["--instance"], type=click.Path(path_type=Path))
    line = Commands("juyan", commands={"fail": fail}, params=[option], callback=lambda instance: 0)
    return CliRunner().invoke(line, ["--instance", str(instance), "fail"], env=environment)


@pytest.mark.parametrize(("kind", "code"), [(Refused, 1), (Invalid, 2), (Unavailable, 3)])
def test_a_refusal_is_a_sentence_and_an_exit_code(
    kind: type[OfficeError], code: int, tmp_path: Path
):
    result = run_raising(kind("acts.right", "请找主任。", "Ask the director."), tmp_path)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr == "请找主任。\nAsk the director. [acts.right]\n"


def test_a_defect_has_a_number_and_a_private_file_but_shows_no_trace(tmp_path: Path):
    result = run_raising(ValueError("the secret 4711"), tmp_path)
    assert result.exit_code == 70
    assert "编号" in result.stderr and "incident" in result.stderr
    assert "4711" not in result.output and "Traceback" not in result.output
    (file,) = (tmp_path / "logs").iterdir()
    assert str(file) in result.stderr
    assert "the secret 4711" in file.read_text("utf-8")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_defect_is_written_down_even_where_the_instance_cannot_be(tmp_path: Path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    result = run_raising(ValueError("x"), blocked)
    file = Path(result.stderr.strip().rsplit(" ", 1)[-1])
    assert "ValueError" in file.read_text("utf-8")
    file.unlink()


def test_developers_can_ask_for_the_trace(tmp_path: Path):
    result = run_raising(ValueError("x"), tmp_path, JUYAN_DEBUG="1")
    assert isinstance(result.exception, ValueError)


def test_an_interrupt_is_calm(tmp_path: Path):
    result = run_raising(KeyboardInterrupt(), tmp_path)
    assert result.exit_code == 130
    assert "Stopped." in result.stderr and "Traceback" not in result.output


def test_help_lists_the_commands_in_both_languages():
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    assert "运行检查和测试 Run the checks" in result.stdout
    assert "output" not in result.stdout


@pytest.mark.parametrize("name", ["nothing", "output", "../test", "os.path", "-", "测试"])
def test_what_is_no_command_is_a_usage_error(name: str):
    result = CliRunner().invoke(main, ["--", name])
    assert result.exit_code == 2
    assert "No such command" in result.stderr


def test_the_instance_reaches_the_settings(tmp_path: Path):
    @click.command()
    def where() -> None:
        click.echo(settings().instance)

    line = Commands("juyan", commands={"where": where}, params=main.params, callback=main.callback)
    result = CliRunner().invoke(line, ["--instance", str(tmp_path), "where"])
    assert result.stdout == f"{tmp_path}\n"


def test_chinese_columns_line_up():
    lines = table(["名称", "n"], [["市委办", 1], ["a", None], ["甘州区", 20]]).splitlines()
    assert lines[0] == "名称    n"
    assert lines[1] == "──────  ──"
    assert lines[2:] == ["市委办  1", "a", "甘州区  20"]
    assert width("市a") == 3


def test_json_is_readable_and_on_stdout():
    @click.command()
    @json_option
    def show(as_json: bool) -> None:
        print_json({"单位": "市委办"} if as_json else None)

    result = CliRunner().invoke(show, ["--json"])
    assert json.loads(result.stdout) == {"单位": "市委办"}
    assert "市委办" in result.stdout


def test_progress_says_how_far_it_came(capsys: pytest.CaptureFixture[str]):
    with Progress("寄发", 2) as progress:
        progress.step()
        assert progress.text().startswith("寄发 1/2  ")
        progress.step()
    said = capsys.readouterr()
    assert said.out == "" and "寄发 2/2" in said.err


@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
def test_a_database_may_stand_before_the_command_and_after_it(before: bool, tmp_path: Path):
    named = ["--database", f"postgresql://nobody@/none?host={tmp_path}"]
    line = [*named, "rehearse"] if before else ["rehearse", *named]
    result = CliRunner().invoke(main, ["--instance", str(tmp_path / "node"), *line])
    assert (result.exit_code, "storage.unreachable" in result.stderr) == (3, True), result.output
