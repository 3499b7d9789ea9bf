"""``manage.py verify``: the stand-alone verifier, on this machine."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click

from kernel import cli
from kernel.errors import Invalid
from kernel.settings import ROOT

VERIFIER = ROOT / "kernel" / "exchange" / "verify.py"
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command
@click.argument("package", type=FILE)
@click.option("--root", type=FILE, help="根证书 the root certificate [本节点的 this node's]")
@click.option(
    "--evidence",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="回执目录 a folder of evidence",
)
@click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象 one JSON object")
def command(package: Path, root: Path | None, evidence: Path | None, as_json: bool) -> None:
    """离线核验一个公文包 Verify a package offline.

    用的是可单独拷走的一个文件。It runs one file that may be copied anywhere:
    kernel/exchange/verify.py。

    退出码 exit code: 0 通过 verified, 1 不通过 refused, 2 不能判断 undecided.
    """
    arguments = [str(package), "--root", str(root or _own_root())]
    arguments += ["--evidence", str(evidence)] if evidence else []
    arguments += ["--json"] if as_json else []
    done = subprocess.run([sys.executable, str(VERIFIER), *arguments], check=False)
    raise click.exceptions.Exit(done.returncode)


def _own_root() -> Path:
    root = cli.settings().instance / "keys" / "root.pem"
    if not root.is_file():
        raise Invalid(
            "verify.no_root",
            "请用 --root 指定根证书文件（本机没有节点可作缺省）。",
            "Name the root certificate with --root; there is no node here to take it from.",
        )
    return root
