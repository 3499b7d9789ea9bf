"""``manage.py document``: send a document from its data, show where one stands."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from msgspec.structs import asdict

from kernel.api import (
    TAXONOMY,
    Delivery,
    Invalid,
    NotFound,
    Package,
    connection,
    load_settings,
    open_node,
    stamp,
    submit_package,
)
from plugins.documents import line
from plugins.documents.models import Document
from plugins.workflow import face as workflow

_JSON = click.option("--json", "as_json", is_flag=True, help="输出一个 JSON 对象 one JSON object")


@contextmanager
def _node() -> Iterator[None]:
    given = click.get_current_context().find_root().params.get("instance")
    with open_node(load_settings(given if isinstance(given, Path) else None)):
        yield


@click.group("document", help="公文：发出、查看。 Documents: send one, show one.")
def document() -> None:
    """The group."""


@document.command("send", help="按数据文件办理并发出一件公文。 Issue a document from a JSON file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as", "people", multiple=True, metavar="NAME", help="由谁办理 who acts (repeat)")
@click.option("--until", type=click.Choice(line.STEPS), default="dispatch", help="办到哪一步")
@_JSON
def send(file: Path, people: tuple[str, ...], until: str, as_json: bool) -> None:
    """Draft, review, sign off, number, seal and send."""
    data = _read(file)
    with _node():
        issued = line.issue(
            data,
            progress=lambda step: click.echo(f"{step} …", err=True),
            people=people,
            until=until,
        )
    if as_json:
        click.echo(json.dumps(asdict(issued), ensure_ascii=False, indent=2))
        return
    click.echo(f"{issued.number or issued.document}  {issued.title}")
    if issued.recipients:
        click.echo(f"已发往 {issued.recipients} 个单位 sent to {issued.recipients} units")


def _read(file: Path) -> dict[str, Any]:
    try:
        data = json.loads(file.read_text("utf-8"))
        if isinstance(data, dict):
            return data
    except ValueError:
        pass
    raise Invalid(
        "documents.file",
        f"{file} 不是公文数据文件（JSON 对象），请检查内容和编码（UTF-8）。",
        f"{file} does not hold a document as a JSON object in UTF-8.",
    )


@document.command("import", help="接收一个公文包文件。 Take in a package that came as a file.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--receipt", type=click.Path(path_type=Path), help="回执存为文件 keep the evidence")
@_JSON
def import_(file: Path, receipt: Path | None, as_json: bool) -> None:
    """Verify a package and lay it into the boxes, or refuse it; either way there is evidence.

    Exit code 0: it is in the exchange, 1: it was refused.
    """
    with _node():
        got = submit_package(file.read_bytes())
    if receipt is not None:
        receipt.write_bytes(got.record)
    said = [{"code": number, "zh": TAXONOMY[number].zh, "en": TAXONOMY[number].en}
            for number in got.numbers]  # fmt: skip
    if as_json:
        facts = {"taken": got.taken, "msg_id": got.msg_id, "code": got.number, "codes": said}
        facts |= {"evidence": json.loads(got.record)}
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
    else:
        click.echo(f"{'已受理 accepted' if got.taken else '已拒绝 refused'}  {got.msg_id}")
        for one in said:
            click.echo(f"  {one['code']}  {one['zh']}  {one['en']}")
    if not got.taken:
        raise click.exceptions.Exit(1)


@document.command("show", help="按编号或发文字号查看。 Show by uid or number.")
@click.argument("name")
@_JSON
def show(name: str, as_json: bool) -> None:
    """Where a document stands and who did what."""
    with _node(), connection():
        facts = _facts(_find(name))
    if as_json:
        click.echo(json.dumps(facts, ensure_ascii=False, indent=2))
        return
    for label in ("number", "title", "type", "organ", "state", "main_text", "issued"):
        click.echo(f"{label:<10} {facts[label]}")
    for move in facts["moves"]:
        click.echo(f"  {move['at']}  {move['step']:<14} {move['person']}  {move['action']}")
    if facts["package"]:
        click.echo(f"{'receipts':<10} {facts['signed']} / {facts['units']}")


def _find(name: str) -> Document:
    where = (Document.uid == name) | (Document.number == name)
    found: Document | None = Document.get_or_none(where)
    if found is None:
        raise NotFound(
            "documents.none",
            f"没有编号或发文字号为“{name}”的公文，请核对后再试。",
            f"There is no document with the uid or number {name!r}; check it.",
        )
    return found


def _facts(found: Document) -> dict[str, Any]:
    package = Package.get_or_none(Package.uid == found.package)
    signed = (Delivery.package == found.package) & (Delivery.state == "signed")
    return {
        **{
            name: getattr(found, name)
            for name in (
                *("uid", "number", "title", "type", "organ", "state", "main_text", "issued"),
                *("signer_name", "sealed", "package"),
            )
        },
        "units": package.total if package is not None else 0,
        "signed": Delivery.select().where(signed).count(),
        "moves": [
            {"step": m.step, "action": m.action, "person": m.person, "at": stamp(m.at)}
            for m in workflow.trail(found)
        ],
    }
