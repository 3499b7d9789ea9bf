#!/usr/bin/env python3
"""Juyan's one command line. It makes its own .venv on first use, from the hashed lock files.

Nothing here needs more than Python's standard library; the commands themselves are in kernel/cli.
Exit codes of the installation: 3 Python too old, 4 could not install (the sentence says why).
"""

import os
import subprocess
import sys


def on_newer_python() -> None:
    """Start again on a newer Python where PATH has one (the locks are made on 3.11), or say so."""
    for minor in range(11, 20):
        python = f"python3.{minor}"
        try:  # a launcher of that name may stand there for a version that is not installed
            subprocess.check_output([python, "-c", ""], stderr=subprocess.STDOUT)
        except (OSError, subprocess.CalledProcessError):
            continue
        os.execvp(python, [python, *sys.argv])
    here = sys.version.split()[0]
    sys.stderr.write(f"需要 Python 3.11 或更新的版本，这里是 {here}，请先安装。\n")
    sys.stderr.write(f"Python 3.11 or newer is needed, this is {here}: install it first.\n")
    sys.exit(3)


if sys.version_info < (3, 11):
    on_newer_python()

import fcntl
import hashlib
import re
import time
import tomllib
from pathlib import Path
from shutil import disk_usage

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOCKS = ("requirements.lock", "requirements-postgresql.lock", "requirements-test.lock")  # growing
PRODUCT, POSTGRESQL, TESTS = (ROOT / name for name in LOCKS)


class Failed(Exception):
    """The installation cannot go on; the text says why, in both languages."""


FULL = "磁盘已满，请腾出约 1 GB 空间后再运行。\nThe disk is full: free about 1 GB, run this again."
READ_ONLY = f"不能写入 {ROOT}，请检查权限。\nThe folder {ROOT} cannot be written: check its rights."
NO_VENV = """这个 Python 不能建立虚拟环境；Debian、Ubuntu 上请先安装 python3-venv。
This Python cannot make a virtual environment; on Debian or Ubuntu install python3-venv."""
WRONG_HASH = """下载的软件包与锁定的校验值不符，没有安装。请检查所用的软件源。
A downloaded package does not match its locked hash; it was not used. Check the package index."""
NO_PACKAGES = """取不到软件包：请检查网络和 pip 的软件源设置（pip config list），然后再运行。
The packages could not be fetched: check the network and pip's index, then run this again."""


def why(log: str, otherwise: str) -> str:
    """What a person can do about a failure, from what the failing step wrote."""
    if re.search("No space left|Errno (28|122)", log) or disk_usage(ROOT).free < 50e6:
        return FULL
    if re.search("Errno (13|30)", log):
        return READ_ONLY
    return WRONG_HASH if "DO NOT MATCH THE HASHES" in log else otherwise


def wanted(arguments: list[str]) -> Path:
    """The lock file that the command needs: tests and PostgreSQL bring their own packages."""
    line, given = "\0".join([*arguments, ""]), r"--(instance|database)[=\0]([^\0]*)\0"
    if re.sub(given, "", line).startswith("test\0"):
        return TESTS
    options = {"database": os.environ.get("JUYAN_DATABASE")} | dict(re.findall(given, line))
    return POSTGRESQL if options["database"] or noted(options.get("instance")) else PRODUCT


def noted(instance: "str | None") -> bool:
    """Whether the node of this folder has a database on a server, by its settings."""
    folder = instance or os.environ.get("JUYAN_INSTANCE") or ROOT / "data" / "instance"
    try:
        return bool(tomllib.loads(Path(folder, "settings.toml").read_text("utf-8"))["database"])
    except (OSError, ValueError, KeyError):  # what is wrong with it, the command itself will say
        return False


def mark(lock: Path) -> Path:
    """The file that says which state of a lock is installed; it is written last."""
    return VENV / f"{lock.name}.installed"


def digest(lock: Path) -> str:
    """What the mark of a lock must say."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


def installed(lock: Path) -> bool:
    """Whether this very lock, or one that holds all of it, was installed to its end."""
    holders = map(lock.with_name, LOCKS[LOCKS.index(lock.name) :])
    done = [one for one in holders if mark(one).exists()]
    return PYTHON.exists() and any(mark(one).read_text() == digest(one) for one in done)


def say(text: str, passing: bool = False) -> None:
    """A line on stderr; on a terminal the next one replaces a ``passing`` one."""
    live = sys.stderr.isatty()
    sys.stderr.write(("\r\033[K" if live else "") + text + ("" if live and passing else "\n"))
    sys.stderr.flush()


def make_venv() -> None:
    """Make .venv empty; what an interrupted installation left in it is cleared away."""
    say("建立运行环境 .venv（仅首次）… Making .venv (first use only) …")
    # Not sys.executable: inside .venv that is the very link which --clear removes.
    base = getattr(sys, "_base_executable", sys.executable)
    made = subprocess.run([base, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if made.returncode:
        said = made.stdout + made.stderr
        raise Failed(f"{why(said, NO_VENV)}\n{said.strip()[-300:]}")


def install(lock: Path) -> None:
    """Install all of a lock, with hashes, and show how far it is."""
    total = len(re.findall(r"^[\w.-]+==", lock.read_text("utf-8"), re.M))
    log, started = VENV / "install.log", time.monotonic()
    command = [str(PYTHON), "-m", "pip", "install", "--require-hashes", "--no-deps"]
    command += ["--no-input", "--disable-pip-version-check", "--progress-bar", "off"]
    command += ["-r", str(lock)]
    with log.open("wb") as stream:
        pip = subprocess.Popen(command, stdout=stream, stderr=stream, stdin=subprocess.DEVNULL)
        try:
            follow(pip, log, total, started)
        finally:
            pip.terminate()  # nothing happens where it has ended; Ctrl-C must not leave it running
            pip.wait()
    if pip.returncode:
        written = log.read_text("utf-8", "replace")
        errors = [line for line in written.splitlines() if line.startswith("ERROR")]
        raise Failed("\n".join([why(written, NO_PACKAGES), *errors[-1:], f"详见 See {log}"]))
    say(f"安装完成 Installed: {total}, {time.monotonic() - started:.0f} s")


def follow(pip: "subprocess.Popen[bytes]", log: Path, total: int, started: float) -> None:
    """Say what pip is at until it ends: often on a terminal, every five seconds elsewhere."""
    said = started
    while pip.poll() is None:
        time.sleep(0.2)
        if time.monotonic() - said < (0.5 if sys.stderr.isatty() else 5):
            continue
        said, text = time.monotonic(), log.read_text("utf-8", "replace")
        if "Installing collected packages" in text:
            done = len(list(VENV.glob("lib/python*/site-packages/*.dist-info")))
            step = f"安装 installing {min(done, total)}/{total}"
        else:
            done = len(re.findall(r"^(?:Collecting|Requirement already) ", text, re.M))
            step = f"下载 fetching {done}/{total}"
        say(f"{step}  {said - started:.0f} s", passing=True)


def prepare(lock: Path) -> None:
    """Make .venv hold what the lock says, one process at a time."""
    folder = os.open(ROOT, os.O_RDONLY)  # the folder itself is locked: no lock file is left over
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        say("另一个进程正在安装，请稍候。Another process is installing; waiting.")
        fcntl.flock(folder, fcntl.LOCK_EX)
    if not installed(lock):
        if not (PYTHON.exists() and mark(PRODUCT).exists()):
            make_venv()
        for name in LOCKS:  # gone meanwhile: what is interrupted is done afresh
            mark(ROOT / name).unlink(missing_ok=True)
        install(lock)
        for one in {lock, PRODUCT}:  # each lock holds all of the product's
            mark(one).write_text(digest(one))
    os.close(folder)


def main() -> None:
    """Install where needed, then hand over to the commands in kernel/cli."""
    try:
        lock = wanted(sys.argv[1:])
        if not installed(lock):
            prepare(lock)
        if Path(sys.prefix).resolve() != VENV.resolve():  # .venv may be a link
            os.execv(PYTHON, [str(PYTHON), str(ROOT / "manage.py"), *sys.argv[1:]])
    except KeyboardInterrupt:
        say("\n已停止；下次运行会重新安装。Stopped; the next run installs afresh.")
        sys.exit(130)
    except (Failed, OSError) as failure:
        reason = "" if isinstance(failure, Failed) else why(str(failure), READ_ONLY)
        say(f"{reason}\n{failure}")
        sys.exit(4)
    from kernel.cli import main as commands

    commands(prog_name="manage.py")


if __name__ == "__main__":
    main()
